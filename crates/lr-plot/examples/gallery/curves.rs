use lr_plot::PlotError;
use lr_schedule::curves::{CURVES, CycleScaling};
use lr_schedule::prelude::*;

use crate::picture::{Picture, STEPS, one, several};

/// The first and the last rate of most pictures.
const START: f64 = 0.1;
const END: f64 = 0.01;

/// The pictures that show more than the example of a curve.
pub fn draw(pictures: &mut Vec<Picture>) -> Result<(), PlotError> {
    pictures.push(warmups()?);
    pictures.extend(shapes()?);
    pictures.push(one(
        "cosine_annealing",
        "CosineAnnealing: down, and up again",
        CosineAnnealing::new(START, END, STEPS / 2),
        STEPS,
    )?);
    pictures.push(one(
        "cosine_wave",
        "CosineWave of 2.5 waves",
        CosineWave::new(START, 0.0, STEPS, 2.5),
        STEPS,
    )?);
    let cyclic = |scaling| {
        let config = CyclicConfig::new(END, START, 125).with_scaling(scaling);
        config.with_gamma(0.998).build().expect("it is one")
    };
    pictures.push(several(
        "cyclic",
        "Cyclic",
        &[
            ("triangular", &cyclic(CycleScaling::None)),
            ("halved every cycle", &cyclic(CycleScaling::Halve)),
            ("decaying every step", &cyclic(CycleScaling::Decay)),
        ],
        STEPS,
    )?);
    pictures.push(several(
        "exponential",
        "Exponential",
        &[
            ("gamma 0.999", &Exponential::new(START, 0.999)),
            ("gamma 0.997", &Exponential::new(START, 0.997)),
            ("gamma 0.99", &Exponential::new(START, 0.99)),
        ],
        STEPS,
    )?);
    let decay = || ExponentialDecay::new(START, 0.5, 200.0);
    pictures.push(several(
        "exponential_decay",
        "ExponentialDecay: half as much every 200 steps",
        &[("smooth", &decay()), ("staircase", &decay().staircase())],
        STEPS,
    )?);
    let wave = |n: u64| 0.05 + 0.03 * (n as f64 / 60.0).sin() * (-(n as f64) / 500.0).exp();
    pictures.push(one(
        "from_fn",
        "from_fn: any function",
        from_fn(wave),
        STEPS,
    )?);
    pictures.push(several(
        "geometric",
        "Geometric, beside Linear",
        &[
            ("geometric", &Geometric::new(START, 1e-3, STEPS)),
            ("linear", &LinearRamp::new(START, 1e-3, STEPS)),
        ],
        STEPS,
    )?);
    pictures.push(several(
        "inverse_sqrt",
        "InverseSqrt",
        &[
            ("timescale 10", &InverseSqrt::new(START, 10.0)),
            ("timescale 100", &InverseSqrt::new(START, 100.0)),
        ],
        STEPS,
    )?);
    let time = |power: f64, staircase: bool| {
        let config = InverseTimeConfig::new(START, 1.0, 100.0).with_power(power);
        config.with_staircase(staircase).build().expect("it is one")
    };
    pictures.push(several(
        "inverse_time",
        "InverseTime",
        &[
            ("power 1", &time(1.0, false)),
            ("power 0.5", &time(0.5, false)),
            ("staircase", &time(1.0, true)),
        ],
        STEPS,
    )?);
    pictures.push(several(
        "polynomial",
        "Polynomial",
        &[
            ("power 0.5", &Polynomial::new(START, END, STEPS, 0.5)),
            ("power 1", &Polynomial::new(START, END, STEPS, 1.0)),
            ("power 2", &Polynomial::new(START, END, STEPS, 2.0)),
            ("power 4", &Polynomial::new(START, END, STEPS, 4.0)),
        ],
        STEPS,
    )?);
    let toward = |n: u64, rate: f64| rate * 0.99 + if n.is_multiple_of(250) { 0.06 } else { 1e-4 };
    pictures.push(one(
        "recurrence",
        "Recurrence: each rate from the one before",
        Recurrence::new(START, toward),
        STEPS,
    )?);
    Ok(())
}

/// The examples of all curves that have no picture yet.
pub fn draw_others(pictures: &mut Vec<Picture>) -> Result<(), PlotError> {
    for curve in CURVES {
        if !pictures.iter().any(|(name, _)| *name == curve.name) {
            let example = (curve.example)(STEPS);
            pictures.push(one(curve.name, curve.type_name, example, STEPS)?);
        }
    }
    Ok(())
}

fn warmups() -> Result<Picture, PlotError> {
    let shapes = [
        ("linear", Shape::Linear),
        ("cosine", Shape::Cosine),
        ("exponential", Shape::Exponential { ratio: 0.01 }),
        ("polynomial", Shape::Polynomial { power: 2.0 }),
        ("1 - sqrt", Shape::OneMinusSqrt),
        ("log", Shape::Log),
    ];
    let schedules = shapes.map(|(name, shape)| {
        let warmup = WarmupConfig::new(400).with_shape(shape);
        (name, Constant::new(START).warmup_with(warmup))
    });
    let schedules = schedules.each_ref();
    let schedules = schedules.map(|(name, schedule)| (*name, schedule as &dyn Schedule));
    several("warmup", "Warm-ups of 400 steps", &schedules, 600)
}

/// Every shape: those without numbers in one picture, those with some in another.
fn shapes() -> Result<[Picture; 2], PlotError> {
    let plain = [
        ("linear", Shape::Linear),
        ("cosine", Shape::Cosine),
        ("1 - sqrt", Shape::OneMinusSqrt),
        ("log", Shape::Log),
        ("rex", Shape::Rex),
    ];
    let (lower, upper) = (-6.0, 3.0);
    let numbered = [
        ("polynomial 2", Shape::Polynomial { power: 2.0 }),
        ("power 2", Shape::Power { power: 2.0 }),
        ("exponential", Shape::Exponential { ratio: 0.01 }),
        ("cosine power 2", Shape::CosinePower { power: 2.0 }),
        ("tanh", Shape::Tanh { lower, upper }),
        ("reflected 0.9", Shape::Reflected { beta: 0.9 }),
    ];
    let draw = |name, title, shapes: &[(&'static str, Shape)]| {
        let anneal = |(_, shape): &(_, Shape)| Anneal::new(START, 0.0, STEPS, *shape);
        let anneals: Vec<_> = shapes.iter().map(anneal).collect();
        let named = shapes.iter().zip(&anneals);
        let named: Vec<_> = named
            .map(|((name, _), of)| (*name, of as &dyn Schedule))
            .collect();
        several(name, title, &named, STEPS)
    };
    Ok([
        draw("anneal", "Anneal in shapes without numbers", &plain)?,
        draw("shape", "Anneal in shapes with numbers", &numbered)?,
    ])
}

//! Keras 3.15: the six of `keras.optimizers.schedules`.
//!
//! ```
//! use lr_compat::keras;
//! use lr_schedule::Schedule;
//!
//! let config = r#"{"scheduler": "CosineDecay", "args": {
//!     "initial_learning_rate": 0.0, "warmup_target": 0.1, "warmup_steps": 10, "decay_steps": 50
//! }}"#;
//! let schedule = keras::parse(config)?.build()?;
//! assert_eq!([schedule.at(5), schedule.at(10), schedule.at(60)], [0.05, 0.1, 0.0]);
//! # Ok::<(), lr_schedule::ScheduleError>(())
//! ```
//!
//! Keras computes in 32 bits unless it is told otherwise, so its own rates differ from these by
//! about a millionth of the largest.

use lr_schedule::curves::{
    ExponentialDecaySpec, InverseTimeSpec, PiecewiseConstantSpec, PolynomialCycleSpec,
};
use lr_schedule::recipes::CycleIndex;
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Shape, Spec};

use crate::args::{Args, buildable, config, json, unknown_scheduler};
use crate::build::{anneal, constant, linear, polynomial, steps, then};

/// The schedules that [`parse`] knows.
pub const SCHEDULERS: &[&str] = &[
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
];

/// The schedule that `{"scheduler": NAME, "args": {...}}` stands for, in JSON.
///
/// # Errors
///
/// Arguments that are missing, unknown, of another type or out of their bounds.
pub fn parse(text: &str) -> Result<Spec, ScheduleError> {
    from_data(json(text)?)
}

/// What [`parse`] does, of data that has been read.
///
/// # Errors
///
/// As [`parse`].
pub fn from_data(data: Data) -> Result<Spec, ScheduleError> {
    let (name, args) = config(data)?;
    buildable(&name, schedule(&name, args)?)
}

fn schedule(name: &str, args: Data) -> Result<Spec, ScheduleError> {
    let known: &[&str] = match name {
        "ExponentialDecay" | "InverseTimeDecay" => &[
            "initial_learning_rate",
            "decay_steps",
            "decay_rate",
            "staircase",
            "name",
        ],
        "PiecewiseConstantDecay" => &["boundaries", "values", "name"],
        "PolynomialDecay" => &[
            "initial_learning_rate",
            "decay_steps",
            "end_learning_rate",
            "power",
            "cycle",
            "name",
        ],
        "CosineDecay" => &[
            "initial_learning_rate",
            "decay_steps",
            "alpha",
            "warmup_target",
            "warmup_steps",
            "name",
        ],
        "CosineDecayRestarts" => &[
            "initial_learning_rate",
            "first_decay_steps",
            "t_mul",
            "m_mul",
            "alpha",
            "name",
        ],
        _ => return Err(unknown_scheduler(name, SCHEDULERS)),
    };
    let args = &mut Args::new(name, args, known)?;
    args.data("name"); // which changes no rate
    if name == "PiecewiseConstantDecay" {
        return piecewise_constant(args);
    }
    let start = args.required_number("initial_learning_rate")?;
    match name {
        "ExponentialDecay" => {
            let (length, rate, staircase) = decay(args)?;
            Ok(Spec::from(ExponentialDecaySpec {
                start,
                rate,
                steps: length,
                staircase,
            }))
        }
        "InverseTimeDecay" => {
            let (length, rate, staircase) = decay(args)?;
            Ok(Spec::from(InverseTimeSpec {
                start,
                rate,
                steps: length,
                power: 1.0,
                staircase,
            }))
        }
        "PolynomialDecay" => {
            let length = args.required_steps("decay_steps")?;
            let end = args.number("end_learning_rate", 0.0001)?;
            let power = args.not_negative("power", 1.0)?;
            Ok(match (power, args.flag("cycle", false)?) {
                (0.0, _) => constant(start),
                (power, false) => polynomial(start, end, length, power),
                (power, true) => Spec::from(PolynomialCycleSpec {
                    start,
                    end,
                    steps: steps(length),
                    power,
                }),
            })
        }
        "CosineDecay" => {
            let length = args.required_steps("decay_steps")?;
            let alpha = args.number("alpha", 0.0)?;
            let warmup = args.count("warmup_steps", 0)?;
            let cosine = |peak: f64| anneal(peak, peak * alpha, length, Shape::Cosine);
            Ok(match args.maybe_number("warmup_target")? {
                None => cosine(start),
                Some(peak) => then(warmup, linear(start, peak, warmup), cosine(peak)),
            })
        }
        _ => {
            let length = args.required_steps("first_decay_steps")?;
            let floor = start * args.number("alpha", 0.0)?;
            // The cycles become lower down to a floor that does not.
            let cycles = |max: f64, args: &mut Args| {
                Ok(Spec::Restarts {
                    max,
                    min: 0.0,
                    steps: steps(length),
                    shape: Shape::Cosine,
                    t_mult: args.positive("t_mul", 2.0)?,
                    decay: args.not_negative("m_mul", 1.0)?,
                    limit: None,
                    k_decay: 1.0,
                    index: CycleIndex::Exact,
                })
            };
            match floor {
                0.0 => cycles(start, args),
                floor => Ok(Spec::Sum(vec![
                    constant(floor),
                    cycles(start - floor, args)?,
                ])),
            }
        }
    }
}

fn decay(args: &mut Args) -> Result<(f64, f64, bool), ScheduleError> {
    let length = args.required_number("decay_steps")?;
    args.check(length > 0.0, "decay_steps", length, "above 0")?;
    let rate = args.required_number("decay_rate")?;
    args.check(rate >= 0.0, "decay_rate", rate, "at least 0")?;
    let staircase = args.flag("staircase", false)?;
    // Keras rounds the quotient down in 32 bits, which for a fraction is anybody's guess.
    let whole = length.trunc() == length || !staircase;
    args.check(whole, "decay_steps", length, "whole for a staircase")?;
    Ok((length, rate, staircase))
}

/// Keras's boundaries are the last steps of the values before them.
fn piecewise_constant(args: &mut Args) -> Result<Spec, ScheduleError> {
    let values = args.numbers("values")?;
    let boundaries = args.numbers("boundaries")?;
    let (count, allowed) = (boundaries.len(), "one fewer than values");
    args.check(count + 1 == values.len(), "boundaries", count, allowed)?;
    args.check_ascending("boundaries", &boundaries)?;
    // As integers, which steps are.
    let boundaries = boundaries.into_iter().map(|boundary| boundary.trunc());
    let after = boundaries.map(|boundary| steps((boundary + 1.0).max(0.0) as u64));
    Ok(Spec::from(PiecewiseConstantSpec {
        values,
        boundaries: after.collect(),
    }))
}

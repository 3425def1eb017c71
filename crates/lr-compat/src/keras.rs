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
    ExponentialDecaySpec, InverseTimeConfig, PolynomialCycleSpec, RestartsConfig,
};
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Shape, Spec};

use crate::args::{Args, buildable, config, json, number, unknown_scheduler};
use crate::build::{anneal, constant, linear, piecewise, polynomial, then};

/// The schedules that [`parse`] knows.
pub const SCHEDULERS: &[&str] = &[
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
];

const START: &str = "initial_learning_rate";

/// Reads `{"scheduler": NAME, "args": {...}}`, in JSON, as a schedule.
///
/// # Errors
///
/// Arguments that are missing, unknown, of another type or out of their bounds.
pub fn parse(text: &str) -> Result<Spec, ScheduleError> {
    from_data(json(text)?)
}

/// Reads a config as [`parse`] does, from data.
pub(crate) fn from_data(data: Data) -> Result<Spec, ScheduleError> {
    let (name, args) = config(data)?;
    buildable(&name, schedule(&name, args)?)
}

fn schedule(name: &str, args: Data) -> Result<Spec, ScheduleError> {
    let args = &mut Args::new(name, args);
    args.read("name", Ok); // which changes no rate
    let spec = match name {
        "PiecewiseConstantDecay" => piecewise_constant(args),
        "ExponentialDecay" | "InverseTimeDecay" => {
            let start = args.number(START, None);
            let length = args.positive("decay_steps", None);
            let rate = args.not_negative("decay_rate", None);
            let staircase = args.flag("staircase", false);
            // Keras rounds the quotient down in 32 bits, which for a fraction is anybody's guess.
            let whole = length.trunc() == length || !staircase;
            args.check(whole, "decay_steps", length, "whole for a staircase");
            match name {
                "ExponentialDecay" => ExponentialDecaySpec::new(start, rate, length)
                    .with_staircase(staircase)
                    .into(),
                _ => InverseTimeConfig::new(start, rate, length)
                    .with_staircase(staircase)
                    .into(),
            }
        }
        "PolynomialDecay" => {
            let start = args.number(START, None);
            let length = args.steps("decay_steps", None);
            let end = args.number("end_learning_rate", 0.0001);
            let power = args.not_negative("power", 1.0);
            match (power, args.flag("cycle", false)) {
                (0.0, _) => constant(start),
                (power, false) => polynomial(start, end, length, power),
                (power, true) => Spec::from(PolynomialCycleSpec::new(start, end, length, power)),
            }
        }
        "CosineDecay" => {
            let start = args.number(START, None);
            let length = args.steps("decay_steps", None);
            let alpha = args.number("alpha", 0.0);
            let warmup = args.count("warmup_steps", 0);
            let cosine = |peak: f64| anneal(peak, peak * alpha, length, Shape::Cosine);
            match args.maybe_number("warmup_target") {
                None => cosine(start),
                Some(peak) => then(warmup, linear(start, peak, warmup), cosine(peak)),
            }
        }
        "CosineDecayRestarts" => {
            let start = args.number(START, None);
            let length = args.steps("first_decay_steps", None);
            let floor = start * args.number("alpha", 0.0);
            let cycles = RestartsConfig::new(start - floor, 0.0, length)
                .with_t_mult(args.positive("t_mul", 2.0))
                .with_decay(args.not_negative("m_mul", 1.0));
            let cycles = Spec::from(cycles);
            // The cycles become lower, and the floor does not.
            match floor {
                0.0 => cycles,
                floor => Spec::Sum(vec![constant(floor), cycles]),
            }
        }
        _ => return Err(unknown_scheduler(name, SCHEDULERS)),
    };
    args.finish(spec)
}

/// Keras's boundaries are the last steps of the values before them.
fn piecewise_constant(args: &mut Args) -> Spec {
    let values = args.items("values", number);
    let boundaries = args.items("boundaries", number);
    let (count, allowed) = (boundaries.len(), "one fewer than values");
    args.check(count + 1 == values.len(), "boundaries", count, allowed);
    args.check_ascending("boundaries", &boundaries);
    // As integers, which steps are.
    let boundaries = boundaries.into_iter().map(|boundary| boundary.trunc());
    let after = boundaries.map(|boundary| (boundary + 1.0).max(0.0) as u64);
    piecewise(values, after)
}

//! Burn 0.22: its eight built-in schedulers.
//!
//! ```
//! use lr_compat::burn;
//! use lr_schedule::Schedule;
//!
//! let config = r#"{"scheduler": "NoamLrScheduler", "args": {"factor": 1.0, "warmup_steps": 100}}"#;
//! let schedule = burn::parse(config)?.build()?;
//! assert!(schedule.at(99) > schedule.at(98) && schedule.at(99) > schedule.at(100));
//!
//! // what Burn writes for its own `LrSchedulerConfig`
//! let config = r#"{"Linear": {"initial_lr": 0.1, "final_lr": 0.0, "num_iters": 10}}"#;
//! assert_eq!(burn::parse(config)?.build()?.at(5), 0.05);
//! # Ok::<(), lr_schedule::ScheduleError>(())
//! ```
//!
//! A scheduler goes by its type's name, with or without `Config`, or by that of its variant in
//! Burn's `LrSchedulerConfig`.

use lr_schedule::curves::{CosineAnnealingSpec, ExponentialSpec, NoamSpec, StepSpec};
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

use crate::args::{Args, buildable, config, json, number, unknown_scheduler};
use crate::build::{constant, linear, scale, sequence, steps};

/// The schedulers that [`parse`] knows: the variants of `LrSchedulerConfig`, and the types.
pub const SCHEDULERS: &[&str] = &[
    "Composed",
    "ComposedLrScheduler",
    "ComposedLrSchedulerConfig",
    "Constant",
    "ConstantLr",
    "Cosine",
    "CosineAnnealingLrScheduler",
    "CosineAnnealingLrSchedulerConfig",
    "Exponential",
    "ExponentialLrScheduler",
    "ExponentialLrSchedulerConfig",
    "Linear",
    "LinearLrScheduler",
    "LinearLrSchedulerConfig",
    "Noam",
    "NoamLrScheduler",
    "NoamLrSchedulerConfig",
    "Sequential",
    "SequentialLrScheduler",
    "SequentialLrSchedulerConfig",
    "Step",
    "StepLrScheduler",
    "StepLrSchedulerConfig",
];

/// Reads `{"scheduler": NAME, "args": {...}}`, or Burn's own form of a `LrSchedulerConfig`, in JSON, as
/// a schedule.
///
/// # Errors
///
/// Arguments that are missing, unknown, of another type or out of their bounds.
pub fn parse(text: &str) -> Result<Spec, ScheduleError> {
    from_data(json(text)?)
}

/// Reads a config as [`parse`] does, from data.
pub(crate) fn from_data(data: Data) -> Result<Spec, ScheduleError> {
    let (name, args) = match &data {
        Data::Table(entries) if entries.iter().any(|(key, _)| key == "scheduler") => config(data)?,
        _ => data.into_entry("scheduler")?,
    };
    buildable(&name, schedule(&name, args)?)
}

fn schedule(name: &str, args: Data) -> Result<Spec, ScheduleError> {
    let variant = name.strip_suffix("Config").unwrap_or(name);
    let variant = match variant.strip_suffix("LrScheduler") {
        Some("CosineAnnealing") => "Cosine",
        Some(variant) => variant,
        None if name == "ConstantLr" => "Constant",
        None => name,
    };
    if let ("Constant", Data::Number(_) | Data::Integer(_)) = (variant, &args) {
        return number(args).map(constant);
    }
    let mut args = Args::new(name, args);
    let spec = match variant {
        "Constant" => constant(args.number("lr", None)),
        "Linear" => {
            let start = args.number("initial_lr", None);
            let end = args.number("final_lr", None);
            linear(start, end, args.steps("num_iters", None))
        }
        "Cosine" => Spec::from(CosineAnnealingSpec::new(
            args.number("initial_lr", None),
            args.number("min_lr", 0.0),
            args.steps("num_iters", None),
        )),
        "Exponential" => {
            let gamma = args.not_negative("gamma", None);
            Spec::from(ExponentialSpec::new(args.number("initial_lr", None), gamma))
        }
        "Noam" => Spec::from(NoamSpec {
            warmup: steps(args.steps("warmup_steps", 4000)),
            model_size: args.steps("model_size", 512),
            factor: args.number("factor", None),
        }),
        "Step" => Spec::from(StepSpec::new(
            args.number("initial_lr", None),
            args.steps("step_size", None),
            args.not_negative("gamma", 0.1),
        )),
        "Composed" => {
            type Reduction = fn(Vec<Spec>) -> Spec;
            let product: Reduction = Spec::Product;
            let average: Reduction = |parts| scale(1.0 / parts.len() as f64, Spec::Sum(parts));
            let reductions = [("Avg", average), ("Sum", Spec::Sum), ("Prod", product)];
            let reduce = args.choice("reduction", product, &reductions);
            reduce(args.each("schedulers", from_data))
        }
        "Sequential" => {
            let (before, last) = args.sequence(from_data)?;
            let first = before.first().map_or(1, |(length, _)| *length);
            args.check(first > 0, "milestones[0]", first, "at least 1");
            sequence(before, last)
        }
        _ => return Err(unknown_scheduler(name, SCHEDULERS)),
    };
    args.finish(spec)
}

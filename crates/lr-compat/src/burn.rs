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

use lr_schedule::curves::{CosineAnnealingSpec, ExponentialSpec, StepSpec};
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

use crate::args::{Args, buildable, config, json, unknown_scheduler};
use crate::build::{constant, linear, sequence, steps};

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

/// The schedule that `{"scheduler": NAME, "args": {...}}`, or Burn's own form of a
/// `LrSchedulerConfig`, stands for, in JSON.
///
/// # Errors
///
/// Arguments that are missing or of another type, or make no schedule.
pub fn parse(text: &str) -> Result<Spec, ScheduleError> {
    from_data(json(text)?)
}

/// What [`parse`] does, of data that has been read.
///
/// # Errors
///
/// As [`parse`].
pub fn from_data(data: Data) -> Result<Spec, ScheduleError> {
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
    let known: &[&str] = match variant {
        "Constant" => {
            return match args {
                Data::Number(rate) if rate.is_finite() => Ok(constant(rate)),
                Data::Integer(rate) => Ok(constant(rate as f64)),
                args => {
                    let rate = Args::new(name, args, &["lr"])?.required_number("lr")?;
                    Ok(constant(rate))
                }
            };
        }
        "Linear" => &["initial_lr", "final_lr", "num_iters"],
        "Cosine" => &["initial_lr", "min_lr", "num_iters"],
        "Exponential" => &["initial_lr", "gamma"],
        "Noam" => &["factor", "warmup_steps", "model_size"],
        "Step" => &["initial_lr", "step_size", "gamma"],
        "Composed" => &["schedulers", "reduction"],
        "Sequential" => &["schedulers", "milestones"],
        _ => return Err(unknown_scheduler(name, SCHEDULERS)),
    };
    let mut args = Args::new(name, args, known)?;
    match variant {
        "Linear" => {
            let start = args.required_number("initial_lr")?;
            let end = args.required_number("final_lr")?;
            Ok(linear(start, end, args.required_steps("num_iters")?))
        }
        "Cosine" => Ok(Spec::from(CosineAnnealingSpec {
            max: args.required_number("initial_lr")?,
            min: args.number("min_lr", 0.0)?,
            t_max: steps(args.required_steps("num_iters")?),
        })),
        "Exponential" => {
            let gamma = args.required_number("gamma")?;
            args.check(gamma >= 0.0, "gamma", gamma, "at least 0")?;
            let start = args.required_number("initial_lr")?;
            Ok(Spec::from(ExponentialSpec { start, gamma }))
        }
        "Noam" => {
            let warmup = args.count("warmup_steps", 4000)?;
            args.check(warmup >= 1, "warmup_steps", warmup, "at least 1")?;
            let model_size = args.count("model_size", 512)?;
            args.check(model_size >= 1, "model_size", model_size, "at least 1")?;
            Ok(Spec::Noam {
                factor: args.required_number("factor")?,
                model_size,
                warmup: steps(warmup),
            })
        }
        "Step" => Ok(Spec::from(StepSpec {
            start: args.required_number("initial_lr")?,
            step_size: steps(args.required_steps("step_size")?),
            gamma: args.not_negative("gamma", 0.1)?,
        })),
        "Composed" => {
            let reduction = args.choice(
                "reduction",
                "Prod",
                &[
                    ("Avg", Reduction::Avg),
                    ("Sum", Reduction::Sum),
                    ("Prod", Reduction::Prod),
                ],
            )?;
            let parts = args.each("schedulers", from_data)?;
            let count = parts.len() as f64;
            Ok(match reduction {
                Reduction::Prod => Spec::Product(parts),
                Reduction::Sum => Spec::Sum(parts),
                Reduction::Avg => Spec::Scale {
                    factor: 1.0 / count,
                    of: Box::new(Spec::Sum(parts)),
                },
            })
        }
        _ => {
            let mut parts = args.each("schedulers", from_data)?;
            let milestones = args.counts("milestones")?;
            let (count, allowed) = (milestones.len(), "one fewer than schedulers");
            args.check(count + 1 == parts.len(), "milestones", count, allowed)?;
            args.check_ascending("milestones", &milestones)?;
            let first = milestones.first().copied().unwrap_or(1);
            args.check(first > 0, "milestones[0]", first, "at least 1")?;
            let last = parts.pop().expect("there is one part more than milestones");
            let begins = std::iter::once(&0).chain(&milestones);
            let lengths = milestones
                .iter()
                .zip(begins)
                .map(|(end, begin)| end - begin);
            Ok(sequence(lengths.zip(parts).collect(), last))
        }
    }
}

/// Burn's `SchedulerReduction`.
#[derive(Clone)]
enum Reduction {
    Avg,
    Sum,
    Prod,
}

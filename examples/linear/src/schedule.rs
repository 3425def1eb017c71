//! The schedules that a run can have.

use std::path::Path;

use burn_lr::prelude::*;
use burn_lr::spec::{Data, TrainingLength};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::cli::{Options, ScheduleName};
use crate::optimizer::MOMENTUM;

/// A schedule of the command line: one of this program's own, or any other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ScheduleChoice {
    /// One of this program's own, which `--lr` is the peak of.
    Named(ScheduleName),
    /// Any other, with rates and lengths of its own.
    Spec(Box<Spec>),
}

impl ScheduleChoice {
    /// Reads a name, a text that begins with `{`, or a file: TOML where it ends in `.toml`, and
    /// JSON otherwise.
    ///
    /// # Errors
    ///
    /// What is neither, a file that can't be read, and what makes no schedule, with its place.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(name) = ScheduleName::from_str(text, false) {
            return Ok(Self::Named(name));
        }
        let json = |text: &str| serde_json::from_str(text).map_err(|error| error.to_string());
        let data: Data = if text.trim_start().starts_with('{') {
            json(text)?
        } else if Path::new(text).is_file() {
            let content = std::fs::read_to_string(text).map_err(|error| error.to_string())?;
            match text.ends_with(".toml") {
                true => toml::from_str(&content).map_err(toml_error),
                false => json(&content),
            }?
        } else {
            return Err(format!(
                "no file is there, and no schedule has that name [possible values: {}]",
                ScheduleName::all()
            ));
        };
        let spec = Spec::from_data(data).map_err(|error| error.to_string())?;
        Ok(Self::Spec(Box::new(spec)))
    }

    /// The name, of a spec that of its outermost part.
    pub fn name(&self) -> String {
        match self {
            Self::Named(name) => name.text(),
            Self::Spec(spec) => spec.name().to_string(),
        }
    }
}

/// A mistake in TOML in one line: where it is, and what.
fn toml_error(error: toml::de::Error) -> String {
    let text = error.to_string();
    let place = text.lines().next().unwrap_or_default();
    format!("{place}: {}", error.message().replace('\n', " "))
}

/// Creates the scheduler that `options` choose, for a run of the length `run`.
pub fn scheduler(options: &Options, run: &TrainingLength) -> Result<DynScheduler, Error> {
    match &options.schedule {
        ScheduleChoice::Named(name) => named(*name, options, run.steps()),
        ScheduleChoice::Spec(_) if options.lr.is_some() => Err(Error::RateOfSpec),
        ScheduleChoice::Spec(spec) => Ok(Scheduler::from_spec(&spec.resolve(run)?)?),
    }
}

fn named(name: ScheduleName, options: &Options, steps: u64) -> Result<DynScheduler, Error> {
    let peak = options.peak();
    let warmup = (steps / 20).max(1);
    let rest = steps.saturating_sub(warmup).max(1);
    let schedule = match name {
        ScheduleName::Constant | ScheduleName::Plateau => Constant::try_new(peak)?.into_dyn(),
        ScheduleName::MultiStep => {
            MultiStep::try_new(peak, [steps / 2, steps * 3 / 4], 0.1)?.into_dyn()
        }
        ScheduleName::Cosine => Cosine::try_new(peak, peak / 100.0, steps)?.into_dyn(),
        ScheduleName::WarmupCosine => Cosine::try_new(peak, peak / 100.0, rest)?
            .warmup(warmup)
            .into_dyn(),
        // cycles of 1, 2 and 4 sevenths of the run
        ScheduleName::WarmRestarts => {
            WarmRestarts::try_new(peak, peak / 100.0, steps.div_ceil(7), 2)?.into_dyn()
        }
        ScheduleName::OneCycle => one_cycle(options, steps)?.into_dyn(),
        ScheduleName::WarmupStableDecay => {
            let decay = (steps / 5).max(1);
            let stable = rest.saturating_sub(decay);
            let config = WarmupStableDecayConfig::new(peak, warmup, stable, decay);
            config
                .with_decay_shape(Shape::OneMinusSqrt)
                .build()?
                .into_dyn()
        }
    };
    Ok(match name {
        ScheduleName::Plateau => {
            let rule = ReduceOnPlateauConfig::new()
                .with_factor(0.5)
                .with_patience(5);
            Scheduler::with_feedback(schedule, rule.build()?).into_dyn()
        }
        _ => Scheduler::new(schedule).into_dyn(),
    })
}

/// The momentum of a run's steps, which one of the schedules moves.
pub fn momentum(options: &Options, steps: u64) -> Result<DynSchedule, Error> {
    Ok(match &options.schedule {
        ScheduleChoice::Named(ScheduleName::OneCycle) => {
            one_cycle(options, steps)?.momentum().into_dyn()
        }
        _ => Constant::new(MOMENTUM).into_dyn(),
    })
}

fn one_cycle(options: &Options, steps: u64) -> Result<OneCycle, Error> {
    Ok(OneCycleConfig::new(options.peak(), steps).build()?)
}

//! The schedules that a run can have.

use std::path::Path;

use burn_lr::prelude::*;
use burn_lr::spec::{Data, TrainingLength};
use clap::ValueEnum;
use lr_compat::ecosystems::{self, Facts};
use lr_schedule::spec::Format;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::cli::{Options, ScheduleName};
use crate::data::Dataset;
use crate::optimizer::MOMENTUM;

/// A schedule of the command line: one of this program's own, or any other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ScheduleChoice {
    /// One of this program's own, which `--lr` is the peak of.
    Named(ScheduleName),
    /// Any other, with rates and lengths of its own.
    Spec(Box<Spec>),
    /// The same as a file or a text has it, or another program's config, until [`settled`] makes a spec of it.
    #[serde(skip)]
    Config(Data),
}

impl ScheduleChoice {
    /// Reads a name, a text that begins with `{`, or a file of JSON, TOML or YAML.
    ///
    /// # Errors
    ///
    /// A text that is neither, and a file that can't be read, with the place in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(name) = ScheduleName::from_str(text, false) {
            return Ok(Self::Named(name));
        }
        let read =
            |format: Format, text: &str| format.read(text).map_err(|error| error.to_string());
        let path = Path::new(text);
        let data = if text.trim_start().starts_with('{') {
            read(Format::Json, text)
        } else if path.is_file() {
            let content = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
            read(Format::of_file(path, &content), &content)
        } else {
            return Err(format!(
                "no file is there, and no schedule has that name [possible values: {}]",
                ScheduleName::all()
            ));
        };
        data.map(Self::Config)
    }

    /// The name, of a spec that of its outermost part.
    pub fn name(&self) -> String {
        match self {
            Self::Named(name) => name.text(),
            Self::Spec(spec) => spec.name().to_string(),
            Self::Config(_) => "config".to_string(),
        }
    }
}

/// Options whose schedule is a name or a spec: that of a config has the facts that it leaves out from the
/// run, and the rate from `--lr`, if it takes one.
pub fn settled(mut options: Options) -> Result<Options, Error> {
    let ScheduleChoice::Config(config) = &options.schedule else {
        return Ok(options);
    };
    let data = Dataset::new(options.seed);
    let steps_per_epoch = Some(data.steps_per_epoch(options.batch_size));
    let mut facts = Facts {
        epochs: Some(options.epochs),
        steps_per_epoch,
        batches_per_epoch: steps_per_epoch,
        samples: Some(data.train.len() as u64),
        batch_size: Some(options.batch_size),
        samples_per_step: Some(options.batch_size),
        ..Facts::default()
    };
    let read = ecosystems::read(config.clone(), &facts);
    let spec = match (read, options.lr) {
        (Err(_), Some(_)) => {
            facts.base_lr = options.lr.take();
            ecosystems::read(config.clone(), &facts)
        }
        (read, _) => read,
    };
    let spec = spec.map_err(|error| match Facts::asked_for(&error) {
        Some("base_lr") => Error::NoRate(error),
        _ => error.into(),
    })?;
    options.schedule = ScheduleChoice::Spec(Box::new(spec));
    Ok(options)
}

/// Creates the scheduler that `options` choose, for a run of the length `run`.
pub fn scheduler(options: &Options, run: &TrainingLength) -> Result<DynScheduler, Error> {
    match &options.schedule {
        ScheduleChoice::Named(name) => named(*name, options, run.steps()),
        ScheduleChoice::Spec(_) if options.lr.is_some() => Err(Error::RateOfSpec),
        ScheduleChoice::Spec(spec) => Ok(Scheduler::from_spec(&spec.resolve(run)?)?),
        ScheduleChoice::Config(_) => scheduler(&settled(options.clone())?, run),
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

//! The form of an ecosystem, and the facts of a run that files leave out.

use lr_schedule::spec::Data;
use lr_schedule::{Problem, ScheduleError, Spec};

use crate::build::{constant, scale};

/// A library or a program whose config files are read.
pub struct Ecosystem {
    /// Its name, and others that it goes by.
    pub names: &'static [&'static str],
    /// Whether data has the shape of its files.
    pub recognises: fn(&Data) -> bool,
    /// The schedule of a file. Fields of the schedule that aren't known are an error, and all others are
    /// left alone.
    pub read: fn(Data, &Facts) -> Result<Spec, ScheduleError>,
}

/// Whether data has a value at one of these places, which have spaces between them.
pub(super) fn has_any(data: &Data, places: &str) -> bool {
    places
        .split_whitespace()
        .any(|place| data.at(place).is_some())
}

/// A rate times all of these factors.
pub(super) fn scaled(rate: f64, mut factors: Vec<Spec>) -> Spec {
    match factors.len() {
        0 => constant(rate),
        1 => scale(rate, factors.remove(0)),
        _ => scale(rate, Spec::Product(factors)),
    }
}

/// A name without the modules before it.
pub(super) fn class(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Whether a name begins in one of these ways, which have spaces between them.
pub(super) fn begins_in(name: &str, beginnings: &str) -> bool {
    beginnings
        .split_whitespace()
        .any(|beginning| name.starts_with(beginning))
}

/// Facts of a run that a config may leave out. A file that says one itself goes before these.
///
/// ```
/// use lr_compat::ecosystems::{self, Facts};
/// use lr_schedule::Schedule;
/// use lr_schedule::spec::Format;
///
/// let trainer = Format::Yaml.read("learning_rate: 2e-5\nnum_train_epochs: 3\nwarmup_ratio: 0.1\n")?;
/// let error = ecosystems::read(trainer.clone(), &Facts::default()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "num_train_epochs: depends on the run's `samples`, which the file doesn't say",
/// );
/// assert_eq!(Facts::asked_for(&error), Some("samples"));
/// let facts = Facts { samples: Some(800), ..Facts::default() };
/// let schedule = ecosystems::read(trainer, &facts)?.build()?;
/// assert_eq!(schedule.at(30), 2e-5); // of 300 steps
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// The rate that the optimizer was given.
    pub base_lr: Option<f64>,
    /// The optimizer steps of the run.
    pub total_steps: Option<u64>,
    /// The epochs of the run.
    pub epochs: Option<u64>,
    /// The optimizer steps of an epoch.
    pub steps_per_epoch: Option<u64>,
    /// The batches of an epoch, several of which may make a step.
    pub batches_per_epoch: Option<u64>,
    /// The samples of an epoch.
    pub samples: Option<u64>,
    /// The samples of a batch, on each of the processes.
    pub batch_size: Option<u64>,
    /// The batches of a step.
    pub accumulation: Option<u64>,
    /// Whether an epoch's last batch is left out where it isn't full.
    pub drop_last: bool,
    /// The processes that share an epoch's batches. Default: 1.
    pub processes: Option<u64>,
    /// The samples of a step, on all processes.
    pub samples_per_step: Option<u64>,
    /// The tokens of a step, on all processes.
    pub tokens_per_step: Option<u64>,
    /// The group of parameters whose rate is asked for. Default: the one with most of the weights.
    pub group: Option<String>,
}

const ASKS: &str = "depends on the run's `";
const ASKED: &str = "`, which the file doesn't say";

impl Facts {
    /// The name of the fact that an error asks for, `base_lr`; `None` for any other error.
    pub fn asked_for(error: &ScheduleError) -> Option<&str> {
        match &error.problem {
            Problem::Unsupported(why) => why.strip_prefix(ASKS)?.strip_suffix(ASKED),
            _ => None,
        }
    }

    /// The fact called `name`, which `place` in the file depends on.
    pub(super) fn needed<T>(
        fact: Option<T>,
        name: &'static str,
        place: &str,
    ) -> Result<T, ScheduleError> {
        fact.ok_or_else(|| {
            let why = format!("{ASKS}{name}{ASKED}");
            ScheduleError::unsupported(place, why)
        })
    }

    /// The rate that the file says, or else the optimizer's.
    pub(super) fn rate(&self, said: Option<f64>, place: &str) -> Result<f64, ScheduleError> {
        Self::needed(said.or(self.base_lr), "base_lr", place)
    }

    /// The batches that each process has of an epoch's samples.
    fn batches(&self) -> Option<u64> {
        let samples = self.samples?.div_ceil(self.processes.unwrap_or(1).max(1));
        let batch = self.batch_size.filter(|batch| *batch > 0)?;
        Some(match self.drop_last {
            true => samples / batch,
            false => samples.div_ceil(batch),
        })
    }

    /// The steps of the run, where the file doesn't say them.
    pub(super) fn steps(&self, place: &str) -> Result<u64, ScheduleError> {
        let of_epochs = || self.epochs?.checked_mul(self.epoch(place).ok()?);
        Self::needed(self.total_steps.or_else(of_epochs), "total_steps", place)
    }

    /// The steps of an epoch, or those of its batches or samples.
    pub(super) fn epoch(&self, place: &str) -> Result<u64, ScheduleError> {
        let accumulation = self.accumulation.unwrap_or(1).max(1);
        let of_batches = |batches: u64| batches.div_ceil(accumulation);
        let batches = self.batches_per_epoch.or_else(|| self.batches());
        let steps = self.steps_per_epoch.or(batches.map(of_batches));
        match Self::needed(steps, "steps_per_epoch", place)? {
            0 => Err(ScheduleError::invalid("steps_per_epoch", 0, "at least 1")),
            steps => Ok(steps),
        }
    }
}

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use crate::error::ScheduleError;

/// The length of a part of a schedule: in steps, or in what only a [`TrainingLength`] makes steps
/// of.
///
/// In text, a number is a number of steps; `"10%"` is a share of the run, `"1.5 epochs"` is
/// epochs, and `"rest"` is what is left of the run after everything before this part and beside
/// it.
///
/// ```
/// use lr_schedule::spec::Length;
///
/// assert_eq!(Length::from(500), Length::Steps(500));
/// assert_eq!("10%".parse(), Ok(Length::Share(0.1)));
/// assert_eq!("3 epochs".parse(), Ok(Length::Epochs(3.0)));
/// assert_eq!("rest".parse(), Ok(Length::Rest));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Length {
    /// A number of optimizer steps.
    Steps(u64),
    /// A number of epochs, rounded to the nearest step.
    Epochs(f64),
    /// A share of the whole run, 1 being all of it, rounded to the nearest step.
    Share(f64),
    /// The rest of the run.
    Rest,
}

impl From<u64> for Length {
    fn from(steps: u64) -> Self {
        Self::Steps(steps)
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps(steps) => write!(f, "{steps} steps"),
            Self::Epochs(epochs) => write!(f, "{epochs} epochs"),
            // In percent where that reads back as the same number.
            Self::Share(share) => match share * 100.0 / 100.0 == *share {
                true => write!(f, "{}%", share * 100.0),
                false => write!(f, "{share} of the run"),
            },
            Self::Rest => f.write_str("rest"),
        }
    }
}

impl core::str::FromStr for Length {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let trimmed = text.trim();
        let number = |text: &str| {
            let number: Option<f64> = text.trim().parse().ok();
            number.filter(|number| number.is_finite() && *number >= 0.0)
        };
        let counted = |units: [&str; 2]| units.iter().find_map(|unit| trimmed.strip_suffix(unit));
        let length = if trimmed == "rest" {
            Some(Self::Rest)
        } else if let Some(percent) = trimmed.strip_suffix('%') {
            number(percent).map(|percent| Self::Share(percent / 100.0))
        } else if let Some(share) = trimmed.strip_suffix("of the run") {
            number(share).map(Self::Share)
        } else if let Some(epochs) = counted(["epochs", "epoch"]) {
            number(epochs).map(Self::Epochs)
        } else {
            let steps = counted(["steps", "step"]).unwrap_or(trimmed);
            steps.trim().parse().ok().map(Self::Steps)
        };
        length.ok_or_else(|| {
            let text: String = text.chars().take(40).collect();
            ScheduleError::invalid("", format!("{text:?}"), Self::ALLOWED)
        })
    }
}

impl Length {
    pub(crate) const ALLOWED: &str =
        "a number of steps, or a text such as \"10%\", \"3 epochs\" or \"rest\"";

    /// The number of steps, if that needs no run.
    pub(crate) fn steps(self) -> Result<u64, ScheduleError> {
        match self {
            Self::Steps(steps) => Ok(steps),
            other => Err(ScheduleError::invalid(
                "",
                other.to_string(),
                "in steps, which `resolve` makes of it with a `TrainingLength`",
            )),
        }
    }
}

/// The number of samples in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchSize {
    /// A known number.
    Samples(u64),
    /// The [effective batch](TrainingLength::effective_batch) of the run; in text, `"run"`.
    OfRun,
}

/// The length of a run, in what a training loop is configured with: what epochs and shares in a
/// [`Spec`](crate::Spec) become steps by.
///
/// An epoch has `samples / batch_size` batches (rounded up, or with
/// [`with_drop_last`](Self::with_drop_last) down), and a step for every `accumulation` of them; what
/// is left at the end of an epoch is a step too, as in transformers' `Trainer`.
///
/// ```
/// use lr_schedule::spec::TrainingLength;
///
/// let run = TrainingLength::new(50_000, 128, 90)?.with_accumulation(4)?;
/// assert_eq!(run.steps_per_epoch(), 98); // 391 batches, four to a step
/// assert_eq!(run.steps(), 8_820);
/// assert_eq!(run.effective_batch(), 512);
/// assert_eq!(run.with_drop_last(true)?.steps_per_epoch(), 98); // 390 batches
///
/// let error = TrainingLength::new(50_000, 0, 90).unwrap_err();
/// assert_eq!(error.to_string(), "training_length.batch_size: must be at least 1, got 0");
/// # Ok::<(), lr_schedule::ScheduleError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrainingLength {
    samples: u64,
    batch_size: u64,
    accumulation: u64,
    epochs: u64,
    drop_last: bool,
    /// Whether nothing but the number of steps is known.
    only_steps: bool,
}

impl TrainingLength {
    /// `epochs` passes over `samples` samples, `batch_size` at a time, each batch a step and the
    /// last one of an epoch as large as it happens to be.
    ///
    /// # Errors
    ///
    /// A count of 0.
    pub fn new(samples: u64, batch_size: u64, epochs: u64) -> Result<Self, ScheduleError> {
        let run = Self {
            samples,
            batch_size,
            accumulation: 1,
            epochs,
            drop_last: false,
            only_steps: false,
        };
        run.checked()
    }

    /// A run of so many steps, of whose epochs and batches nothing is known; what is given in those
    /// is an error then.
    ///
    /// # Errors
    ///
    /// A count of 0.
    pub fn of_steps(steps: u64) -> Result<Self, ScheduleError> {
        Ok(Self {
            only_steps: true,
            ..Self::new(steps, 1, 1)?
        })
    }

    /// The number of batches whose gradients make a step. Default: 1.
    ///
    /// # Errors
    ///
    /// A count of 0.
    pub fn with_accumulation(mut self, accumulation: u64) -> Result<Self, ScheduleError> {
        self.accumulation = accumulation;
        self.checked()
    }

    /// Whether an epoch's last batch is left out where it isn't full. Default: no.
    ///
    /// # Errors
    ///
    /// A run that has no rest.
    pub fn with_drop_last(mut self, drop_last: bool) -> Result<Self, ScheduleError> {
        self.drop_last = drop_last;
        self.checked()
    }

    fn checked(self) -> Result<Self, ScheduleError> {
        const OWNER: &str = "training_length";
        ScheduleError::check_steps(OWNER, "samples", self.samples)?;
        ScheduleError::check_steps(OWNER, "batch_size", self.batch_size)?;
        ScheduleError::check_steps(OWNER, "accumulation", self.accumulation)?;
        ScheduleError::check_steps(OWNER, "epochs", self.epochs)?;
        let full = self.samples >= self.batch_size || !self.drop_last;
        let allowed = "at most the number of samples where the last batch is dropped";
        ScheduleError::check(full, OWNER, "batch_size", self.batch_size, allowed)?;
        Ok(self)
    }

    /// The optimizer steps of one epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        let batches = match self.drop_last {
            true => self.samples / self.batch_size,
            false => self.samples.div_ceil(self.batch_size),
        };
        batches.div_ceil(self.accumulation)
    }

    /// The optimizer steps of the whole run.
    pub fn steps(&self) -> u64 {
        self.steps_per_epoch().saturating_mul(self.epochs)
    }

    /// The samples that a step is made of: `batch_size · accumulation`.
    pub fn effective_batch(&self) -> u64 {
        self.batch_size.saturating_mul(self.accumulation)
    }

    /// Fails where nothing but the number of steps is known, and so not `what`.
    pub(crate) fn check_known(&self, what: &str) -> Result<(), ScheduleError> {
        match self.only_steps {
            false => Ok(()),
            true => {
                let why = format!("depends on the run's {what}, which aren't known");
                Err(ScheduleError::unsupported("", why))
            }
        }
    }
}

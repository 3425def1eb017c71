//! Events of a run, and how they change the rates of a schedule.

use std::fmt;

use lr_schedule::Shape;
use lr_schedule::combine::CooldownConfig;

/// Something that happens to a run from outside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// A rate in place of the schedule's.
    Set(f64),
    /// A factor of the rate that is set, or else of the schedule's.
    Scale(f64),
    /// A decay of the schedule's rates.
    StartDecay { steps: u64, end: f64, shape: Shape },
    /// The schedule's own rates again.
    Release,
    /// An override as a whole: a saved one, or the sum of several events.
    Override(Override),
    /// The step before does not count.
    Skip,
    /// A value for the feedback rule.
    Metric(f64),
}

impl Action {
    /// Whether it changes the override.
    pub fn is_by_hand(&self) -> bool {
        !matches!(self, Self::Skip | Self::Metric(_))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(lr) => write!(f, "set to {lr}"),
            Self::Scale(factor) => write!(f, "multiplied with {factor}"),
            Self::StartDecay { steps, end, .. } => write!(f, "decays to {end} in {steps} steps"),
            Self::Release => f.write_str("released"),
            Self::Override(_) => f.write_str("changed by hand before"),
            Self::Skip => f.write_str("skipped"),
            Self::Metric(value) => write!(f, "metric {value}"),
        }
    }
}

/// The change by hand over the rates of a schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Override {
    /// A rate in place of the schedule's.
    pub set: Option<f64>,
    /// A factor of the schedule's.
    pub factor: f64,
    pub decay: Option<Decay>,
}

/// A decay of the schedule's rates from the step `start` on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Decay {
    pub start: u64,
    pub steps: u64,
    pub end: f64,
    pub shape: Shape,
}

impl Default for Override {
    fn default() -> Self {
        Self {
            set: None,
            factor: 1.0,
            decay: None,
        }
    }
}

impl Override {
    /// The rate of `step`, for which the schedule and the rule give `scheduled`.
    #[inline]
    pub fn rate(&self, step: u64, scheduled: f64) -> f64 {
        // Nothing is changed by far the most often: that part is to be inlined, and the rest is not.
        match (self.set, &self.decay) {
            (None, None) if self.factor == 1.0 => scheduled,
            _ => self.changed(step, scheduled),
        }
    }

    #[cold]
    fn changed(&self, step: u64, scheduled: f64) -> f64 {
        if let Some(lr) = self.set {
            return lr;
        }
        let decayed = match &self.decay {
            None => scheduled,
            Some(decay) => CooldownConfig::new(decay.start, decay.steps)
                .with_end(decay.end)
                .with_shape(decay.shape)
                .of(step, scheduled),
        };
        (decayed * self.factor).clamp(f64::MIN, f64::MAX)
    }

    /// The rate or the factor that [`Action::Scale`] gives.
    pub fn scaled(&self, factor: f64) -> f64 {
        self.set.unwrap_or(self.factor) * factor
    }
}

/// The effect of all events that a clone has applied: which steps don't count, and the override.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Applied {
    pub skipped: u64,
    pub over: Override,
}

impl Applied {
    /// The number of the step after `taken` ones.
    #[inline]
    pub fn position(&self, taken: u64) -> u64 {
        taken.saturating_sub(self.skipped)
    }

    /// Applies `action` before the step after `taken` ones.
    pub fn apply(&mut self, action: &Action, taken: u64) {
        let start = self.position(taken);
        let over = &mut self.over;
        match *action {
            Action::Set(lr) => over.set = Some(lr),
            Action::Scale(factor) => {
                let product = over.scaled(factor).min(f64::MAX);
                *over.set.as_mut().unwrap_or(&mut over.factor) = product;
            }
            Action::StartDecay { steps, end, shape } => {
                over.set = None;
                over.decay = Some(Decay {
                    start,
                    steps,
                    end,
                    shape,
                });
            }
            Action::Release => *over = Override::default(),
            Action::Override(other) => *over = other,
            Action::Skip => self.skipped = taken.min(self.skipped.saturating_add(1)),
            Action::Metric(_) => (),
        }
    }
}

use super::powers::Powers;
use crate::error::or_panic;
use crate::{Schedule, ScheduleError, Spec};

/// A cut every so many steps, without an end: `at(n) = start · gamma^⌊n / step_size⌋`.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/step.svg"))]
///
/// PyTorch's `StepLR(step_size, gamma)`, Burn's `StepLrScheduler`.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = Step::new(0.5, 3, 0.1);
/// assert_eq!((schedule.at(2), schedule.at(3)), (0.5, 0.05));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    start: f64,
    step_size: u64,
    gamma: Powers,
}

impl Step {
    /// `start`, times `gamma` every `step_size` steps.
    ///
    /// # Panics
    ///
    /// Where [`try_new`](Self::try_new) fails.
    #[track_caller]
    pub fn new(start: f64, step_size: u64, gamma: f64) -> Self {
        or_panic(Self::try_new(start, step_size, gamma))
    }

    /// `start`, times `gamma` every `step_size` steps.
    ///
    /// # Errors
    ///
    /// A rate that is not finite, no steps, or a `gamma` that is negative or not finite.
    pub fn try_new(start: f64, step_size: u64, gamma: f64) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("step", "start", start)?;
        ScheduleError::check_steps("step", "step_size", step_size)?;
        ScheduleError::check_not_negative("step", "gamma", gamma)?;
        Ok(Self {
            start,
            step_size,
            gamma: Powers::of(gamma),
        })
    }
}

impl Schedule for Step {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        self.gamma.scale(self.start, step / self.step_size)
    }

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::Step {
            start: self.start,
            step_size: self.step_size.into(),
            gamma: self.gamma.factor(),
        })
    }
}

use crate::error::or_panic;
use crate::math::{lerp, share};
use crate::{Bounded, Schedule, ScheduleError, Spec};

/// A straight line: `at(n) = start + (end - start) · n / steps`, then `end`.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/linear.svg"))]
///
/// PyTorch's `LinearLR(start_factor, end_factor, total_iters)` is
/// `Linear::new(base * start_factor, base * end_factor, total_iters)`; optax's
/// `linear_schedule`; Burn's `LinearLrScheduler`.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = Linear::new(0.9, 0.5, 4);
/// assert_eq!(schedule.at(0), 0.9);
/// assert_eq!(schedule.at(2), 0.7);
/// assert_eq!(schedule.at(4), 0.5);
/// assert_eq!(schedule.at(1_000), 0.5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linear {
    start: f64,
    end: f64,
    steps: u64,
}

impl Linear {
    /// From `start` at step 0 to `end` at step `steps`.
    ///
    /// # Panics
    ///
    /// Where [`try_new`](Self::try_new) fails.
    #[track_caller]
    pub fn new(start: f64, end: f64, steps: u64) -> Self {
        or_panic(Self::try_new(start, end, steps))
    }

    /// From `start` at step 0 to `end` at step `steps`.
    ///
    /// # Errors
    ///
    /// A rate that is not finite, or no steps.
    pub fn try_new(start: f64, end: f64, steps: u64) -> Result<Self, ScheduleError> {
        ScheduleError::check_ramp("linear", start, end, steps)?;
        Ok(Self { start, end, steps })
    }
}

impl Schedule for Linear {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        lerp(self.start, self.end, share(step, self.steps))
    }

    fn length(&self) -> Option<u64> {
        Some(self.steps)
    }

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::Linear {
            start: self.start,
            end: self.end,
            steps: self.steps.into(),
        })
    }
}

impl Bounded for Linear {
    fn steps(&self) -> u64 {
        self.steps
    }
}

use crate::error::or_panic;
use crate::math::{exp, ln, share};
use crate::{Bounded, Schedule, ScheduleError, Spec};

/// From one rate to another by the same factor at every step: `at(n) = start · (end / start)^(n /
/// steps)`, then `end`. A straight line on a logarithmic axis: the sweep of a learning-rate
/// finder, and the decay of fairseq's `tri_stage`.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/geometric.svg"))]
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = Geometric::new(1e-6, 1.0, 60);
/// assert!((schedule.at(30) - 1e-3).abs() < 1e-15);
/// assert_eq!(schedule.at(60), 1.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geometric {
    start: f64,
    end: f64,
    steps: u64,
}

impl Geometric {
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
    /// A rate that is not finite and above 0, or no steps.
    pub fn try_new(start: f64, end: f64, steps: u64) -> Result<Self, ScheduleError> {
        ScheduleError::check_positive("geometric", "start", start)?;
        ScheduleError::check_positive("geometric", "end", end)?;
        ScheduleError::check_steps("geometric", "steps", steps)?;
        Ok(Self { start, end, steps })
    }
}

impl Schedule for Geometric {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        match share(step, self.steps) {
            0.0 => self.start,
            1.0 => self.end,
            // A weighted mean of logarithms, between which it stays.
            t => exp(ln(self.start) * (1.0 - t) + ln(self.end) * t).min(f64::MAX),
        }
    }

    fn length(&self) -> Option<u64> {
        Some(self.steps)
    }

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::Geometric {
            start: self.start,
            end: self.end,
            steps: self.steps.into(),
        })
    }
}

impl Bounded for Geometric {
    fn steps(&self) -> u64 {
        self.steps
    }
}

use crate::error::or_panic;
use crate::math::{float, lerp, powf};
use crate::{Schedule, ScheduleError, Spec};

/// A power of a straight line that starts again, longer and lower, each time that it has come to
/// its end: `at(n) = end + (start - end) · (1 - n / (steps · k))^power`, with `k` the smallest
/// whole number that makes `steps · k` at least `n`, and at least 1.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/polynomial_cycle.svg"))]
///
/// Keras's `PolynomialDecay(cycle=True)`.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = PolynomialCycle::new(0.1, 0.0, 50, 1.0);
/// assert_eq!([schedule.at(25), schedule.at(50)], [0.05, 0.0]);
/// assert_eq!(schedule.at(75), 0.025); // a quarter of the way left, of 100 steps
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PolynomialCycle {
    start: f64,
    end: f64,
    steps: u64,
    power: f64,
}

impl PolynomialCycle {
    /// From `start` at step 0 to `end` at step `steps`, and again to there at every multiple.
    ///
    /// # Panics
    ///
    /// Where [`try_new`](Self::try_new) fails.
    #[track_caller]
    pub fn new(start: f64, end: f64, steps: u64, power: f64) -> Self {
        or_panic(Self::try_new(start, end, steps, power))
    }

    /// From `start` at step 0 to `end` at step `steps`, and again to there at every multiple.
    ///
    /// # Errors
    ///
    /// A rate that is not finite, no steps, or a power that is not finite and above 0.
    pub fn try_new(start: f64, end: f64, steps: u64, power: f64) -> Result<Self, ScheduleError> {
        ScheduleError::check_ramp("polynomial_cycle", start, end, steps)?;
        ScheduleError::check_positive("polynomial_cycle", "power", power)?;
        Ok(Self {
            start,
            end,
            steps,
            power,
        })
    }
}

impl Schedule for PolynomialCycle {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        let cycle = float(step.div_ceil(self.steps).max(1));
        let gone = (float(step) / (float(self.steps) * cycle)).min(1.0);
        lerp(self.end, self.start, powf(1.0 - gone, self.power))
    }

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::PolynomialCycle {
            start: self.start,
            end: self.end,
            steps: self.steps.into(),
            power: self.power,
        })
    }
}

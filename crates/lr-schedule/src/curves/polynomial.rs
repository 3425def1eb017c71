use crate::error::or_panic;
use crate::math::{lerp, powf, share};
use crate::{Bounded, Schedule, ScheduleError, Spec};

/// A power of a straight line: `at(n) = end + (start - end) · (1 - n / steps)^power`, then `end`.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/polynomial.svg"))]
///
/// PyTorch's `PolynomialLR(total_iters, power)` with `end = 0`; transformers' polynomial decay;
/// optax's `polynomial_schedule`.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = Polynomial::new(0.4, 0.0, 100, 2.0);
/// assert_eq!(schedule.at(50), 0.1); // (1/2)² of 0.4
/// assert_eq!(schedule.at(100), 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Polynomial {
    start: f64,
    end: f64,
    steps: u64,
    power: f64,
}

impl Polynomial {
    /// From `start` at step 0 to `end` at step `steps`; a `power` of 1 is a straight line.
    ///
    /// # Panics
    ///
    /// Where [`try_new`](Self::try_new) fails.
    #[track_caller]
    pub fn new(start: f64, end: f64, steps: u64, power: f64) -> Self {
        or_panic(Self::try_new(start, end, steps, power))
    }

    /// From `start` at step 0 to `end` at step `steps`; a `power` of 1 is a straight line.
    ///
    /// # Errors
    ///
    /// A rate that is not finite, no steps, or a power that is not finite and above 0.
    pub fn try_new(start: f64, end: f64, steps: u64, power: f64) -> Result<Self, ScheduleError> {
        ScheduleError::check_ramp("polynomial", start, end, steps)?;
        ScheduleError::check_positive("polynomial", "power", power)?;
        Ok(Self {
            start,
            end,
            steps,
            power,
        })
    }
}

impl Schedule for Polynomial {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        let left = powf(1.0 - share(step, self.steps), self.power);
        lerp(self.end, self.start, left)
    }

    fn length(&self) -> Option<u64> {
        Some(self.steps)
    }

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::Polynomial {
            start: self.start,
            end: self.end,
            steps: self.steps.into(),
            power: self.power,
        })
    }
}

impl Bounded for Polynomial {
    fn steps(&self) -> u64 {
        self.steps
    }
}

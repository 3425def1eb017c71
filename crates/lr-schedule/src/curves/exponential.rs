use super::powers::Powers;
use crate::error::or_panic;
use crate::{Schedule, ScheduleError, Spec};

/// A geometric decay without an end: `at(n) = start · gamma^n`.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/exponential.svg"))]
///
/// PyTorch's `ExponentialLR(gamma)`, Burn's `ExponentialLrScheduler`. With `gamma` above 1 the
/// rate grows, up to the largest finite number.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = Exponential::new(0.1, 0.5);
/// assert_eq!(schedule.at(3), 0.0125);
/// assert_eq!(schedule.at(u64::MAX), 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exponential {
    start: f64,
    gamma: Powers,
}

impl Exponential {
    /// `start`, times `gamma` at every step.
    ///
    /// # Panics
    ///
    /// Where [`try_new`](Self::try_new) fails.
    #[track_caller]
    pub fn new(start: f64, gamma: f64) -> Self {
        or_panic(Self::try_new(start, gamma))
    }

    /// `start`, times `gamma` at every step.
    ///
    /// # Errors
    ///
    /// A rate that is not finite, or a `gamma` that is negative or not finite.
    pub fn try_new(start: f64, gamma: f64) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("exponential", "start", start)?;
        ScheduleError::check_not_negative("exponential", "gamma", gamma)?;
        Ok(Self {
            start,
            gamma: Powers::of(gamma),
        })
    }
}

impl Schedule for Exponential {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        self.gamma.scale(self.start, step)
    }

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::Exponential {
            start: self.start,
            gamma: self.gamma.factor(),
        })
    }
}

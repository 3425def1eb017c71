use crate::error::or_panic;
use crate::{Schedule, ScheduleError, Spec};

/// The same rate at every step, without an end: `at(n) = rate`.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/constant.svg"))]
///
/// PyTorch's `ConstantLR(factor, total_iters)` is this for `total_iters` steps, then the base
/// rate:
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let (base, factor, total_iters) = (0.05, 0.5, 4);
/// let schedule = Constant::new(base * factor).take(total_iters).then(Constant::new(base));
/// assert_eq!((schedule.at(3), schedule.at(4)), (0.025, 0.05));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constant {
    rate: f64,
}

impl Constant {
    /// `rate` at every step.
    ///
    /// # Panics
    ///
    /// Where [`try_new`](Self::try_new) fails.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        or_panic(Self::try_new(rate))
    }

    /// `rate` at every step.
    ///
    /// # Errors
    ///
    /// A rate that is not finite.
    pub fn try_new(rate: f64) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("constant", "rate", rate)?;
        Ok(Self { rate })
    }
}

impl Schedule for Constant {
    #[inline]
    fn at(&self, _step: u64) -> f64 {
        self.rate
    }

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::Constant { rate: self.rate })
    }
}

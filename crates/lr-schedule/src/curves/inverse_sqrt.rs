use crate::error::or_panic;
use crate::math::{float, sqrt};
use crate::{Schedule, ScheduleError, Spec};

/// The inverse square root, without an end: `at(n) = start / √(1 + n / timescale)`.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/inverse_sqrt.svg"))]
///
/// Zhai et al., "Scaling Vision Transformers" (2022), where it has a linear warm-up before it and
/// a [`cooldown`](Schedule::cooldown) at its end; transformers' `get_inverse_sqrt_schedule`, whose
/// timescale is by default the length of the warm-up.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = InverseSqrt::new(0.1, 1_000.0).warmup(1_000);
/// assert_eq!(schedule.at(1_000), 0.1);
/// assert_eq!(schedule.at(4_000), 0.05);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InverseSqrt {
    start: f64,
    timescale: f64,
}

impl InverseSqrt {
    /// `start`, halved when three times `timescale` steps have gone by.
    ///
    /// # Panics
    ///
    /// Where [`try_new`](Self::try_new) fails.
    #[track_caller]
    pub fn new(start: f64, timescale: f64) -> Self {
        or_panic(Self::try_new(start, timescale))
    }

    /// `start`, halved when three times `timescale` steps have gone by.
    ///
    /// # Errors
    ///
    /// A start that is not finite, or a timescale that is not finite and above 0.
    pub fn try_new(start: f64, timescale: f64) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("inverse_sqrt", "start", start)?;
        ScheduleError::check_positive("inverse_sqrt", "timescale", timescale)?;
        Ok(Self { start, timescale })
    }
}

impl Schedule for InverseSqrt {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        self.start / sqrt(1.0 + float(step) / self.timescale)
    }

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::InverseSqrt {
            start: self.start,
            timescale: self.timescale,
        })
    }
}

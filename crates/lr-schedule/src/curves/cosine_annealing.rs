use crate::error::or_panic;
use crate::math::{cosine, float};
use crate::{Schedule, ScheduleError, Spec};

/// A whole cosine wave without an end: down for `t_max` steps, up for `t_max` steps, and so on:
/// `at(n) = min + (max - min) · (1 + cos(π n / t_max)) / 2`.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/cosine_annealing.svg"))]
///
/// PyTorch's `CosineAnnealingLR(T_max, eta_min)`, which climbs again past `T_max`; Burn's
/// `CosineAnnealingLrScheduler`; transformers' cosine past its last step. To stay at the
/// minimum, use [`Cosine`](super::Cosine).
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = CosineAnnealing::new(0.1, 1e-4, 100);
/// assert_eq!(schedule.at(0), 0.1);
/// assert_eq!(schedule.at(100), 1e-4);
/// assert_eq!(schedule.at(200), 0.1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CosineAnnealing {
    max: f64,
    min: f64,
    t_max: u64,
}

impl CosineAnnealing {
    /// From `max` at step 0 to `min` at step `t_max`, half a period.
    ///
    /// # Panics
    ///
    /// Where [`try_new`](Self::try_new) fails.
    #[track_caller]
    pub fn new(max: f64, min: f64, t_max: u64) -> Self {
        or_panic(Self::try_new(max, min, t_max))
    }

    /// From `max` at step 0 to `min` at step `t_max`, half a period.
    ///
    /// # Errors
    ///
    /// A rate that is not finite, or a half period of no steps.
    pub fn try_new(max: f64, min: f64, t_max: u64) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("cosine_annealing", "max", max)?;
        ScheduleError::check_finite("cosine_annealing", "min", min)?;
        ScheduleError::check_steps("cosine_annealing", "t_max", t_max)?;
        Ok(Self { max, min, t_max })
    }
}

impl Schedule for CosineAnnealing {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        let phase = match step <= self.t_max {
            true => step, // the first way down, which is all of most runs
            false => match self.t_max.checked_mul(2) {
                Some(period) => step % period,
                None => step, // a period that doesn't fit in 64 bits is not over yet
            },
        };
        let t = float(phase) / float(self.t_max);
        cosine(self.max, self.min, t)
    }

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::CosineAnnealing {
            max: self.max,
            min: self.min,
            t_max: self.t_max.into(),
        })
    }
}

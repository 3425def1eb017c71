use crate::error::or_panic;
use crate::math::{cosine, share};
use crate::{Bounded, Schedule, ScheduleError, Spec};

/// Half a cosine: `at(n) = end + (start - end) · (1 + cos(π n / steps)) / 2`, then `end`.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/cosine.svg"))]
///
/// Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017), without
/// the restarts; optax's `cosine_decay_schedule`, Keras's `CosineDecay`. PyTorch's
/// `CosineAnnealingLR` is the same up to `T_max` and then climbs again: see
/// [`CosineAnnealing`](super::CosineAnnealing).
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = Cosine::new(0.1, 1e-4, 100);
/// assert_eq!(schedule.at(0), 0.1);
/// assert!((schedule.at(50) - (0.1 + 1e-4) / 2.0).abs() < 1e-15);
/// assert_eq!(schedule.at(100), 1e-4);
/// assert_eq!(schedule.at(1_000), 1e-4);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cosine {
    start: f64,
    end: f64,
    steps: u64,
}

impl Cosine {
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
        ScheduleError::check_ramp("cosine", start, end, steps)?;
        Ok(Self { start, end, steps })
    }
}

impl Schedule for Cosine {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        cosine(self.start, self.end, share(step, self.steps))
    }

    fn length(&self) -> Option<u64> {
        Some(self.steps)
    }

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::Cosine {
            start: self.start,
            end: self.end,
            steps: self.steps.into(),
        })
    }
}

impl Bounded for Cosine {
    fn steps(&self) -> u64 {
        self.steps
    }
}

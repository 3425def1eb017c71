use crate::error::or_panic;
use crate::math::{cosine, float};
use crate::{Schedule, ScheduleError, Spec};

/// So many whole cosine waves in so many steps, and on in the same way without an end:
/// `at(n) = min + (max - min) · (1 + cos(2π · cycles · n / steps)) / 2`.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/cosine_wave.svg"))]
///
/// transformers' `get_cosine_schedule_with_warmup(num_cycles)`, whose default of half a wave is
/// [`CosineAnnealing`](super::CosineAnnealing).
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = CosineWave::new(0.1, 0.0, 100, 1.5); // down, up, down
/// assert!((schedule.at(50) - 0.05).abs() < 1e-15);
/// assert!(schedule.at(100) < 1e-15);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CosineWave {
    max: f64,
    min: f64,
    steps: u64,
    cycles: f64,
}

impl CosineWave {
    /// From `max` at step 0, `cycles` waves down to `min` and back within `steps` steps.
    ///
    /// # Panics
    ///
    /// Where [`try_new`](Self::try_new) fails.
    #[track_caller]
    pub fn new(max: f64, min: f64, steps: u64, cycles: f64) -> Self {
        or_panic(Self::try_new(max, min, steps, cycles))
    }

    /// From `max` at step 0, `cycles` waves down to `min` and back within `steps` steps.
    ///
    /// # Errors
    ///
    /// A rate that is not finite, no steps, or a number of cycles that is negative or not finite.
    pub fn try_new(max: f64, min: f64, steps: u64, cycles: f64) -> Result<Self, ScheduleError> {
        const OWNER: &str = "cosine_wave";
        ScheduleError::check_finite(OWNER, "max", max)?;
        ScheduleError::check_finite(OWNER, "min", min)?;
        ScheduleError::check_steps(OWNER, "steps", steps)?;
        ScheduleError::check_not_negative(OWNER, "cycles", cycles)?;
        Ok(Self {
            max,
            min,
            steps,
            cycles,
        })
    }
}

impl Schedule for CosineWave {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        let waves = self.cycles * (float(step) / float(self.steps));
        // Whole waves change nothing, and what is beyond a number's precision is one.
        let phase = if waves.is_finite() { waves % 1.0 } else { 0.0 };
        cosine(self.max, self.min, 2.0 * phase)
    }

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::CosineWave {
            max: self.max,
            min: self.min,
            steps: self.steps.into(),
            cycles: self.cycles,
        })
    }
}

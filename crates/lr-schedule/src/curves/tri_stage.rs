use super::geometric::geometric;
use crate::error::ScheduleError;
use crate::length::Length;
use crate::math::{lerp, share};
use crate::phase::three_parts;

curve! {
    /// A straight line up, a stay, and a way down by the same factor at every step, to a share of the peak
    /// that is held.
    ///
    /// Park et al., "SpecAugment" (2019); fairseq's `tri_stage`. The same as
    /// `LinearRamp::new(..).then(Constant::new(peak).take(hold)).then(Geometric::new(..))`.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = TriStage::new(0.1, 10, 40, 50);
    /// assert_eq!([schedule.at(0), schedule.at(10), schedule.at(50)], [0.001, 0.1, 0.1]);
    /// assert!((schedule.at(75) - 0.01).abs() < 1e-15);
    /// assert_eq!(schedule.at(100), 0.001);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct TriStage: "tri_stage", TriStageConfig, until steps {
        peak: f64 => Above0,
        warmup: u64 as Length => AtLeast1,
        hold: u64 as Length => Any,
        decay: u64 as Length => AtLeast1,
    }
    options {
        /// Options of [`TriStage`], with fairseq's defaults.
        ///
        /// ```
        /// use lr_schedule::prelude::*;
        ///
        /// let schedule = TriStageConfig::new(5e-4, 8_000, 32_000, 40_000)
        ///     .with_init_scale(0.1)
        ///     .with_final_scale(0.05)
        ///     .build()?;
        /// assert_eq!(schedule.at(0), 5e-5);
        /// assert!((schedule.at(80_000) - 2.5e-5).abs() < 1e-18);
        /// # Ok::<(), ScheduleError>(())
        /// ```
        config;
        /// The share of the peak that it begins with.
        with_init_scale, init_scale: f64 = 0.01 => AtLeast0;
        /// The share of the peak that it ends with.
        with_final_scale, final_scale: f64 = 0.01 => Above0;
    }
    with {
        first: f64 = peak * init_scale,
        last: f64 = peak * final_scale,
        begin: u64 = warmup.saturating_add(hold),
        steps: u64 = begin.saturating_add(decay),
    }
    check check
    /// `warmup` steps up to `peak`, `hold` steps there, `decay` steps down, from a hundredth of `peak`
    /// and back to there; for other options see [`TriStageConfig`].
    new;
    example |steps| {
        let (warmup, decay) = (steps.div_ceil(10), steps.div_ceil(2));
        TriStage::new(0.1, warmup, steps.saturating_sub(warmup + decay), decay)
    };
    parts |stages, span| three_parts("hold", [stages.warmup, stages.hold, stages.decay], span);
}

impl TriStage {
    fn check(&self) -> Result<(), ScheduleError> {
        ScheduleError::check_finite("tri_stage", "peak · init_scale", self.first)?;
        ScheduleError::check_positive("tri_stage", "peak · final_scale", self.last)
    }

    #[inline]
    fn rate(&self, step: u64) -> f64 {
        match step.checked_sub(self.begin) {
            None if step < self.warmup => lerp(self.first, self.peak, share(step, self.warmup)),
            None => self.peak,
            Some(n) => geometric(self.peak, self.last, share(n, self.decay)),
        }
    }
}

use alloc::vec::Vec;

use crate::combine::{Take, Then};
use crate::curves::{Constant, Geometric, LinearRamp};
use crate::data::{Data, table};
use crate::error::{ScheduleError, or_panic};
use crate::phase::{Phase, three_parts};
use crate::schedule::{Bounded, Schedule};

options! {
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
    pub struct TriStageConfig: "tri_stage" builds TriStage {
        peak: f64 => Above0,
        warmup: u64 => AtLeast1,
        hold: u64 => Any,
        decay: u64 => AtLeast1,
    }
    /// `warmup` steps up to `peak`, `hold` steps there, `decay` steps down.
    new;
    /// The share of the peak that it begins with.
    with_init_scale, init_scale: f64 = 0.01 => AtLeast0;
    /// The share of the peak that it ends with.
    with_final_scale, final_scale: f64 = 0.01 => Above0;
}

/// Up in a straight line, stay, and down by the same factor at every step, to a share of the peak
/// that is held.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/tri_stage.svg"))]
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
pub struct TriStage {
    config: TriStageConfig,
    schedule: Then<Then<LinearRamp, Take<Constant>>, Geometric>,
}

impl TriStage {
    /// From a hundredth of `peak` and back to there; for other options see [`TriStageConfig`].
    ///
    /// # Panics
    ///
    /// If [`TriStageConfig::build`] fails.
    #[track_caller]
    pub fn new(peak: f64, warmup: u64, hold: u64, decay: u64) -> Self {
        or_panic(TriStageConfig::new(peak, warmup, hold, decay).build())
    }

    fn of(config: TriStageConfig) -> Result<Self, ScheduleError> {
        let peak = config.peak;
        let (first, last) = (peak * config.init_scale, peak * config.final_scale);
        ScheduleError::check_finite("tri_stage", "peak · init_scale", first)?;
        ScheduleError::check_positive("tri_stage", "peak · final_scale", last)?;
        let warmup = LinearRamp::try_new(first, peak, config.warmup)?;
        let hold = Take {
            inner: Constant::try_new(peak)?,
            steps: config.hold,
        };
        let schedule = Then {
            first: Then {
                first: warmup,
                next: hold,
            },
            next: Geometric::try_new(peak, last, config.decay)?,
        };
        Ok(Self { config, schedule })
    }
}

impl Schedule for TriStage {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        self.schedule.at(step)
    }

    fn length(&self) -> Option<u64> {
        self.schedule.length()
    }

    fn phases(&self, span: f64) -> Vec<Phase> {
        let lengths = [self.config.warmup, self.config.hold, self.config.decay];
        three_parts("hold", lengths, span)
    }

    fn description(&self) -> Option<Data> {
        Some(table("tri_stage", self.config.fields()))
    }
}

impl Bounded for TriStage {
    fn steps(&self) -> u64 {
        self.schedule.steps()
    }
}

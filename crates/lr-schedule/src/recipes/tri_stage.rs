use crate::combine::{Take, Then};
use crate::curves::{Constant, Geometric, LinearRamp};
use crate::error::{ScheduleError, or_panic};
use crate::phase::{Phase, PhaseKind, parts};
use crate::schedule::{Bounded, Schedule};
use crate::spec::Spec;
use alloc::vec::Vec;

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
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct TriStageConfig {
    pub(crate) peak: f64,
    pub(crate) warmup: u64,
    pub(crate) hold: u64,
    pub(crate) decay: u64,
    pub(crate) init_scale: f64,
    pub(crate) final_scale: f64,
}

impl TriStageConfig {
    pub(crate) const DEFAULT: Self = Self {
        peak: 0.0,
        warmup: 0,
        hold: 0,
        decay: 0,
        init_scale: 0.01,
        final_scale: 0.01,
    };

    /// `warmup` steps up to `peak`, `hold` steps there, `decay` steps down.
    pub fn new(peak: f64, warmup: u64, hold: u64, decay: u64) -> Self {
        Self {
            peak,
            warmup,
            hold,
            decay,
            ..Self::DEFAULT
        }
    }

    /// The share of the peak that it begins with. Default: 0.01.
    pub fn with_init_scale(mut self, init_scale: f64) -> Self {
        self.init_scale = init_scale;
        self
    }

    /// The share of the peak that it ends with. Default: 0.01.
    pub fn with_final_scale(mut self, final_scale: f64) -> Self {
        self.final_scale = final_scale;
        self
    }

    /// The schedule.
    ///
    /// # Errors
    ///
    /// A peak or a `final_scale` that is not finite and above 0, an `init_scale` that is negative
    /// or not finite, or a warm-up or a decay of no steps.
    pub fn build(self) -> Result<TriStage, ScheduleError> {
        const OWNER: &str = "tri_stage";
        ScheduleError::check_positive(OWNER, "peak", self.peak)?;
        ScheduleError::check_steps(OWNER, "warmup", self.warmup)?;
        ScheduleError::check_steps(OWNER, "decay", self.decay)?;
        ScheduleError::check_not_negative(OWNER, "init_scale", self.init_scale)?;
        ScheduleError::check_positive(OWNER, "final_scale", self.final_scale)?;
        let (first, last) = (self.peak * self.init_scale, self.peak * self.final_scale);
        ScheduleError::check_finite(OWNER, "peak · init_scale", first)?;
        ScheduleError::check_positive(OWNER, "peak · final_scale", last)?;
        let warmup = LinearRamp::try_new(first, self.peak, self.warmup)?;
        let hold = Constant::try_new(self.peak)?.take(self.hold);
        let decay = Geometric::try_new(self.peak, last, self.decay)?;
        Ok(TriStage {
            config: self,
            schedule: warmup.then(hold).then(decay),
        })
    }
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
        parts(
            &[
                (PhaseKind::WarmUp, "warm-up", self.config.warmup as f64),
                (PhaseKind::Stable, "hold", self.config.hold as f64),
                (PhaseKind::Decay, "decay", self.config.decay as f64),
            ],
            span,
        )
    }

    fn to_spec(&self) -> Option<Spec> {
        let TriStageConfig {
            peak,
            warmup,
            hold,
            decay,
            init_scale,
            final_scale,
        } = self.config;
        Some(Spec::TriStage {
            peak,
            warmup: warmup.into(),
            hold: hold.into(),
            decay: decay.into(),
            init_scale,
            final_scale,
        })
    }
}

impl Bounded for TriStage {
    fn steps(&self) -> u64 {
        self.schedule.steps()
    }
}

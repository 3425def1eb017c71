use crate::combine::{Take, Then, Warmup, WarmupConfig};
use crate::curves::{Anneal, Constant};
use crate::error::{ScheduleError, or_panic};
use crate::phase::{Phase, PhaseKind, parts};
use crate::schedule::{Bounded, Schedule};
use crate::shape::Shape;
use crate::spec::Spec;
use alloc::vec::Vec;

/// Options of [`WarmupStableDecay`].
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = WarmupStableDecayConfig::new(5e-4, 10, 70, 20)
///     .with_decay_shape(Shape::OneMinusSqrt)
///     .with_min_lr(2.5e-5)
///     .build()?;
/// assert_eq!(schedule.at(0), 2.5e-5);
/// assert_eq!(schedule.at(100), 2.5e-5);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct WarmupStableDecayConfig {
    pub(crate) peak: f64,
    pub(crate) warmup: u64,
    pub(crate) stable: u64,
    pub(crate) decay: u64,
    pub(crate) min_lr: f64,
    pub(crate) warmup_shape: Shape,
    pub(crate) decay_shape: Shape,
}

impl WarmupStableDecayConfig {
    pub(crate) const DEFAULT: Self = Self {
        peak: 0.0,
        warmup: 0,
        stable: 0,
        decay: 0,
        min_lr: 0.0,
        warmup_shape: Shape::Linear,
        decay_shape: Shape::Linear,
    };

    /// `warmup` steps up to `peak`, `stable` steps there, `decay` steps down, all straight lines
    /// and from and to 0.
    pub fn new(peak: f64, warmup: u64, stable: u64, decay: u64) -> Self {
        Self {
            peak,
            warmup,
            stable,
            decay,
            ..Self::DEFAULT
        }
    }

    /// The rate where the warm-up begins and the decay ends. Default: 0. transformers'
    /// `min_lr_ratio` is this divided by the peak.
    pub fn with_min_lr(mut self, min_lr: f64) -> Self {
        self.min_lr = min_lr;
        self
    }

    /// The form of the way up. Default: [`Shape::Linear`].
    pub fn with_warmup_shape(mut self, warmup_shape: Shape) -> Self {
        self.warmup_shape = warmup_shape;
        self
    }

    /// The form of the way down. Default: [`Shape::Linear`].
    pub fn with_decay_shape(mut self, decay_shape: Shape) -> Self {
        self.decay_shape = decay_shape;
        self
    }

    /// The schedule.
    ///
    /// # Errors
    ///
    /// A rate that is not finite, a decay of no steps, or a shape with a number outside its bounds.
    pub fn build(self) -> Result<WarmupStableDecay, ScheduleError> {
        const OWNER: &str = "warmup_stable_decay";
        ScheduleError::check_finite(OWNER, "peak", self.peak)?;
        ScheduleError::check_finite(OWNER, "min_lr", self.min_lr)?;
        ScheduleError::check_steps(OWNER, "decay", self.decay)?;
        self.warmup_shape
            .check("warmup_stable_decay.warmup_shape")?;
        self.decay_shape.check("warmup_stable_decay.decay_shape")?;
        let stable = Constant::try_new(self.peak)?.take(self.stable);
        let decay = Anneal::try_new(self.peak, self.min_lr, self.decay, self.decay_shape)?;
        let warmup = WarmupConfig::new(self.warmup)
            .with_start(self.min_lr)
            .with_shape(self.warmup_shape);
        Ok(WarmupStableDecay {
            config: self,
            schedule: stable.then(decay).try_warmup_with(warmup)?,
        })
    }
}

/// Warm up, stay at the peak, decay at the end: `warmup` steps from `min_lr` to `peak`, `stable`
/// steps at `peak`, `decay` steps back to `min_lr`, held from there on.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/warmup_stable_decay.svg"))]
///
/// Hu et al., "MiniCPM" (2024); transformers' `get_wsd_schedule`. The same as
/// `Constant::new(peak).take(stable).then(Anneal::new(peak, min_lr, decay, shape)).warmup(..)`.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = WarmupStableDecay::new(0.1, 10, 70, 20);
/// assert_eq!(schedule.at(5), 0.05);
/// assert_eq!(schedule.at(50), 0.1);
/// assert_eq!(schedule.at(90), 0.05);
/// assert_eq!(schedule.at(100), 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WarmupStableDecay {
    config: WarmupStableDecayConfig,
    schedule: Warmup<Then<Take<Constant>, Anneal>>,
}

impl WarmupStableDecay {
    /// Straight lines from 0 up to `peak` and from there down to 0; for other options see
    /// [`WarmupStableDecayConfig`].
    ///
    /// # Panics
    ///
    /// If [`WarmupStableDecayConfig::build`] fails.
    #[track_caller]
    pub fn new(peak: f64, warmup: u64, stable: u64, decay: u64) -> Self {
        or_panic(WarmupStableDecayConfig::new(peak, warmup, stable, decay).build())
    }
}

impl Schedule for WarmupStableDecay {
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
                (PhaseKind::Stable, "stable", self.config.stable as f64),
                (PhaseKind::Decay, "decay", self.config.decay as f64),
            ],
            span,
        )
    }

    fn to_spec(&self) -> Option<Spec> {
        let WarmupStableDecayConfig {
            peak,
            warmup,
            stable,
            decay,
            min_lr,
            warmup_shape,
            decay_shape,
        } = self.config;
        Some(Spec::WarmupStableDecay {
            peak,
            warmup: warmup.into(),
            stable: stable.into(),
            decay: decay.into(),
            min_lr,
            warmup_shape,
            decay_shape,
        })
    }
}

impl Bounded for WarmupStableDecay {
    fn steps(&self) -> u64 {
        self.schedule.steps()
    }
}

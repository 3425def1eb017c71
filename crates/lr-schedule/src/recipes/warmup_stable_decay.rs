use alloc::vec::Vec;

use crate::combine::{Take, Then, Warmup, WarmupConfig};
use crate::curves::{Anneal, Constant};
use crate::data::{Data, table};
use crate::error::{ScheduleError, or_panic};
use crate::phase::{Phase, three_parts};
use crate::schedule::{Bounded, Schedule};
use crate::shape::Shape;

options! {
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
    pub struct WarmupStableDecayConfig: "warmup_stable_decay" builds WarmupStableDecay {
        peak: f64 => Finite,
        warmup: u64 => Any,
        stable: u64 => Any,
        decay: u64 => AtLeast1,
    }
    /// `warmup` steps up to `peak`, `stable` steps there, `decay` steps down, all straight lines
    /// and from and to 0.
    new;
    /// The rate where the warm-up begins and the decay ends. transformers' `min_lr_ratio` is this
    /// divided by the peak.
    with_min_lr, min_lr: f64 = 0.0 => Finite;
    /// The form of the way up.
    with_warmup_shape, warmup_shape: Shape = Shape::Linear => Any;
    /// The form of the way down.
    with_decay_shape, decay_shape: Shape = Shape::Linear => Any;
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

    fn of(config: WarmupStableDecayConfig) -> Result<Self, ScheduleError> {
        let (peak, min_lr) = (config.peak, config.min_lr);
        let first = Take {
            inner: Constant::try_new(peak)?,
            steps: config.stable,
        };
        let next = Anneal::try_new(peak, min_lr, config.decay, config.decay_shape)?;
        let warmup = WarmupConfig::new(config.warmup)
            .with_start(min_lr)
            .with_shape(config.warmup_shape);
        let schedule = Warmup::try_new(Then { first, next }, warmup)?;
        Ok(Self { config, schedule })
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
        let lengths = [self.config.warmup, self.config.stable, self.config.decay];
        three_parts("stable", lengths, span)
    }

    fn description(&self) -> Option<Data> {
        Some(table("warmup_stable_decay", self.config.fields()))
    }
}

impl Bounded for WarmupStableDecay {
    fn steps(&self) -> u64 {
        self.schedule.steps()
    }
}

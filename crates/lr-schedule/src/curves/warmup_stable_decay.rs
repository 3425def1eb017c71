use crate::length::Length;
use crate::math::{float, lerp};
use crate::phase::three_parts;
use crate::shape::Shape;

curve! {
    /// Warm up, stay at the peak, decay at the end: `warmup` steps from `min_lr` to `peak`, `stable`
    /// steps at `peak`, `decay` steps back to `min_lr`, held from there on.
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
    pub struct WarmupStableDecay: "warmup_stable_decay", WarmupStableDecayConfig, until steps {
        peak: f64 => Finite,
        warmup: u64 as Length => Any,
        stable: u64 as Length => Any,
        decay: u64 as Length => AtLeast1,
    }
    options {
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
        config;
        /// The rate where the warm-up begins and the decay ends. transformers' `min_lr_ratio` is this
        /// divided by the peak.
        with_min_lr, min_lr: f64 = 0.0 => Finite;
        /// The form of the way up.
        with_warmup_shape, warmup_shape: Shape = Shape::Linear => Any;
        /// The form of the way down.
        with_decay_shape, decay_shape: Shape = Shape::Linear => Any;
    }
    with { steps: u64 = warmup.saturating_add(stable).saturating_add(decay) }
    /// `warmup` steps up to `peak`, `stable` steps there, `decay` steps down, all straight lines
    /// and from and to 0; for other options see [`WarmupStableDecayConfig`].
    new;
    example |steps| {
        let (warmup, decay) = (steps.div_ceil(10), steps.div_ceil(5));
        WarmupStableDecay::new(0.1, warmup, steps.saturating_sub(warmup + decay), decay)
    };
    parts |stages, span| three_parts("stable", [stages.warmup, stages.stable, stages.decay], span);
}

impl WarmupStableDecay {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        match step.checked_sub(self.warmup) {
            Some(n) => self.after_warmup(n),
            None => {
                let t = self.warmup_shape.rise(float(step), float(self.warmup));
                lerp(self.min_lr, self.after_warmup(0), t)
            }
        }
    }

    fn after_warmup(&self, n: u64) -> f64 {
        let Some(n) = n.checked_sub(self.stable) else {
            return self.peak;
        };
        let (n, of) = (float(n.min(self.decay)), float(self.decay));
        lerp(self.peak, self.min_lr, self.decay_shape.decay(n, of))
    }
}

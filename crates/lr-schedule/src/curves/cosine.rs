use crate::length::Length;
use crate::math::{cosine, share};
use crate::phase::ramp;

curve! {
    /// Half a cosine: `at(n) = end + (start - end) · (1 + cos(π n / steps)) / 2`, then `end`.
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
    pub struct Cosine: "cosine", CosineSpec, until steps {
        start: f64 => Finite,
        end: f64 = 0.0 => Finite,
        steps: u64 as Length => AtLeast1,
    }
    /// Creates one from `start` at step 0 to `end` at step `steps`.
    new;
    example |steps| Cosine::new(0.1, 0.01, steps);
    parts |curve, span| ramp(curve.start, curve.end, curve.steps, span);
}

impl Cosine {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        cosine(self.start, self.end, share(step, self.steps))
    }
}

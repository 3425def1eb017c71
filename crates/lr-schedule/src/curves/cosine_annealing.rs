use crate::length::Length;
use crate::math::{cosine, float};
use crate::phase::waves;

curve! {
    /// A whole cosine wave without an end: down for `t_max` steps, up for `t_max` steps, and so on:
    /// `at(n) = min + (max - min) · (1 + cos(π n / t_max)) / 2`.
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
    pub struct CosineAnnealing: "cosine_annealing", CosineAnnealingSpec {
        max: f64 => Finite,
        min: f64 = 0.0 => Finite,
        t_max: u64 as Length => AtLeast1,
    }
    /// Creates one from `max` at step 0 to `min` at step `t_max`, half a period.
    new;
    example |steps| CosineAnnealing::new(0.1, 0.01, steps.div_ceil(4));
    parts |curve, span| waves(float(curve.t_max), span);
    shown |curve| curve.t_max.checked_mul(2);
}

impl CosineAnnealing {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
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
}

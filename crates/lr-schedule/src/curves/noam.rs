use crate::length::Length;
use crate::math::{float, powf, sqrt};
use crate::phase::{PhaseKind, parts};

curve! {
    /// The schedule of the first transformer, without an end: up in a straight line for `warmup` steps,
    /// then down with the inverse square root:
    /// `at(n) = factor · model_size^-½ · min(s^-½, s · warmup^-1½)`, with `s = n + 1`.
    ///
    /// Vaswani et al., "Attention Is All You Need" (2017); Burn's `NoamLrScheduler`.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = Noam::new(1.0, 512, 4_000);
    /// let peak = 1.0 / (512.0f64 * 4_000.0).sqrt();
    /// assert!((schedule.at(3_999) - peak).abs() < 1e-15);
    /// assert!((schedule.at(15_999) - peak / 2.0).abs() < 1e-15);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Noam: "noam", NoamSpec {
        factor: f64 = 1.0 => Finite,
        model_size: u64 = 512 => AtLeast1,
        warmup: u64 as Length = Length::Steps(4_000) => AtLeast1,
    }
    /// Creates one for embeddings of `model_size` numbers, with its peak at step `warmup - 1`, all of it times
    /// `factor`.
    new;
    example |steps| Noam::new(1.0, 512, steps.div_ceil(5));
    parts |noam, span| {
        let warmup = float(noam.warmup);
        let up = (PhaseKind::WarmUp, "warm-up", warmup);
        let down = (PhaseKind::Decay, "decay", (span - warmup).max(0.0));
        parts(&[up, down], span)
    };
    shown |noam| noam.warmup.checked_mul(5);
}

impl Noam {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let s = float(step) + 1.0;
        let rate = (1.0 / sqrt(s)).min(s * powf(float(self.warmup), -1.5));
        self.factor * (rate / sqrt(float(self.model_size)))
    }
}

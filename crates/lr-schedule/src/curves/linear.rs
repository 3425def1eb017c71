use crate::length::Length;
use crate::math::{lerp, share};
use crate::phase::ramp;

curve! {
    /// A straight line: `at(n) = start + (end - start) · n / steps`, then `end`.
    ///
    /// PyTorch's `LinearLR(start_factor, end_factor, total_iters)` is
    /// `LinearRamp::new(base * start_factor, base * end_factor, total_iters)`; optax's
    /// `linear_schedule`; Burn's `LinearLrScheduler`.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = LinearRamp::new(0.9, 0.5, 4);
    /// assert_eq!(schedule.at(0), 0.9);
    /// assert_eq!(schedule.at(2), 0.7);
    /// assert_eq!(schedule.at(4), 0.5);
    /// assert_eq!(schedule.at(1_000), 0.5);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct LinearRamp: "linear", LinearRampSpec, until steps {
        start: f64 => Finite,
        end: f64 = 0.0 => Finite,
        steps: u64 as Length => AtLeast1,
    }
    /// Creates one from `start` at step 0 to `end` at step `steps`.
    new;
    example |steps| LinearRamp::new(0.1, 0.01, steps * 9 / 10);
    parts |curve, span| ramp(curve.start, curve.end, curve.steps, span);
}

impl LinearRamp {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        lerp(self.start, self.end, share(step, self.steps))
    }
}

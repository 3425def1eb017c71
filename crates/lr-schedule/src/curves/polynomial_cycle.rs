use crate::length::Length;
use crate::math::{float, lerp, powf};
use crate::phase::cycles;

curve! {
    /// A power of a straight line that starts again, longer and lower, each time that it has come to
    /// its end: `at(n) = end + (start - end) · (1 - n / (steps · k))^power`, with `k` the smallest
    /// whole number that makes `steps · k` at least `n`, and at least 1.
    ///
    /// Keras's `PolynomialDecay(cycle=True)`.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = PolynomialCycle::new(0.1, 0.0, 50, 1.0);
    /// assert_eq!([schedule.at(25), schedule.at(50)], [0.05, 0.0]);
    /// assert_eq!(schedule.at(75), 0.025); // a quarter of the way left, of 100 steps
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct PolynomialCycle: "polynomial_cycle", PolynomialCycleSpec {
        start: f64 => Finite,
        end: f64 = 0.0 => Finite,
        steps: u64 as Length => AtLeast1,
        power: f64 => Above0,
    }
    /// Creates one from `start` at step 0 to `end` at step `steps`, and again to there at every multiple.
    new;
    example |steps| PolynomialCycle::new(0.1, 0.01, steps.div_ceil(5), 1.0);
    parts |curve, span| cycles(|_| float(curve.steps), None, span);
    shown |curve| curve.steps.checked_mul(3);
}

impl PolynomialCycle {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let cycle = float(step.div_ceil(self.steps).max(1));
        let gone = (float(step) / (float(self.steps) * cycle)).min(1.0);
        lerp(self.end, self.start, powf(1.0 - gone, self.power))
    }
}

use crate::length::Length;
use crate::math::{lerp, powf, share};
use crate::phase::ramp;

curve! {
    /// A power of a straight line: `at(n) = end + (start - end) · (1 - n / steps)^power`, then `end`.
    ///
    /// PyTorch's `PolynomialLR(total_iters, power)` with `end = 0`; transformers' polynomial decay;
    /// optax's `polynomial_schedule`.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = Polynomial::new(0.4, 0.0, 100, 2.0);
    /// assert_eq!(schedule.at(50), 0.1); // (1/2)² of 0.4
    /// assert_eq!(schedule.at(100), 0.0);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Polynomial: "polynomial", PolynomialSpec, until steps {
        start: f64 => Finite,
        end: f64 = 0.0 => Finite,
        steps: u64 as Length => AtLeast1,
        power: f64 => Above0,
    }
    /// Creates one from `start` at step 0 to `end` at step `steps`; a `power` of 1 is a straight line.
    new;
    example |steps| Polynomial::new(0.1, 0.01, steps, 2.0);
    parts |curve, span| ramp(curve.start, curve.end, curve.steps, span);
}

impl Polynomial {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let left = powf(1.0 - share(step, self.steps), self.power);
        lerp(self.end, self.start, left)
    }
}

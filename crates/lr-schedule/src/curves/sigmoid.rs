use crate::length::Length;
use crate::math::{lerp, share, tanh};
use crate::phase::ramp;

curve! {
    /// A logistic curve between two rates, slow at both ends:
    /// `at(n) = end + (start - end) · (1 - tanh(k (2n / steps - 1)) / tanh(k)) / 2`, with
    /// `k = steepness / 4`, then `end`.
    ///
    /// The sigmoid `1 / (1 + e^(steepness · (n / steps - 1/2)))`, stretched so that it begins at
    /// `start` and ends at `end`; unstretched it is [`Anneal`](super::Anneal) in
    /// [`Shape::Tanh`](crate::Shape::Tanh), by Hsueh et al., "Stochastic Gradient Descent with
    /// Hyperbolic-Tangent Decay on Classification" (2018).
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = Sigmoid::new(0.1, 0.0, 100, 10.0);
    /// assert_eq!([schedule.at(0), schedule.at(50), schedule.at(100)], [0.1, 0.05, 0.0]);
    /// assert!(schedule.at(10) > 0.098);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Sigmoid: "sigmoid", SigmoidSpec, until steps {
        start: f64 => Finite,
        end: f64 = 0.0 => Finite,
        steps: u64 as Length => AtLeast1,
        steepness: f64 = 10.0 => Above0,
    }
    with { k: f64 = (steepness / 4.0).max(f64::MIN_POSITIVE) }
    /// Creates one from `start` at step 0 to `end` at step `steps`, steeper in its middle the larger `steepness`.
    new;
    example |steps| Sigmoid::new(0.1, 0.01, steps, 10.0);
    parts |curve, span| ramp(curve.start, curve.end, curve.steps, span);
}

impl Sigmoid {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let middle = 2.0 * share(step, self.steps) - 1.0;
        let left = (1.0 - tanh(self.k * middle) / tanh(self.k)) / 2.0;
        lerp(self.end, self.start, left)
    }
}

use crate::length::Length;
use crate::math::{float, lerp};
use crate::phase::ramp;
use crate::shape::Shape;

curve! {
    /// A transition from one rate to another in any [`Shape`]:
    /// `at(n) = start + (end - start) · shape.decay(n, steps)`, then `end`.
    ///
    /// The tail of a warm-up-stable-decay schedule. [`LinearRamp`](super::LinearRamp) and
    /// [`Cosine`](super::Cosine) are the two shapes with a name of their own.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = Anneal::new(0.1, 0.0, 100, Shape::OneMinusSqrt);
    /// assert_eq!(schedule.at(25), 0.05); // 1 - √(25/100) of 0.1
    /// assert_eq!(schedule.at(100), 0.0);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Anneal: "anneal", AnnealSpec, until steps {
        start: f64 => Finite,
        end: f64 = 0.0 => Finite,
        steps: u64 as Length => AtLeast1,
        shape: Shape = Shape::Linear => Any,
    }
    /// Creates one from `start` at step 0 to `end` at step `steps`, in `shape`.
    new;
    example |steps| Anneal::new(0.1, 0.0, steps, Shape::Rex);
    parts |curve, span| ramp(curve.start, curve.end, curve.steps, span);
}

impl Anneal {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let (step, steps) = (float(step.min(self.steps)), float(self.steps));
        lerp(self.start, self.end, self.shape.decay(step, steps))
    }
}

use crate::length::Length;
use crate::math::{float, lerp, powf, share};
use crate::phase::three_parts;
use crate::shape::Shape;

curve! {
    /// A power of the step under a peak, `p(n) = min(peak, a · n^b)`, with a warm-up and a decay:
    /// `p(warmup) · n / warmup`, then `p(n)`, then in `shape` from `p(warmup + power)` to `end`.
    ///
    /// Shen et al., "Power Scheduler: A Batch Size and Token Number Agnostic Learning Rate Scheduler"
    /// (2024), which counts tokens rather than steps.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = Power::new(0.1, 1.0, -0.5, 10, 390, 100, 0.0, Shape::Linear);
    /// assert_eq!([schedule.at(5), schedule.at(50), schedule.at(100)], [0.05, 0.1, 0.1]);
    /// assert_eq!([schedule.at(400), schedule.at(450), schedule.at(500)], [0.05, 0.025, 0.0]);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Power: "power", PowerSpec, until steps {
        peak: f64 => Finite,
        a: f64 => AtLeast0,
        b: f64 => Finite,
        warmup: u64 as Length => Any,
        power: u64 as Length => Any,
        decay: u64 as Length => AtLeast1,
        end: f64 = 0.0 => Finite,
        shape: Shape = Shape::Linear => Any,
    }
    with { begin: u64 = warmup.saturating_add(power), steps: u64 = begin.saturating_add(decay) }
    /// `warmup` steps up, `power` steps by the power law, `decay` steps down to `end`.
    #[allow(clippy::too_many_arguments)]
    new;
    example |steps| {
        let (warmup, decay) = (steps.div_ceil(20), steps.div_ceil(10));
        let (a, power) = (0.04 * powf(float(steps), 0.5), steps - warmup - decay);
        Power::new(0.1, a, -0.5, warmup, power, decay, 0.0, Shape::Linear)
    };
    parts |curve, span| three_parts("power", [curve.warmup, curve.power, curve.decay], span);
}

impl Power {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let law = |n: u64| (self.a * powf(float(n), self.b)).min(self.peak);
        match step.checked_sub(self.begin) {
            _ if step < self.warmup => law(self.warmup) * share(step, self.warmup),
            None => law(step),
            Some(n) => {
                let (n, of) = (float(n.min(self.decay)), float(self.decay));
                lerp(law(self.begin), self.end, self.shape.decay(n, of))
            }
        }
    }
}

use crate::length::Length;
use crate::math::{exp, ln, share};
use crate::phase::ramp;

curve! {
    /// A transition from one rate to another by the same factor at every step: `at(n) = start · (end / start)^(n /
    /// steps)`, then `end`. A straight line on a logarithmic axis: the sweep of a learning-rate
    /// finder, and the decay of fairseq's `tri_stage`.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = Geometric::new(1e-6, 1.0, 60);
    /// assert!((schedule.at(30) - 1e-3).abs() < 1e-15);
    /// assert_eq!(schedule.at(60), 1.0);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Geometric: "geometric", GeometricSpec, until steps {
        start: f64 => Above0,
        end: f64 => Above0,
        steps: u64 as Length => AtLeast1,
    }
    /// Creates one from `start` at step 0 to `end` at step `steps`.
    new;
    example |steps| Geometric::new(0.1, 1e-3, steps);
    parts |curve, span| ramp(curve.start, curve.end, curve.steps, span);
}

impl Geometric {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        geometric(self.start, self.end, share(step, self.steps))
    }
}

/// The point at share `t` of the way from `start` to `end`, on a logarithmic axis.
#[inline]
pub(super) fn geometric(start: f64, end: f64, t: f64) -> f64 {
    match t {
        0.0 => start,
        1.0 => end,
        // A weighted mean of logarithms, between which it stays.
        t => exp(ln(start) * (1.0 - t) + ln(end) * t).min(f64::MAX),
    }
}

use alloc::vec::Vec;

use super::define::Curve;
use crate::phase::{Phase, PhaseKind, whole};

curve! {
    /// The same rate at every step, without an end: `at(n) = rate`.
    ///
    #[cfg_attr(doc, doc = include_str!("../../pictures/constant.svg"))]
    ///
    /// PyTorch's `ConstantLR(factor, total_iters)` is this for `total_iters` steps, then the base
    /// rate:
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let (base, factor, total_iters) = (0.05, 0.5, 4);
    /// let schedule = Constant::new(base * factor).take(total_iters).then(Constant::new(base));
    /// assert_eq!((schedule.at(3), schedule.at(4)), (0.025, 0.05));
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Constant: "constant", ConstantSpec {
        rate: f64 => Finite,
    }
    /// `rate` at every step.
    pub fn new, try_new
}

impl Curve for Constant {
    #[inline]
    fn rate(&self, _step: u64) -> f64 {
        self.rate
    }

    fn parts(&self, span: f64) -> Vec<Phase> {
        whole(PhaseKind::Stable, "stable", span)
    }

    fn example(_steps: u64) -> Self {
        Self::new(0.1)
    }
}

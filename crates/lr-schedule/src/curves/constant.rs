use crate::phase::{PhaseKind, whole};

curve! {
    /// The same rate at every step, without an end: `at(n) = rate`.
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
    new;
    example |_steps| Constant::new(0.1);
    parts |_curve, span| whole(PhaseKind::Stable, "stable", span);
}

impl Constant {
    #[inline]
    fn rate(&self, _step: u64) -> f64 {
        self.rate
    }
}

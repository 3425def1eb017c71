use super::powers::Powers;
use crate::length::Length;

curve! {
    /// A cut every so many steps, without an end: `at(n) = start · gamma^⌊n / step_size⌋`.
    ///
    /// PyTorch's `StepLR(step_size, gamma)`, Burn's `StepLrScheduler`.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = Step::new(0.5, 3, 0.1);
    /// assert_eq!((schedule.at(2), schedule.at(3)), (0.5, 0.05));
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Step: "step", StepSpec {
        start: f64 => Finite,
        step_size: u64 as Length => AtLeast1,
        gamma: f64 = 0.1 => AtLeast0,
    }
    with { powers: Powers = Powers::of(gamma) }
    /// `start`, times `gamma` every `step_size` steps.
    new;
    example |steps| Step::new(0.1, steps.div_ceil(5), 0.5);
    shown |curve| curve.step_size.checked_mul(4);
}

impl Step {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        self.powers.scale(self.start, step / self.step_size)
    }
}

use super::define::Curve;
use super::powers::Powers;
use crate::length::Length;

curve! {
    /// A cut every so many steps, without an end: `at(n) = start · gamma^⌊n / step_size⌋`.
    ///
    #[cfg_attr(doc, doc = include_str!("../../pictures/step.svg"))]
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
    pub fn new, try_new
}

impl Curve for Step {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        self.powers.scale(self.start, step / self.step_size)
    }

    fn shown(&self) -> Option<u64> {
        self.step_size.checked_mul(4)
    }

    fn example(steps: u64) -> Self {
        Self::new(0.1, steps.div_ceil(5), 0.5)
    }
}

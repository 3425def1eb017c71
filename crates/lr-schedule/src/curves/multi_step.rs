use alloc::vec::Vec;

use super::powers::Powers;
use crate::error::ScheduleError;
use crate::length::Length;
use crate::math::margin;

curve! {
    /// A cut at each milestone, without an end: `at(n) = start · gamma^(milestones ≤ n)`.
    ///
    /// PyTorch's `MultiStepLR(milestones, gamma)`: milestones may come in any order, one that is
    /// given twice cuts twice, and one at 0 cuts before the first step.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = MultiStep::new(0.1, [30, 0], 0.1);
    /// assert!((schedule.at(0) - 0.01).abs() < 1e-15);
    /// assert!((schedule.at(29) - 0.01).abs() < 1e-15);
    /// assert!((schedule.at(30) - 0.001).abs() < 1e-15);
    /// ```
    #[derive(Debug, Clone, PartialEq)]
    pub struct MultiStep: "multi_step", MultiStepSpec {
        start: f64 => Finite,
        milestones: Vec<u64> as Vec<Length> [impl Into<Vec<u64>>] => Any,
        gamma: f64 = 0.1 => AtLeast0,
    }
    with { powers: Powers = Powers::of(gamma) }
    check sort
    /// `start`, times `gamma` from each of the `milestones` on.
    new;
    example |steps| MultiStep::new(0.1, [steps * 3 / 10, steps * 7 / 10], 0.3);
    shown |curve| margin(&curve.milestones);
}

impl MultiStep {
    fn sort(&mut self) -> Result<(), ScheduleError> {
        self.milestones.sort_unstable();
        Ok(())
    }

    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let passed = self.milestones.partition_point(|&at| at <= step);
        self.powers.scale(self.start, passed as u64)
    }
}

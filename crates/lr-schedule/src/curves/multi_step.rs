use alloc::sync::Arc;
use alloc::vec::Vec;

use super::powers::Powers;
use crate::error::or_panic;
use crate::{Schedule, ScheduleError, Spec};

/// A cut at each milestone, without an end: `at(n) = start · gamma^(milestones ≤ n)`.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/multi_step.svg"))]
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
pub struct MultiStep {
    start: f64,
    /// In ascending order, behind a pointer so that clones are cheap.
    milestones: Arc<[u64]>,
    gamma: Powers,
}

impl MultiStep {
    /// `start`, times `gamma` from each of the `milestones` on.
    ///
    /// # Panics
    ///
    /// Where [`try_new`](Self::try_new) fails.
    #[track_caller]
    pub fn new(start: f64, milestones: impl Into<Vec<u64>>, gamma: f64) -> Self {
        or_panic(Self::try_new(start, milestones, gamma))
    }

    /// `start`, times `gamma` from each of the `milestones` on.
    ///
    /// # Errors
    ///
    /// A rate that is not finite, or a `gamma` that is negative or not finite.
    pub fn try_new(
        start: f64,
        milestones: impl Into<Vec<u64>>,
        gamma: f64,
    ) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("multi_step", "start", start)?;
        ScheduleError::check_not_negative("multi_step", "gamma", gamma)?;
        let mut milestones = milestones.into();
        milestones.sort_unstable();
        Ok(Self {
            start,
            milestones: milestones.into(),
            gamma: Powers::of(gamma),
        })
    }
}

impl Schedule for MultiStep {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        let passed = self.milestones.partition_point(|&at| at <= step);
        self.gamma.scale(self.start, passed as u64)
    }

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::MultiStep {
            start: self.start,
            milestones: self.milestones.iter().map(|&step| step.into()).collect(),
            gamma: self.gamma.factor(),
        })
    }
}

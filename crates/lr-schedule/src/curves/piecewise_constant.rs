use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::error::or_panic;
use crate::{Schedule, ScheduleError, Spec};

/// One rate after another, each from its boundary on, without an end:
/// `at(n) = values[boundaries ≤ n]`.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/piecewise_constant.svg"))]
///
/// optax's `piecewise_constant_schedule`, which gives the values as factors. Keras's
/// `PiecewiseConstantDecay` changes one step after its boundary.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = PiecewiseConstant::new([0.1, 0.05, 0.01], [100, 200]);
/// assert_eq!([schedule.at(99), schedule.at(100), schedule.at(200)], [0.1, 0.05, 0.01]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PiecewiseConstant {
    values: Arc<[f64]>,
    boundaries: Arc<[u64]>,
}

impl PiecewiseConstant {
    /// `values[0]` first, and `values[i + 1]` from step `boundaries[i]` on.
    ///
    /// # Panics
    ///
    /// Where [`try_new`](Self::try_new) fails.
    #[track_caller]
    pub fn new(values: impl Into<Vec<f64>>, boundaries: impl Into<Vec<u64>>) -> Self {
        or_panic(Self::try_new(values, boundaries))
    }

    /// `values[0]` first, and `values[i + 1]` from step `boundaries[i]` on.
    ///
    /// # Errors
    ///
    /// A value that is not finite, boundaries that go down, or not one value more than those.
    pub fn try_new(
        values: impl Into<Vec<f64>>,
        boundaries: impl Into<Vec<u64>>,
    ) -> Result<Self, ScheduleError> {
        const OWNER: &str = "piecewise_constant";
        let (values, boundaries) = (values.into(), boundaries.into());
        for (i, value) in values.iter().enumerate() {
            ScheduleError::check_finite(OWNER, &format!("values[{i}]"), *value)?;
        }
        let (count, allowed) = (values.len(), "one more than boundaries");
        ScheduleError::check(
            count == boundaries.len() + 1,
            OWNER,
            "values",
            count,
            allowed,
        )?;
        if let Some(i) = (1..boundaries.len()).find(|&i| boundaries[i] < boundaries[i - 1]) {
            let (place, allowed) = (format!("boundaries[{i}]"), "at least the one before it");
            ScheduleError::check(false, OWNER, &place, boundaries[i], allowed)?;
        }
        Ok(Self {
            values: values.into(),
            boundaries: boundaries.into(),
        })
    }
}

impl Schedule for PiecewiseConstant {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        self.values[self.boundaries.partition_point(|&at| at <= step)]
    }

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::PiecewiseConstant {
            values: self.values.to_vec(),
            boundaries: self.boundaries.iter().map(|&step| step.into()).collect(),
        })
    }
}

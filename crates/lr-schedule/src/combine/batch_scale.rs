use super::several::wrapped;
use crate::data::Data;
use crate::error::ScheduleError;
use crate::field::Field;
use crate::math::{finite, float, sqrt};
use crate::schedule::{Bounded, Schedule};

/// A rule for taking a rate that was found with one batch size over to another.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// assert_eq!(BatchRule::Linear.factor(1_024, 256), 4.0);
/// assert_eq!(BatchRule::SquareRoot.factor(1_024, 256), 2.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchRule {
    /// Proportional: `batch / reference`. Goyal et al., "Accurate, Large Minibatch SGD: Training
    /// ImageNet in 1 Hour" (2017); for SGD.
    Linear,
    /// The square root: `√(batch / reference)`. Krizhevsky, "One weird trick for
    /// parallelizing convolutional neural networks" (2014); Malladi et al. (2022), for Adam.
    SquareRoot,
}

names! { BatchRule, "rule": { Linear "linear", SquareRoot "square_root" } }

impl BatchRule {
    /// The factor of a rate that was found with batches of `reference` samples, to train
    /// with batches of `batch` samples.
    pub fn factor(self, batch: u64, reference: u64) -> f64 {
        let ratio = float(batch) / float(reference.max(1));
        match self {
            Self::Linear => ratio,
            Self::SquareRoot => sqrt(ratio),
        }
    }
}

/// A schedule for another batch size; see [`ScheduleExt::scale_batch`](crate::ScheduleExt::scale_batch).
///
#[cfg_attr(doc, doc = include_str!("../../pictures/batch_scale.svg"))]
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct BatchScale<S> {
    inner: S,
    factor: f64,
    rule: BatchRule,
    batch: u64,
    reference: u64,
}

impl<S> BatchScale<S> {
    pub(crate) fn try_new(
        inner: S,
        rule: BatchRule,
        batch: u64,
        reference: u64,
    ) -> Result<Self, ScheduleError> {
        ScheduleError::check_steps("batch_scale", "batch", batch)?;
        ScheduleError::check_steps("batch_scale", "reference", reference)?;
        Ok(Self {
            inner,
            factor: rule.factor(batch, reference),
            rule,
            batch,
            reference,
        })
    }
}

impl<S: Schedule> Schedule for BatchScale<S> {
    fn at(&self, step: u64) -> f64 {
        finite(self.inner.at(step) * self.factor)
    }

    as_inner!();

    fn description(&self) -> Option<Data> {
        let fields = [
            ("rule", self.rule.to_data()),
            ("reference", self.reference.to_data()),
            ("batch", self.batch.to_data()),
        ];
        wrapped("batch_scale", fields, &self.inner)
    }
}

impl<S: Bounded> Bounded for BatchScale<S> {
    fn steps(&self) -> u64 {
        self.inner.steps()
    }
}

use alloc::vec::Vec;

use super::several::wrapped;
use crate::data::Data;
use crate::field::Field;
use crate::phase::{Phase, until};
use crate::schedule::{Bounded, Schedule};

/// The beginning of a schedule; see [`ScheduleExt::take`](crate::ScheduleExt::take).
///
#[cfg_attr(doc, doc = include_str!("../../pictures/take.svg"))]
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Take<S> {
    pub(crate) inner: S,
    pub(crate) steps: u64,
}

impl<S: Schedule> Schedule for Take<S> {
    fn at(&self, step: u64) -> f64 {
        self.inner.at(step.min(self.steps))
    }

    fn advance(&self, step: u64, previous: f64) -> f64 {
        match step <= self.steps {
            true => self.inner.advance(step, previous),
            false => previous,
        }
    }

    fn length(&self) -> Option<u64> {
        Some(self.steps)
    }

    fn phases(&self, span: f64) -> Vec<Phase> {
        let end = self.steps as f64;
        let mut phases = until(self.inner.phases(end.min(span)), end);
        if !phases.is_empty() {
            phases.push(Phase::held(end, span));
        }
        phases
    }

    fn description(&self) -> Option<Data> {
        wrapped("take", [("steps", self.steps.to_data())], &self.inner)
    }
}

impl<S: Schedule> Bounded for Take<S> {
    fn steps(&self) -> u64 {
        self.steps
    }
}

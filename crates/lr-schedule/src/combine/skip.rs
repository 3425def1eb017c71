use alloc::vec::Vec;

use super::several::wrapped;
use crate::data::Data;
use crate::field::Field;
use crate::phase::Phase;
use crate::schedule::{Bounded, Schedule};

/// A schedule without its beginning; see [`ScheduleExt::skip`](crate::ScheduleExt::skip).
///
#[cfg_attr(doc, doc = include_str!("../../pictures/skip.svg"))]
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Skip<S> {
    pub(crate) inner: S,
    pub(crate) steps: u64,
}

impl<S: Schedule> Schedule for Skip<S> {
    fn at(&self, step: u64) -> f64 {
        self.inner.at(step.saturating_add(self.steps))
    }

    fn advance(&self, step: u64, previous: f64) -> f64 {
        match step.checked_add(self.steps) {
            Some(inner) if step > 0 => self.inner.advance(inner, previous),
            _ => self.at(step), // the first, or the last one again
        }
    }

    fn length(&self) -> Option<u64> {
        Some(self.inner.length()?.saturating_sub(self.steps))
    }

    fn phases(&self, span: f64) -> Vec<Phase> {
        let skipped = self.steps as f64;
        let phases = self.inner.phases(span + skipped).into_iter();
        phases.map(|phase| phase.shifted(-skipped)).collect()
    }

    fn span(&self) -> Option<u64> {
        self.inner.span()?.checked_sub(self.steps)
    }

    fn description(&self) -> Option<Data> {
        wrapped("skip", [("steps", self.steps.to_data())], &self.inner)
    }
}

impl<S: Bounded> Bounded for Skip<S> {
    fn steps(&self) -> u64 {
        self.inner.steps().saturating_sub(self.steps)
    }
}

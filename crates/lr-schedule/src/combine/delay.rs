use alloc::vec::Vec;

use super::several::wrapped;
use crate::data::Data;
use crate::field::Field;
use crate::phase::{Phase, PhaseKind, before};
use crate::schedule::{Bounded, Schedule};

/// A schedule that begins later; see [`ScheduleExt::delay`](crate::ScheduleExt::delay).
///
#[cfg_attr(doc, doc = include_str!("../../pictures/delay.svg"))]
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Delay<S> {
    pub(crate) inner: S,
    pub(crate) steps: u64,
}

impl<S: Schedule> Schedule for Delay<S> {
    fn at(&self, step: u64) -> f64 {
        self.inner.at(step.saturating_sub(self.steps))
    }

    fn advance(&self, step: u64, previous: f64) -> f64 {
        match step.checked_sub(self.steps) {
            None | Some(0) => self.inner.at(0),
            Some(step) => self.inner.advance(step, previous),
        }
    }

    fn length(&self) -> Option<u64> {
        Some(self.inner.length()?.saturating_add(self.steps))
    }

    fn phases(&self, span: f64) -> Vec<Phase> {
        let delay = self.steps as f64;
        let inner = self.inner.phases(span - delay);
        before(PhaseKind::Stable, "delay", delay, inner)
    }

    fn span(&self) -> Option<u64> {
        self.steps.checked_add(self.inner.span()?)
    }

    fn description(&self) -> Option<Data> {
        wrapped("delay", [("steps", self.steps.to_data())], &self.inner)
    }
}

impl<S: Bounded> Bounded for Delay<S> {
    fn steps(&self) -> u64 {
        self.inner.steps().saturating_add(self.steps)
    }
}

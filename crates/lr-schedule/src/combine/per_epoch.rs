use alloc::vec::Vec;

use super::several::wrapped;
use crate::data::Data;
use crate::error::ScheduleError;
use crate::field::Field;
use crate::phase::Phase;
use crate::schedule::{Bounded, Schedule};

/// A schedule whose steps are epochs; see [`ScheduleExt::per_epoch`](crate::ScheduleExt::per_epoch).
///
#[cfg_attr(doc, doc = include_str!("../../pictures/per_epoch.svg"))]
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct PerEpoch<S> {
    inner: S,
    steps: u64,
}

impl<S> PerEpoch<S> {
    pub(crate) fn try_new(inner: S, steps: u64) -> Result<Self, ScheduleError> {
        ScheduleError::check_steps("per_epoch", "steps", steps)?;
        Ok(Self { inner, steps })
    }
}

impl<S: Schedule> Schedule for PerEpoch<S> {
    fn at(&self, step: u64) -> f64 {
        self.inner.at(step / self.steps)
    }

    fn advance(&self, step: u64, previous: f64) -> f64 {
        match step % self.steps {
            0 if step > 0 => self.inner.advance(step / self.steps, previous),
            0 => self.inner.at(0),
            _ => previous,
        }
    }

    fn length(&self) -> Option<u64> {
        Some(self.inner.length()?.saturating_mul(self.steps))
    }

    fn phases(&self, span: f64) -> Vec<Phase> {
        let steps = self.steps as f64;
        let phases = self.inner.phases(span / steps).into_iter();
        let scaled = phases.map(|phase| Phase {
            start: phase.start * steps,
            end: phase.end * steps,
            ..phase
        });
        scaled.collect()
    }

    fn span(&self) -> Option<u64> {
        self.steps.checked_mul(self.inner.span()?)
    }

    fn description(&self) -> Option<Data> {
        wrapped("per_epoch", [("steps", self.steps.to_data())], &self.inner)
    }
}

impl<S: Bounded> Bounded for PerEpoch<S> {
    fn steps(&self) -> u64 {
        self.inner.steps().saturating_mul(self.steps)
    }
}

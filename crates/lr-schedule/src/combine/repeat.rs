use alloc::vec::Vec;

use super::several::wrapped;
use crate::data::Data;
use crate::error::ScheduleError;
use crate::field::Field;
use crate::phase::{Phase, cycles};
use crate::schedule::Schedule;

/// A schedule that begins again; see [`ScheduleExt::repeat`](crate::ScheduleExt::repeat).
///
#[cfg_attr(doc, doc = include_str!("../../pictures/repeat.svg"))]
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Repeat<S> {
    inner: S,
    every: u64,
}

impl<S> Repeat<S> {
    pub(crate) fn try_new(inner: S, every: u64) -> Result<Self, ScheduleError> {
        ScheduleError::check_steps("repeat", "every", every)?;
        Ok(Self { inner, every })
    }
}

impl<S: Schedule> Schedule for Repeat<S> {
    fn at(&self, step: u64) -> f64 {
        self.inner.at(step % self.every)
    }

    fn advance(&self, step: u64, previous: f64) -> f64 {
        match step % self.every {
            0 => self.inner.at(0),
            step => self.inner.advance(step, previous),
        }
    }

    fn phases(&self, span: f64) -> Vec<Phase> {
        cycles(|_| self.every as f64, None, span)
    }

    fn span(&self) -> Option<u64> {
        self.every.checked_mul(3)
    }

    fn description(&self) -> Option<Data> {
        wrapped("repeat", [("every", self.every.to_data())], &self.inner)
    }
}

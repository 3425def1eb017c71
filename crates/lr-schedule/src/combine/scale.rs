use super::several::wrapped;
use crate::data::Data;
use crate::error::ScheduleError;
use crate::field::Field;
use crate::math::finite;
use crate::schedule::{Bounded, Schedule};

/// A schedule times a number; see [`ScheduleExt::scale`](crate::ScheduleExt::scale).
///
#[cfg_attr(doc, doc = include_str!("../../pictures/scale.svg"))]
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Scale<S> {
    inner: S,
    factor: f64,
}

impl<S> Scale<S> {
    pub(crate) fn try_new(inner: S, factor: f64) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("scale", "factor", factor)?;
        Ok(Self { inner, factor })
    }
}

impl<S: Schedule> Schedule for Scale<S> {
    fn at(&self, step: u64) -> f64 {
        finite(self.inner.at(step) * self.factor)
    }

    as_inner!();

    fn description(&self) -> Option<Data> {
        wrapped("scale", [("factor", self.factor.to_data())], &self.inner)
    }
}

impl<S: Bounded> Bounded for Scale<S> {
    fn steps(&self) -> u64 {
        self.inner.steps()
    }
}

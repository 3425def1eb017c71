use super::several::wrapped;
use crate::data::Data;
use crate::error::ScheduleError;
use crate::field::Field;
use crate::schedule::{Bounded, Schedule};

/// A schedule between two bounds; see [`ScheduleExt::clamp`](crate::ScheduleExt::clamp).
///
#[cfg_attr(doc, doc = include_str!("../../pictures/clamp.svg"))]
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Clamp<S> {
    inner: S,
    min: Option<f64>,
    max: Option<f64>,
}

impl<S> Clamp<S> {
    pub(crate) fn try_new(
        inner: S,
        min: Option<f64>,
        max: Option<f64>,
    ) -> Result<Self, ScheduleError> {
        for (field, bound) in [("min", min), ("max", max)] {
            ScheduleError::check_finite("clamp", field, bound.unwrap_or(0.0))?;
        }
        if let (Some(min), Some(max)) = (min, max) {
            ScheduleError::check(min <= max, "clamp", "max", max, "at least `min`")?;
        }
        Ok(Self { inner, min, max })
    }
}

impl<S: Schedule> Schedule for Clamp<S> {
    fn at(&self, step: u64) -> f64 {
        let rate = self.inner.at(step);
        let rate = self.min.map_or(rate, |min| rate.max(min));
        self.max.map_or(rate, |max| rate.min(max))
    }

    as_inner!();

    fn description(&self) -> Option<Data> {
        let bounds = [("min", self.min.to_data()), ("max", self.max.to_data())];
        wrapped("clamp", bounds, &self.inner)
    }
}

impl<S: Bounded> Bounded for Clamp<S> {
    fn steps(&self) -> u64 {
        self.inner.steps()
    }
}

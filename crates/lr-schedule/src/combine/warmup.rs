use alloc::vec::Vec;

use super::named::or_named;
use super::several::wrapped;
use crate::data::Data;
use crate::error::ScheduleError;
use crate::math::{float, lerp};
use crate::phase::{Phase, PhaseKind, before};
use crate::schedule::{Bounded, Schedule};
use crate::shape::Shape;

options! {
    /// A warm-up: how many steps, from which rate, in which shape. Given to
    /// [`ScheduleExt::warmup_with`](crate::ScheduleExt::warmup_with).
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let warmup = WarmupConfig::new(10).with_start(0.01).with_shape(Shape::Cosine);
    /// let schedule = Constant::new(0.1).warmup_with(warmup);
    /// assert_eq!(schedule.at(0), 0.01);
    /// assert_eq!(schedule.at(10), 0.1);
    /// ```
    pub struct WarmupConfig: "warmup" {
        steps: u64 => Any,
    }
    /// A straight line from 0 over `steps` steps; of no steps, none at all.
    new;
    /// The rate of the first step.
    with_start, start: f64 = 0.0 => Finite;
    /// The form of the way up.
    with_shape, shape: Shape = Shape::Linear => Any;
}

/// A schedule with a warm-up in front; see [`ScheduleExt::warmup`](crate::ScheduleExt::warmup) and [`ScheduleExt::warmup_with`](crate::ScheduleExt::warmup_with).
///
#[cfg_attr(doc, doc = include_str!("../../pictures/warmup.svg"))]
///
/// For `n < steps`, `at(n) = start + (peak - start) · shape.rise(n, steps)`, with `peak` the
/// first rate of the inner schedule, which then runs from its own step 0.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Warmup<S> {
    inner: S,
    config: WarmupConfig,
}

impl<S> Warmup<S> {
    pub(crate) fn try_new(inner: S, config: WarmupConfig) -> Result<Self, ScheduleError> {
        config.check_fields()?;
        Ok(Self { inner, config })
    }
}

impl<S: Schedule> Schedule for Warmup<S> {
    fn at(&self, step: u64) -> f64 {
        let config = self.config;
        match step.checked_sub(config.steps) {
            Some(step) => self.inner.at(step),
            None => {
                let t = config.shape.rise(float(step), float(config.steps));
                lerp(config.start, self.inner.at(0), t)
            }
        }
    }

    fn advance(&self, step: u64, previous: f64) -> f64 {
        match step.checked_sub(self.config.steps) {
            None | Some(0) => self.at(step),
            Some(step) => self.inner.advance(step, previous),
        }
    }

    fn length(&self) -> Option<u64> {
        let inner = self.inner.length()?;
        Some(self.config.steps.saturating_add(inner))
    }

    fn phases(&self, span: f64) -> Vec<Phase> {
        let warmup = self.config.steps as f64;
        let rest = span - warmup;
        let inner = or_named(self.inner.phases(rest), &self.inner, rest);
        before(PhaseKind::WarmUp, "warm-up", warmup, inner)
    }

    fn span(&self) -> Option<u64> {
        let steps = self.config.steps;
        steps.checked_add(self.inner.span().unwrap_or(steps))
    }

    fn description(&self) -> Option<Data> {
        wrapped("warmup", self.config.fields(), &self.inner)
    }
}

impl<S: Bounded> Bounded for Warmup<S> {
    fn steps(&self) -> u64 {
        self.config.steps.saturating_add(self.inner.steps())
    }
}

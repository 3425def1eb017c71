use alloc::vec::Vec;

use super::named::or_named;
use super::several::wrapped;
use crate::data::Data;
use crate::error::ScheduleError;
use crate::math::{float, lerp};
use crate::phase::{Phase, PhaseKind, until};
use crate::schedule::{Bounded, Schedule};
use crate::shape::Shape;

options! {
    /// A final cooldown: when it begins, how many steps it takes, to which rate, in which shape. Given
    /// to [`ScheduleExt::cooldown`](crate::ScheduleExt::cooldown).
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// // warm up, inverse square root, and in the last tenth of 100,000 steps down to nothing
    /// let schedule = InverseSqrt::new(1e-3, 1_000.0)
    ///     .warmup(1_000)
    ///     .cooldown(CooldownConfig::new(90_000, 10_000).with_shape(Shape::OneMinusSqrt));
    /// assert_eq!(schedule.at(90_000), 1e-3 / 90f64.sqrt());
    /// assert_eq!(schedule.at(100_000), 0.0);
    /// ```
    pub struct CooldownConfig: "cooldown" {
        start: u64 => Any,
        steps: u64 => Any,
    }
    /// A straight line to 0 in `steps` steps, from step `start` on.
    new;
    /// The rate at the end, held from there on.
    with_end, end: f64 = 0.0 => Finite;
    /// The form of the way down.
    with_shape, shape: Shape = Shape::Linear => Any;
}

impl CooldownConfig {
    /// The rate of `step`, for which the schedule gives `scheduled`.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let cooldown = CooldownConfig::new(100, 10);
    /// assert_eq!([cooldown.of(50, 0.1), cooldown.of(105, 0.1), cooldown.of(110, 0.1)], [0.1, 0.05, 0.0]);
    /// ```
    #[inline]
    pub fn of(&self, step: u64, scheduled: f64) -> f64 {
        let Some(n) = step.checked_sub(self.start) else {
            return scheduled;
        };
        if n >= self.steps {
            return self.end;
        }
        let gone = self.shape.decay(float(n), float(self.steps));
        lerp(scheduled, self.end, gone)
    }

    /// Checks its end, which is finite, and its shape, whose numbers are within their bounds.
    ///
    /// # Errors
    ///
    /// An end that is not finite, and a number of the shape outside its bounds.
    pub fn check(&self) -> Result<(), ScheduleError> {
        self.check_fields()
    }
}

/// A schedule with a cooldown at its end; see [`ScheduleExt::cooldown`](crate::ScheduleExt::cooldown).
///
#[cfg_attr(doc, doc = include_str!("../../pictures/cooldown.svg"))]
///
/// From `start` on, `at(n) = scheduled + (end - scheduled) · shape.decay(n - start, steps)`, with
/// `scheduled` what the schedule underneath gives, which goes on all the while.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Cooldown<S> {
    inner: S,
    config: CooldownConfig,
}

impl<S> Cooldown<S> {
    pub(crate) fn try_new(inner: S, config: CooldownConfig) -> Result<Self, ScheduleError> {
        config.check()?;
        Ok(Self { inner, config })
    }
}

impl<S: Schedule> Schedule for Cooldown<S> {
    fn at(&self, step: u64) -> f64 {
        self.config.of(step, self.inner.at(step))
    }

    fn length(&self) -> Option<u64> {
        Some(self.steps())
    }

    fn phases(&self, span: f64) -> Vec<Phase> {
        let CooldownConfig { start, steps, .. } = self.config;
        let (start, end) = (start as f64, start as f64 + steps as f64);
        let before = until(self.inner.phases(start), start);
        let mut phases = or_named(before, &self.inner, start);
        phases.push(Phase::new(PhaseKind::Decay, "cooldown", start, end));
        phases.push(Phase::held(end, span));
        phases
    }

    fn description(&self) -> Option<Data> {
        wrapped("cooldown", self.config.fields(), &self.inner)
    }
}

impl<S: Schedule> Bounded for Cooldown<S> {
    fn steps(&self) -> u64 {
        self.config.start.saturating_add(self.config.steps)
    }
}

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::curves::Powers;
use crate::data::{Data, table};
use crate::error::ScheduleError;
use crate::field::Field;
use crate::math::{cos, finite, float};
use crate::schedule::{DynSchedule, Schedule};
use crate::shape::Shape;

/// A rate that is made of the one before it: `at(0) = start`, `at(n) = update(n, at(n - 1))`.
///
#[cfg_attr(doc, doc = include_str!("../pictures/recurrence.svg"))]
///
/// PyTorch's `MultiplicativeLR`, a running product of a closure, and its `ChainedScheduler` where a
/// part of it adds, such as a cosine. What has a formula is better off as any other schedule.
///
/// The one schedule here that is not closed-form: **`at(n)` goes through all `n` steps.** Going
/// through them in order, as a scheduler does, costs the same for each
/// ([`advance`](Schedule::advance)), unless an adapter that changes rates (a scale, a bound, noise, a
/// cooldown, a sum or a product) is over it: scale its start rather than the whole.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// // MultiplicativeLR(optimizer, lambda epoch: 0.95 if epoch % 2 else 0.99)
/// let factor = |n: u64| if n % 2 == 1 { 0.95 } else { 0.99 };
/// let schedule = Recurrence::new(0.1, move |n, previous| previous * factor(n));
/// assert_eq!(schedule.at(0), 0.1);
/// assert_eq!(schedule.at(2), 0.1 * 0.95 * 0.99);
/// assert_eq!(schedule.advance(2, 0.1 * 0.95), schedule.at(2));
/// ```
#[derive(Clone)]
pub struct Recurrence<U> {
    start: f64,
    update: U,
}

/// The update of a [`Recurrence`]: any `Fn(u64, f64) -> f64`, or [`Links`].
pub trait Update {
    /// The rate of `step`, which is at least 1, after `previous`.
    fn update(&self, step: u64, previous: f64) -> f64;

    /// The links that this is, as data; `None` for a closure.
    fn description(&self) -> Option<Data> {
        None
    }
}

impl<F: Fn(u64, f64) -> f64> Update for F {
    fn update(&self, step: u64, previous: f64) -> f64 {
        self(step, previous)
    }
}

impl<F: Fn(u64, f64) -> f64> Recurrence<F> {
    /// `start`, and what `update` makes of each step's number and the rate before it.
    pub fn new(start: f64, update: F) -> Self {
        Self { start, update }
    }
}

impl Recurrence<Links> {
    pub(crate) fn of_parts(start: f64, parts: Vec<Links>) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("recurrence", "start", start)?;
        let update = Links::chain(parts);
        Ok(Self { start, update })
    }
}

impl<U: Update> Schedule for Recurrence<U> {
    fn at(&self, step: u64) -> f64 {
        (1..=step).fold(self.start, |rate, n| self.update.update(n, rate))
    }

    fn advance(&self, step: u64, previous: f64) -> f64 {
        match step {
            0 => self.start,
            _ => self.update.update(step, previous),
        }
    }

    fn description(&self) -> Option<Data> {
        let links = self.update.description()?;
        let fields = [("start", self.start.to_data()), ("links", Some(links))];
        Some(table("recurrence", fields))
    }
}

impl<U: Update> fmt::Debug for Recurrence<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recurrence")
            .field("start", &self.start)
            .field("links", &self.update.description())
            .finish()
    }
}

/// A [`Link`](crate::spec::Link) that has been built; see [`Recurrence::chained`].
#[derive(Clone)]
pub struct Links {
    /// The link as data.
    description: Data,
    /// The next rate after one, at the link's own step, which is at least 1.
    update: Arc<dyn Fn(u64, f64) -> f64 + Send + Sync>,
}

impl Update for Links {
    fn update(&self, step: u64, previous: f64) -> f64 {
        (self.update)(step, previous)
    }

    fn description(&self) -> Option<Data> {
        self.description.at("chain").cloned()
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.description.fmt(f)
    }
}

impl Links {
    fn new(
        name: &str,
        fields: impl IntoIterator<Item = (&'static str, Option<Data>)>,
        update: impl Fn(u64, f64) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self {
            description: table(name, fields),
            update: Arc::new(update),
        }
    }

    /// Follows a schedule that changes by the same factor at every so many steps.
    pub(crate) fn every(of: &DynSchedule, steps: u64, factor: f64) -> Self {
        let of = [("of", of.description())];
        Self::new("multiply", of, move |n, rate| {
            match n.is_multiple_of(steps) {
                true => rate * factor,
                false => rate,
            }
        })
    }

    /// Follows a schedule that changes by the same factor at some steps in ascending order, once for
    /// each time that they are in the list.
    pub(crate) fn at(of: &DynSchedule, steps: Vec<u64>, factor: f64) -> Self {
        let (of, factor) = ([("of", of.description())], Powers::of(factor));
        Self::new("multiply", of, move |n, rate| {
            let before = steps.partition_point(|&step| step < n);
            let now = steps[before..].partition_point(|&step| step == n);
            factor.scale(rate, now as u64)
        })
    }

    /// Follows a schedule by the quotients of its rates.
    pub(crate) fn quotients(of: DynSchedule) -> Self {
        let fields = [("of", of.description())];
        Self::new("multiply", fields, move |n, rate| match of.at(n - 1) {
            0.0 => rate,
            before => rate * finite(of.at(n) / before),
        })
    }

    pub(crate) fn set(of: DynSchedule) -> Self {
        Self::new("set", [("of", of.description())], move |n, _| of.at(n))
    }

    pub(crate) fn anneal(start: f64, floor: f64, t_max: u64) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("anneal", "start", start)?;
        ScheduleError::check_finite("anneal", "floor", floor)?;
        ScheduleError::check_steps("anneal", "t_max", t_max)?;
        let fields = [
            ("start", start.to_data()),
            ("floor", floor.to_data()),
            ("t_max", t_max.to_data()),
        ];
        let cosine = move |n: u64| cos(core::f64::consts::PI * float(n) / float(t_max));
        Ok(Self::new("anneal", fields, move |n, rate| {
            match 1.0 + cosine(n - 1) {
                // From its lowest point, where there is nothing left to multiply, it adds; what
                // it adds is 1 - cos(π / t_max) also there where n is rounded off.
                0.0 => rate + finite(start - floor) * ((1.0 - cosine(1)) / 2.0),
                before => finite(rate - floor) * ((1.0 + cosine(n)) / before) + floor,
            }
        }))
    }

    pub(crate) fn settle(target: f64, steps: u64, shape: Shape) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("settle", "target", target)?;
        shape.check("settle.shape")?;
        let fields = [
            ("target", target.to_data()),
            ("steps", steps.to_data()),
            ("shape", shape.to_data()),
        ];
        let left = move |n: u64| match n < steps {
            true => 1.0 - shape.decay(float(n), float(steps)),
            false => 0.0,
        };
        Ok(Self::new("settle", fields, move |n, rate| {
            match left(n - 1) {
                0.0 => target,
                before => target + finite(rate - target) * (left(n) / before),
            }
        }))
    }

    pub(crate) fn then(
        first: Self,
        steps: u64,
        start: Option<f64>,
        next: Self,
    ) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("then", "start", start.unwrap_or(0.0))?;
        let fields = [
            ("first", Some(first.description)),
            ("steps", steps.to_data()),
            ("start", start.to_data()),
            ("next", Some(next.description)),
        ];
        Ok(Self::new("then", fields, move |n, rate| {
            match n.checked_sub(steps) {
                None => (first.update)(n, rate),
                Some(0) => start.unwrap_or(rate),
                Some(n) => (next.update)(n, rate),
            }
        }))
    }

    pub(crate) fn skip(steps: u64, of: Self) -> Self {
        let fields = [("steps", steps.to_data()), ("of", Some(of.description))];
        Self::new("skip", fields, move |n, rate| {
            (of.update)(n.saturating_add(steps), rate)
        })
    }

    pub(crate) fn chain(parts: Vec<Self>) -> Self {
        let parts = parts.into_iter();
        let (descriptions, updates): (Vec<_>, Vec<_>) =
            parts.map(|part| (part.description, part.update)).unzip();
        Self {
            description: Data::entry("chain", Data::List(descriptions)),
            update: Arc::new(move |n, rate| {
                let updates = updates.iter();
                updates.fold(rate, |rate, update| finite(update(n, rate)))
            }),
        }
    }
}

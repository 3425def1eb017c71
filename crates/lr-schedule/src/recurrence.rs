use alloc::boxed::Box;
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
/// ([`advance`](Schedule::advance)), unless an adapter that changes rates is over it: scale its start
/// rather than the whole.
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

/// How a [`Recurrence`] goes on: any `Fn(u64, f64) -> f64`, or [`Links`].
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
    pub(crate) fn of_parts(start: f64, parts: Vec<Part>) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("recurrence", "start", start)?;
        let update = Links(parts.into());
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

/// Several [`Link`](crate::spec::Link)s, each of which changes the rate in turn; see [`Recurrence::chained`].
#[derive(Debug, Clone)]
pub struct Links(Arc<[Part]>);

impl Update for Links {
    fn update(&self, step: u64, previous: f64) -> f64 {
        update_in_turn(&self.0, step, previous)
    }

    fn description(&self) -> Option<Data> {
        descriptions(&self.0)
    }
}

fn update_in_turn(parts: &[Part], n: u64, rate: f64) -> f64 {
    let parts = parts.iter();
    parts.fold(rate, |rate, part| finite(part.update(n, rate)))
}

fn descriptions(parts: &[Part]) -> Option<Data> {
    let parts = parts.iter().map(Part::description);
    Some(Data::List(parts.collect::<Option<_>>()?))
}

/// A [`Link`](crate::spec::Link) that has been built.
#[derive(Debug)]
#[doc(hidden)]
pub enum Part {
    Multiply {
        of: DynSchedule,
        by: Factors,
    },
    Anneal {
        start: f64,
        floor: f64,
        t_max: u64,
    },
    Settle {
        target: f64,
        steps: u64,
        shape: Shape,
    },
    Set {
        of: DynSchedule,
    },
    Then {
        first: Box<Part>,
        steps: u64,
        start: Option<f64>,
        next: Box<Part>,
    },
    Skip {
        steps: u64,
        of: Box<Part>,
    },
    Chain(Vec<Part>),
}

/// By what a schedule changes from step to step.
#[derive(Debug)]
#[doc(hidden)]
pub enum Factors {
    /// By the same at every so many steps.
    Every(u64, f64),
    /// By the same at some steps, once for each time that they are in the list.
    At(Vec<u64>, Powers),
    /// By the quotient of two rates.
    Quotients,
}

impl Part {
    pub fn then(
        first: Self,
        steps: u64,
        start: Option<f64>,
        next: Self,
    ) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("then", "start", start.unwrap_or(0.0))?;
        let (first, next) = (Box::new(first), Box::new(next));
        Ok(Self::Then {
            first,
            steps,
            start,
            next,
        })
    }

    pub fn anneal(start: f64, floor: f64, t_max: u64) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("anneal", "start", start)?;
        ScheduleError::check_finite("anneal", "floor", floor)?;
        ScheduleError::check_steps("anneal", "t_max", t_max)?;
        Ok(Self::Anneal {
            start,
            floor,
            t_max,
        })
    }

    pub fn settle(target: f64, steps: u64, shape: Shape) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("settle", "target", target)?;
        shape.check("settle.shape")?;
        Ok(Self::Settle {
            target,
            steps,
            shape,
        })
    }

    /// The link that this was built from, as data.
    fn description(&self) -> Option<Data> {
        Some(match self {
            Self::Multiply { of, .. } => table("multiply", [("of", Some(of.description()?))]),
            Self::Set { of } => table("set", [("of", Some(of.description()?))]),
            Self::Anneal {
                start,
                floor,
                t_max,
            } => {
                let (start, floor) = (("start", start.to_data()), ("floor", floor.to_data()));
                table("anneal", [start, floor, ("t_max", t_max.to_data())])
            }
            Self::Settle {
                target,
                steps,
                shape,
            } => {
                let (target, steps) = (("target", target.to_data()), ("steps", steps.to_data()));
                table("settle", [target, steps, ("shape", shape.to_data())])
            }
            Self::Then {
                first,
                steps,
                start,
                next,
            } => {
                let first = ("first", Some(first.description()?));
                let next = ("next", Some(next.description()?));
                let (steps, start) = (("steps", steps.to_data()), ("start", start.to_data()));
                table("then", [first, steps, start, next])
            }
            Self::Skip { steps, of } => {
                let of = ("of", Some(of.description()?));
                table("skip", [("steps", steps.to_data()), of])
            }
            Self::Chain(parts) => Data::entry("chain", descriptions(parts)?),
        })
    }

    /// The next rate after `rate`, at this part's own step `n`, which is at least 1.
    fn update(&self, n: u64, rate: f64) -> f64 {
        match self {
            Self::Multiply { of, by } => match by {
                Factors::Every(steps, factor) if n.is_multiple_of(*steps) => rate * factor,
                Factors::Every(..) => rate,
                Factors::At(steps, factor) => {
                    let before = steps.partition_point(|&step| step < n);
                    let now = steps[before..].partition_point(|&step| step == n);
                    factor.scale(rate, now as u64)
                }
                Factors::Quotients => match of.at(n - 1) {
                    0.0 => rate,
                    before => rate * finite(of.at(n) / before),
                },
            },
            Self::Anneal {
                start,
                floor,
                t_max,
            } => {
                let wave = |n: u64| 1.0 + cos(core::f64::consts::PI * float(n) / float(*t_max));
                match wave(n - 1) {
                    // From its lowest point, where there is nothing left to multiply, it adds; what
                    // it adds is 1 - cos(π / t_max) also there where n is rounded off.
                    0.0 => {
                        let first = 1.0 - cos(core::f64::consts::PI / float(*t_max));
                        rate + finite(start - floor) * (first / 2.0)
                    }
                    before => finite(rate - floor) * (wave(n) / before) + floor,
                }
            }
            Self::Settle {
                target,
                steps,
                shape,
            } => {
                let left = |n: u64| match n < *steps {
                    true => 1.0 - shape.decay(float(n), float(*steps)),
                    false => 0.0,
                };
                match left(n - 1) {
                    0.0 => *target,
                    before => target + finite(rate - target) * (left(n) / before),
                }
            }
            Self::Set { of } => of.at(n),
            Self::Then {
                first,
                steps,
                start,
                next,
            } => match n.checked_sub(*steps) {
                None => first.update(n, rate),
                Some(0) => start.unwrap_or(rate),
                Some(n) => next.update(n, rate),
            },
            Self::Skip { steps, of } => of.update(n.saturating_add(*steps), rate),
            Self::Chain(parts) => update_in_turn(parts, n, rate),
        }
    }
}

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::curves::{CurveSpec, Powers};
use crate::error::{ScheduleError, or_panic};
use crate::math::{cos, finite, float};
use crate::schedule::{DynSchedule, Schedule};
use crate::shape::Shape;
use crate::spec::Spec;
use crate::spec::{Link, each};

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

    /// The links that this is; `None` for a closure.
    fn links(&self) -> Option<&[Link]> {
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
    /// `start`, changed by each of `links` in turn at every step.
    ///
    /// # Panics
    ///
    /// If [`try_chained`](Self::try_chained) fails.
    #[track_caller]
    pub fn chained(start: f64, links: impl Into<Vec<Link>>) -> Self {
        or_panic(Self::try_chained(start, links))
    }

    /// `start`, changed by each of `links` in turn at every step: PyTorch's `ChainedScheduler`.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    /// use lr_schedule::spec::Link;
    ///
    /// // ChainedScheduler([CosineAnnealingLR(T_max=10), ExponentialLR(0.5)])
    /// let cosine = Link::Anneal { start: 0.1, floor: 0.0, t_max: 10.into() };
    /// let gamma = Exponential::new(1.0, 0.5).to_spec().unwrap();
    /// let schedule = Recurrence::chained(0.1, [cosine, Link::Multiply { of: gamma.into() }]);
    /// let product = 0.1 * (1.0 + (0.1 * std::f64::consts::PI).cos()) / 2.0 * 0.5;
    /// assert!((schedule.at(1) - product).abs() < 1e-15);
    /// ```
    ///
    /// # Errors
    ///
    /// A start that is not finite, or a link that makes no schedule.
    pub fn try_chained(start: f64, links: impl Into<Vec<Link>>) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("recurrence", "start", start)?;
        let specs = links.into();
        let parts = each(&specs, Link::build).map_err(|error| error.inside("recurrence.links"))?;
        let (specs, parts) = (specs.into(), parts.into());
        Ok(Self {
            start,
            update: Links { specs, parts },
        })
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

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::Recurrence {
            start: self.start,
            links: self.update.links()?.to_vec(),
        })
    }
}

impl<U: Update> fmt::Debug for Recurrence<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recurrence")
            .field("start", &self.start)
            .field("links", &self.update.links())
            .finish()
    }
}

/// Several [`Link`]s, each of which changes the rate in turn; see [`Recurrence::chained`].
#[derive(Debug, Clone)]
pub struct Links {
    specs: Arc<[Link]>,
    parts: Arc<[Part]>,
}

impl Update for Links {
    fn update(&self, step: u64, previous: f64) -> f64 {
        update_in_turn(&self.parts, step, previous)
    }

    fn links(&self) -> Option<&[Link]> {
        Some(&self.specs)
    }
}

fn update_in_turn(parts: &[Part], n: u64, rate: f64) -> f64 {
    let parts = parts.iter();
    parts.fold(rate, |rate, part| finite(part.update(n, rate)))
}

/// A [`Link`] that has been built.
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
    /// Factors that have a name are taken at their word: a quotient of two tiny powers
    /// is not what the powers are of.
    pub fn multiply(of: DynSchedule) -> Result<Self, ScheduleError> {
        let spec = of.to_spec();
        Self::check_closed(spec.as_ref(), "multiply.of")?;
        let by = match spec {
            Some(Spec::Curve(CurveSpec::Exponential(of))) => Factors::Every(1, of.gamma),
            Some(Spec::Curve(CurveSpec::Step(of))) => {
                Factors::Every(of.step_size.steps()?, of.gamma)
            }
            Some(Spec::Curve(CurveSpec::MultiStep(of))) => {
                let steps = each(&of.milestones, |step| step.steps())?; // in ascending order
                Factors::At(steps, Powers::of(of.gamma))
            }
            _ => Factors::Quotients,
        };
        Ok(Self::Multiply { of, by })
    }

    pub fn set(of: DynSchedule) -> Result<Self, ScheduleError> {
        Self::check_closed(of.to_spec().as_ref(), "set.of")?;
        Ok(Self::Set { of })
    }

    /// A recurrence in another one would go through all of its steps at every step.
    fn check_closed(spec: Option<&Spec>, place: &str) -> Result<(), ScheduleError> {
        match spec.is_some_and(Spec::recurs) {
            false => Ok(()),
            true => Err(ScheduleError::unsupported(
                place,
                "can't be another recurrence",
            )),
        }
    }

    pub fn then(
        first: Box<Self>,
        steps: u64,
        start: Option<f64>,
        next: Box<Self>,
    ) -> Result<Self, ScheduleError> {
        ScheduleError::check_finite("then", "start", start.unwrap_or(0.0))?;
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

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::curves::{Exponential, MultiStep};

    #[test]
    fn a_link_goes_on_from_where_another_one_was_left() {
        let anneal = Link::Anneal {
            start: 0.1,
            floor: 0.001,
            t_max: 7.into(),
        };
        let multiply = |of: Option<Spec>| Link::Multiply {
            of: Box::new(of.unwrap()),
        };
        let chain = Link::Chain(vec![
            anneal.clone(),
            multiply(MultiStep::new(1.0, [5, 20], 0.5).to_spec()),
        ]);
        let then = Link::Then {
            first: Box::new(chain),
            steps: 12.into(),
            start: Some(0.05),
            next: Box::new(multiply(Exponential::new(1.0, 0.9).to_spec())),
        };
        for link in [anneal, then] {
            let whole = Recurrence::chained(0.1, [link.clone()]);
            for left in [0, 1, 6, 7, 8, 11, 12, 13, 30] {
                let rest = Link::Skip {
                    steps: left.into(),
                    of: Box::new(link.clone()),
                };
                let rest = Recurrence::chained(whole.at(left), [rest]);
                for n in 0..40 {
                    assert_eq!(rest.at(n), whole.at(left + n), "{n} after {left}");
                }
            }
        }
    }
}

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::text::Text;
use super::{BatchSize, Length, Link, RuleSpec, Spec, TrainingLength};
use crate::combine::{BatchRule, NoiseKind};
use crate::curves::{CycleScaling, FieldType};
use crate::error::ScheduleError;
use crate::feedback::{Dialect, DynFeedback, Mode, ThresholdMode};
use crate::recipes::CycleIndex;
use crate::recurrence::Part;
use crate::schedule::DynSchedule;
use crate::shape::Shape;

/// A type that a field of a spec can have.
pub(crate) trait Field: Sized + Clone {
    /// The type that a constructor takes.
    type Built;

    fn build(&self) -> Result<Self::Built, ScheduleError>;

    /// Whether a recurrence is part of it.
    fn recurs(&self) -> bool {
        false
    }

    /// The steps that it takes of a run, for a neighbour that takes the rest.
    fn taken(&self, _place: &Place<'_>) -> Result<u64, ScheduleError> {
        Ok(0)
    }

    /// The same with every length in steps.
    fn resolve(&self, _at: &Position<'_>) -> Result<Self, ScheduleError> {
        Ok(self.clone())
    }
}

/// The place in a run of a schedule whose lengths are resolved.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub run: &'a TrainingLength,
    /// How many optimizer steps one of its own steps is: more than 1 inside of a `per_epoch`.
    unit: u64,
    /// How many of its own steps are before it; fewer than none where its beginning is skipped.
    pub before: i128,
}

impl<'a> Place<'a> {
    pub fn beginning(run: &'a TrainingLength) -> Self {
        Self {
            run,
            unit: 1,
            before: 0,
        }
    }

    /// Counts in units of so many steps from here on.
    pub fn count_in(&mut self, steps: u64) {
        let steps = steps.max(1);
        self.unit = self.unit.saturating_mul(steps);
        self.before /= i128::from(steps);
    }

    /// So many optimizer steps in steps of its own, rounded to the nearest.
    fn steps(&self, optimizer_steps: f64) -> Result<u64, ScheduleError> {
        let steps = optimizer_steps / self.unit as f64;
        match steps.is_finite() && steps >= 0.0 {
            // As an integer it saturates.
            true => Ok((steps + 0.5) as u64),
            false => Err(ScheduleError::invalid(
                "",
                steps,
                "finite and at least 0 steps",
            )),
        }
    }

    /// A length in steps of its own; `None` for the rest, which depends on its neighbours.
    fn resolve(&self, length: Length) -> Result<Option<u64>, ScheduleError> {
        match length {
            Length::Steps(steps) => Ok(Some(steps)),
            Length::Epochs(epochs) => {
                let epoch = self.run.epoch()?;
                self.steps(epochs * epoch as f64).map(Some)
            }
            Length::Share(share) => self.steps(share * self.run.steps() as f64).map(Some),
            Length::Rest => Ok(None),
        }
    }
}

/// The places of a schedule's fields.
pub(crate) struct Position<'a> {
    /// Its own place.
    pub place: &'a Place<'a>,
    /// The steps that its other lengths take.
    pub beside: u64,
    /// The place of the schedule that is part of it.
    pub inner: Place<'a>,
}

/// The way in which parts of a kind of spec move each other's places; most don't.
pub(super) trait Resolve: Sized {
    /// The place of what is part of this, whose own lengths take `taken` steps.
    fn inner<'a>(&self, outer: &Place<'a>, _taken: u64) -> Place<'a> {
        *outer
    }

    /// The steps that its lengths take of those that are left for one of them.
    fn beside(&self, taken: u64) -> u64 {
        taken
    }

    /// The place of the part after `part`, in a list.
    fn after<'a>(&self, _part: &Self, place: Place<'a>) -> Result<Place<'a>, ScheduleError> {
        Ok(place)
    }
}

macro_rules! plain_fields {
    ($($type:ty),* $(,)?) => {$(
        impl Field for $type {
            type Built = Self;

            fn build(&self) -> Result<Self, ScheduleError> {
                Ok(self.clone())
            }
        }
    )*};
}

plain_fields! {
    bool,
    u64,
    f64,
    Option<u64>,
    Option<f64>,
    Vec<f64>,
    Shape,
    BatchRule,
    NoiseKind,
    CycleScaling,
    CycleIndex,
    Mode,
    ThresholdMode,
    Option<Dialect>,
}

impl Field for Length {
    type Built = u64;

    fn build(&self) -> Result<u64, ScheduleError> {
        self.steps()
    }

    fn taken(&self, place: &Place<'_>) -> Result<u64, ScheduleError> {
        Ok(place.resolve(*self)?.unwrap_or(0))
    }

    fn resolve(&self, at: &Position<'_>) -> Result<Self, ScheduleError> {
        let steps = match at.place.resolve(*self)? {
            Some(steps) => steps,
            None => {
                let run = at.place.run.steps() / at.place.unit;
                let others = at.place.before + i128::from(at.beside);
                let left = u64::try_from(i128::from(run) - others);
                left.map_err(|_| {
                    let allowed = format!("after at most the {run} steps of the run");
                    ScheduleError::invalid("", format!("{self} after {others}"), allowed)
                })?
            }
        };
        Ok(Self::Steps(steps))
    }
}

impl Field for Option<Length> {
    type Built = Option<u64>;

    fn build(&self) -> Result<Option<u64>, ScheduleError> {
        self.map(|length| length.steps()).transpose()
    }

    fn taken(&self, place: &Place<'_>) -> Result<u64, ScheduleError> {
        self.map_or(Ok(0), |length| Field::taken(&length, place))
    }

    fn resolve(&self, at: &Position<'_>) -> Result<Self, ScheduleError> {
        self.map(|length| Field::resolve(&length, at)).transpose()
    }
}

impl Field for BatchSize {
    type Built = u64;

    fn build(&self) -> Result<u64, ScheduleError> {
        match self {
            Self::Samples(samples) => Ok(*samples),
            Self::OfRun => Err(ScheduleError::invalid(
                "",
                "the run's",
                "a number of samples, which `resolve` makes of it with a `TrainingLength`",
            )),
        }
    }

    fn resolve(&self, at: &Position<'_>) -> Result<Self, ScheduleError> {
        Ok(Self::Samples(match self {
            Self::Samples(samples) => *samples,
            Self::OfRun => at.place.run.batch()?,
        }))
    }
}

impl Field for Vec<Length> {
    type Built = Vec<u64>;

    fn build(&self) -> Result<Vec<u64>, ScheduleError> {
        each(self, |length| length.steps())
    }

    fn resolve(&self, at: &Position<'_>) -> Result<Self, ScheduleError> {
        each(self, |length| Field::resolve(length, at))
    }
}

impl Field for Box<Spec> {
    type Built = DynSchedule;

    fn build(&self) -> Result<DynSchedule, ScheduleError> {
        Spec::build(self)
    }

    fn recurs(&self) -> bool {
        Spec::recurs(self)
    }

    fn resolve(&self, at: &Position<'_>) -> Result<Self, ScheduleError> {
        Ok(Box::new(self.resolve_at(&at.inner)?))
    }
}

impl Field for Box<Link> {
    type Built = Box<Part>;

    fn build(&self) -> Result<Box<Part>, ScheduleError> {
        Link::build(self).map(Box::new)
    }

    fn resolve(&self, at: &Position<'_>) -> Result<Self, ScheduleError> {
        Ok(Box::new(self.resolve_at(&at.inner)?))
    }
}

impl Field for RuleSpec {
    type Built = DynFeedback;

    fn build(&self) -> Result<DynFeedback, ScheduleError> {
        RuleSpec::build(self)
    }
}

impl Field for Vec<Link> {
    type Built = Self;

    fn build(&self) -> Result<Self, ScheduleError> {
        Ok(self.clone())
    }

    fn resolve(&self, at: &Position<'_>) -> Result<Self, ScheduleError> {
        each(self, |link| link.resolve_at(&at.inner))
    }
}

/// Applies `of` to every one of them, with errors that say which one failed.
pub(crate) fn each<A, B>(
    list: &[A],
    mut of: impl FnMut(&A) -> Result<B, ScheduleError>,
) -> Result<Vec<B>, ScheduleError> {
    let items = list.iter().enumerate();
    let items = items.map(|(i, item)| of(item).map_err(|error| error.inside(&format!("[{i}]"))));
    items.collect()
}

/// A field of a curve.
pub(crate) trait CurveField: Field + Text {
    const TYPE: FieldType;

    /// The field that is built to `built`.
    fn of_built(built: &Self::Built) -> Self;
}

macro_rules! curve_fields {
    ($($Field:ty: $of:expr, |$built:ident| $value:expr;)*) => {$(
        impl CurveField for $Field {
            const TYPE: FieldType = $of;

            fn of_built($built: &Self::Built) -> Self {
                $value
            }
        }
    )*};
}

curve_fields! {
    f64: FieldType::Number, |built| *built;
    u64: FieldType::Count, |built| *built;
    bool: FieldType::Flag, |built| *built;
    Shape: FieldType::Shape, |built| *built;
    CycleScaling: FieldType::Name(CycleScaling::NAMES), |built| *built;
    Vec<f64>: FieldType::Numbers, |built| built.clone();
    Length: FieldType::Length, |built| Length::Steps(*built);
    Option<Length>: FieldType::Length, |built| built.map(Length::Steps);
    Vec<Length>: FieldType::Lengths, |built| built.iter().map(|&step| step.into()).collect();
}

fn place(owner: &str, field: &str) -> String {
    format!("{owner}.{field}")
}

/// The field as a constructor takes it.
pub(crate) fn built<F: Field>(of: &F, owner: &str, field: &str) -> Result<F::Built, ScheduleError> {
    of.build()
        .map_err(|error| error.inside(&place(owner, field)))
}

/// The steps that the field takes of a run.
pub(crate) fn taken<F: Field>(
    of: &F,
    at: &Place<'_>,
    owner: &str,
    field: &str,
) -> Result<u64, ScheduleError> {
    of.taken(at)
        .map_err(|error| error.inside(&place(owner, field)))
}

/// The field in steps, where all fields of its owner take `beside` steps.
pub(crate) fn resolved<F: Field>(
    of: &F,
    at: &Place<'_>,
    beside: u64,
    owner: &str,
    field: &str,
) -> Result<F, ScheduleError> {
    let position = Position {
        place: at,
        beside,
        inner: *at,
    };
    of.resolve(&position)
        .map_err(|error| error.inside(&place(owner, field)))
}

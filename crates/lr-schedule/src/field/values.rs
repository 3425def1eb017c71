//! Numbers, lengths, shapes, and options and lists of them, as fields.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::{Bound, Field, FieldType, each, named, read};
use crate::data::{Data, table};
use crate::error::ScheduleError;
use crate::length::{BatchSize, Length};
use crate::place::Place;
use crate::shape::Shape;

fn wrong<T>(data: Data, allowed: &'static str) -> Result<T, ScheduleError> {
    Err(ScheduleError::invalid("", data, allowed))
}

fn whole(data: &Data) -> Option<u64> {
    match data {
        Data::Integer(value) => u64::try_from(*value).ok(),
        Data::Text(text) => text.parse().ok(),
        _ => None,
    }
}

impl Field for bool {
    const TYPE: FieldType = FieldType::Flag;
    type Built = Self;

    fn to_data(&self) -> Option<Data> {
        Some(Data::Bool(*self))
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        match data {
            Data::Bool(value) => Ok(value),
            other => wrong(other, "true or false"),
        }
    }

    fn build(&self) -> Result<Self, ScheduleError> {
        Ok(*self)
    }
}

impl Field for f64 {
    const TYPE: FieldType = FieldType::Number;
    type Built = Self;

    fn to_data(&self) -> Option<Data> {
        Some(Data::Number(*self))
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        match data {
            Data::Number(value) => Ok(value),
            Data::Integer(value) => Ok(value as f64),
            other => wrong(other, "a number"),
        }
    }

    fn build(&self) -> Result<Self, ScheduleError> {
        Ok(*self)
    }

    fn check(&self, bound: Bound, owner: &str, field: &str) -> Result<(), ScheduleError> {
        let check = |valid, allowed| ScheduleError::check(valid, owner, field, self, allowed);
        match bound {
            Bound::Finite => ScheduleError::check_finite(owner, field, *self),
            Bound::AtLeast0 => check(self.is_finite() && *self >= 0.0, "finite and at least 0"),
            Bound::Above0 => ScheduleError::check_positive(owner, field, *self),
            Bound::Share => check((0.0..=1.0).contains(self), "between 0 and 1"),
            Bound::Any | Bound::AtLeast1 => Ok(()),
        }
    }
}

impl Field for u64 {
    const TYPE: FieldType = FieldType::Count;
    type Built = Self;

    /// An integer, or a text where that is too large for TOML's.
    fn to_data(&self) -> Option<Data> {
        Some(match i64::try_from(*self) {
            Ok(_) => Data::Integer((*self).into()),
            Err(_) => Data::Text(self.to_string()),
        })
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        let count = whole(&data);
        count.map_or_else(|| wrong(data, "a whole number that is at least 0"), Ok)
    }

    fn build(&self) -> Result<Self, ScheduleError> {
        Ok(*self)
    }

    fn check(&self, bound: Bound, owner: &str, field: &str) -> Result<(), ScheduleError> {
        match bound {
            Bound::AtLeast1 => ScheduleError::check_steps(owner, field, *self),
            _ => Ok(()),
        }
    }
}

impl Field for Length {
    const TYPE: FieldType = FieldType::Length;
    type Built = u64;

    fn to_data(&self) -> Option<Data> {
        match self {
            Self::Steps(steps) => steps.to_data(),
            other => Some(Data::Text(other.to_string())),
        }
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        match data {
            Data::Text(text) => text.parse(),
            other => match whole(&other) {
                Some(steps) => Ok(Self::Steps(steps)),
                None => wrong(other, Self::ALLOWED),
            },
        }
    }

    fn build(&self) -> Result<u64, ScheduleError> {
        self.steps()
    }

    fn taken(&self, place: &Place<'_>) -> Result<u64, ScheduleError> {
        Ok(place.resolve(*self)?.unwrap_or(0))
    }

    fn resolve(&self, at: &Place<'_>, _inner: &Place<'_>) -> Result<Self, ScheduleError> {
        let steps = match at.resolve(*self)? {
            Some(steps) => steps,
            None => {
                let run = at.run.steps() / at.unit;
                let others = at.before + i128::from(at.beside);
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

impl Field for BatchSize {
    const TYPE: FieldType = FieldType::Count;
    type Built = u64;

    fn to_data(&self) -> Option<Data> {
        match self {
            Self::Samples(samples) => samples.to_data(),
            Self::OfRun => Some(Data::Text("run".to_string())),
        }
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        match &data {
            Data::Text(text) if text == "run" => Ok(Self::OfRun),
            _ => match whole(&data) {
                Some(samples) => Ok(Self::Samples(samples)),
                None => wrong(data, "a number of samples, or \"run\" for the run's"),
            },
        }
    }

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

    fn resolve(&self, at: &Place<'_>, _inner: &Place<'_>) -> Result<Self, ScheduleError> {
        match self {
            Self::Samples(_) => Ok(*self),
            Self::OfRun => {
                at.run.check_known("batches")?;
                Ok(Self::Samples(at.run.effective_batch()))
            }
        }
    }
}

/// A shape without a number is its name; one with numbers is a table of them.
impl Field for Shape {
    const TYPE: FieldType = FieldType::Shape;
    type Built = Self;

    fn to_data(&self) -> Option<Data> {
        let (kind, numbers) = self.to_parts();
        let (name, parameters) = Self::KINDS[kind];
        if parameters.is_empty() {
            return Some(Data::Text(name.to_string()));
        }
        let numbers = parameters.iter().zip(numbers);
        let numbers = numbers.map(|(parameter, number)| (*parameter, number.to_data()));
        Some(table(name, numbers))
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        let (name, numbers) = match data {
            Data::Text(name) => (name, Data::Table(Vec::new())),
            table => table.into_entry("shape")?,
        };
        let names: Vec<&'static str> = Self::KINDS.iter().map(|(name, _)| *name).collect();
        let kind = named(Data::Text(name), "shape", &names)?;
        let (name, parameters) = Self::KINDS[kind];
        let mut fields = numbers.into_fields(name, "number", parameters)?;
        let mut numbers = [0.0; 2];
        for (parameter, number) in parameters.iter().zip(&mut numbers) {
            *number = read(fields.take(parameter), None, name, parameter)?;
        }
        Ok(Self::from_parts(kind, numbers).expect("every kind has a shape"))
    }

    fn build(&self) -> Result<Self, ScheduleError> {
        Ok(*self)
    }

    fn check(&self, _bound: Bound, owner: &str, field: &str) -> Result<(), ScheduleError> {
        (*self).check(&format!("{owner}.{field}"))
    }
}

impl<T: Field> Field for Option<T> {
    const TYPE: FieldType = T::TYPE;
    type Built = Option<T::Built>;

    fn to_data(&self) -> Option<Data> {
        self.as_ref()?.to_data()
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        match data {
            Data::Nothing => Ok(None),
            data => T::from_data(data).map(Some),
        }
    }

    fn build(&self) -> Result<Self::Built, ScheduleError> {
        self.as_ref().map(T::build).transpose()
    }

    fn check(&self, bound: Bound, owner: &str, field: &str) -> Result<(), ScheduleError> {
        self.iter()
            .try_for_each(|value| value.check(bound, owner, field))
    }

    fn taken(&self, place: &Place<'_>) -> Result<u64, ScheduleError> {
        self.as_ref().map_or(Ok(0), |value| value.taken(place))
    }

    fn resolve(&self, at: &Place<'_>, inner: &Place<'_>) -> Result<Self, ScheduleError> {
        self.as_ref()
            .map(|value| value.resolve(at, inner))
            .transpose()
    }
}

/// A list, none of whose items takes steps of the run.
impl<T: Field> Field for Vec<T> {
    const TYPE: FieldType = match T::TYPE {
        FieldType::Number => FieldType::Numbers,
        FieldType::Length => FieldType::Lengths,
        _ => FieldType::Spec,
    };
    type Built = Vec<T::Built>;

    fn to_data(&self) -> Option<Data> {
        Some(Data::List(self.iter().filter_map(T::to_data).collect()))
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        match data {
            Data::List(values) => each(values, T::from_data),
            other => wrong(other, "a list"),
        }
    }

    fn build(&self) -> Result<Self::Built, ScheduleError> {
        each(self, T::build)
    }

    fn check(&self, bound: Bound, owner: &str, field: &str) -> Result<(), ScheduleError> {
        let mut values = self.iter().enumerate();
        values.try_for_each(|(i, value)| value.check(bound, owner, &format!("{field}[{i}]")))
    }

    fn resolve(&self, at: &Place<'_>, inner: &Place<'_>) -> Result<Self, ScheduleError> {
        each(self, |value| value.resolve(at, inner))
    }
}

impl<T: Field> Field for Box<T> {
    const TYPE: FieldType = T::TYPE;
    type Built = T::Built;

    fn to_data(&self) -> Option<Data> {
        T::to_data(self)
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        T::from_data(data).map(Box::new)
    }

    fn build(&self) -> Result<Self::Built, ScheduleError> {
        T::build(self)
    }

    fn resolve(&self, at: &Place<'_>, inner: &Place<'_>) -> Result<Self, ScheduleError> {
        T::resolve(self, at, inner).map(Box::new)
    }
}

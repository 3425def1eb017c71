//! How the fields of a spec are written, and read again.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::data::Data;
use super::{BatchSize, Length, Link, RuleSpec, Spec};
use crate::combine::{BatchRule, NoiseKind};
use crate::curves::CycleScaling;
use crate::error::ScheduleError;
use crate::feedback::{Dialect, Mode, ThresholdMode};
use crate::recipes::CycleIndex;
use crate::shape::Shape;

/// A field of a spec, as data.
pub(crate) trait Text: Sized {
    /// The data; `None` for a field that is not written, as it has nothing in it.
    fn to_data(&self) -> Option<Data>;

    /// The field that `data` is of. Errors have no place yet.
    fn from_data(data: Data) -> Result<Self, ScheduleError>;
}

fn wrong<T>(data: Data, allowed: &'static str) -> Result<T, ScheduleError> {
    Err(ScheduleError::invalid("", data, allowed))
}

impl Text for bool {
    fn to_data(&self) -> Option<Data> {
        Some(Data::Bool(*self))
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        match data {
            Data::Bool(value) => Ok(value),
            other => wrong(other, "true or false"),
        }
    }
}

impl Text for f64 {
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
}

impl Text for u64 {
    /// An integer, or a text where that is too large for TOML's.
    fn to_data(&self) -> Option<Data> {
        Some(match i64::try_from(*self) {
            Ok(_) => Data::Integer((*self).into()),
            Err(_) => Data::Text(self.to_string()),
        })
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        let count = match &data {
            Data::Integer(value) => u64::try_from(*value).ok(),
            Data::Text(text) => text.parse().ok(),
            _ => None,
        };
        count.map_or_else(|| wrong(data, "a whole number that is at least 0"), Ok)
    }
}

impl Text for Length {
    fn to_data(&self) -> Option<Data> {
        match self {
            Self::Steps(steps) => steps.to_data(),
            other => Some(Data::Text(other.to_string())),
        }
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        match data {
            Data::Text(text) => text.parse(),
            other => match u64::from_data(other.clone()) {
                Ok(steps) => Ok(Self::Steps(steps)),
                Err(_) => wrong(other, Self::ALLOWED),
            },
        }
    }
}

impl<T: Text> Text for Option<T> {
    fn to_data(&self) -> Option<Data> {
        self.as_ref()?.to_data()
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        match data {
            Data::Nothing => Ok(None),
            data => T::from_data(data).map(Some),
        }
    }
}

impl<T: Text> Text for Vec<T> {
    fn to_data(&self) -> Option<Data> {
        Some(Data::List(self.iter().filter_map(T::to_data).collect()))
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        match data {
            Data::List(values) => {
                let items = values.into_iter().enumerate();
                let items = items.map(|(i, value)| {
                    T::from_data(value).map_err(|error| error.inside(&format!("[{i}]")))
                });
                items.collect()
            }
            other => wrong(other, "a list"),
        }
    }
}

macro_rules! tables {
    ($($type:ty),*) => {$(
        impl Text for $type {
            fn to_data(&self) -> Option<Data> {
                Some(<$type>::to_data(self))
            }

            fn from_data(data: Data) -> Result<Self, ScheduleError> {
                <$type>::from_data(data)
            }
        }
    )*};
}

tables!(Spec, RuleSpec, Link);

impl<T: Text> Text for Box<T> {
    fn to_data(&self) -> Option<Data> {
        T::to_data(self)
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        T::from_data(data).map(Box::new)
    }
}

/// The samples, or the run's.
impl Text for BatchSize {
    fn to_data(&self) -> Option<Data> {
        match self {
            Self::Samples(samples) => samples.to_data(),
            Self::OfRun => Some(Data::Text("run".to_string())),
        }
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        match &data {
            Data::Text(text) if text == "run" => Ok(Self::OfRun),
            _ => match u64::from_data(data.clone()) {
                Ok(samples) => Ok(Self::Samples(samples)),
                Err(_) => wrong(data, "a number of samples, or \"run\" for the run's"),
            },
        }
    }
}

macro_rules! names {
    ($($type:ty, $what:literal: { $($variant:ident $name:literal),* $(,)? })*) => {$(
        impl $type {
            /// The name of every one there is, as texts give it.
            pub const NAMES: &[&str] = &[$($name),*];
        }

        impl Text for $type {
            fn to_data(&self) -> Option<Data> {
                let name = match self {
                    $(Self::$variant => $name,)*
                };
                Some(Data::Text(name.to_string()))
            }

            fn from_data(data: Data) -> Result<Self, ScheduleError> {
                match data {
                    Data::Text(text) => match text.as_str() {
                        $($name => Ok(Self::$variant),)*
                        other => Err(unknown_value(other, $what, Self::NAMES)),
                    },
                    other => wrong(other, concat!("the name of a ", $what)),
                }
            }
        }
    )*};
}

names! {
    Mode, "mode": { Min "min", Max "max" }
    ThresholdMode, "threshold mode": { Rel "rel", Abs "abs" }
    Dialect, "dialect": { Correct "correct", Torch "torch", Optax "optax" }
    BatchRule, "rule": { Linear "linear", SquareRoot "square_root" }
    NoiseKind, "kind of noise": { Normal "normal", Uniform "uniform" }
    CycleScaling, "scaling of cycles": {
        None "none", Halve "halve", Decay "decay",
    }
    CycleIndex, "way to count cycles": { Exact "exact", Logarithm "logarithm" }
}

/// A name that is a value, so that the error is at the place of a field.
fn unknown_value(name: &str, what: &'static str, known: &[&'static str]) -> ScheduleError {
    let error = ScheduleError::unknown("", what, name, known);
    ScheduleError::unsupported("", format!("{:?} {}", error.place, error.problem))
}

/// A shape without a number is its name; one with numbers is a table of them.
impl Text for Shape {
    fn to_data(&self) -> Option<Data> {
        let (kind, numbers) = self.to_parts();
        let (name, parameters) = Self::KINDS[kind];
        if parameters.is_empty() {
            return Some(Data::Text(name.to_string()));
        }
        let numbers = parameters.iter().zip(numbers);
        let numbers = numbers.map(|(parameter, number)| (*parameter, number.to_data()));
        Some(table(name, numbers.collect()))
    }

    fn from_data(data: Data) -> Result<Self, ScheduleError> {
        let what = "shape";
        let (name, numbers) = match data {
            Data::Text(name) => (name, Data::Table(Vec::new())),
            table => table.into_entry(what)?,
        };
        let names: Vec<&'static str> = Self::KINDS.iter().map(|(name, _)| *name).collect();
        let kind = names.iter().position(|known| *known == name);
        let kind = kind.ok_or_else(|| unknown_value(&name, what, &names))?;
        let mut fields = numbers.into_fields(&name, "number", Self::KINDS[kind].1)?;
        let mut numbers = [0.0; 2];
        for (parameter, number) in Self::KINDS[kind].1.iter().zip(&mut numbers) {
            *number = field(fields.take(parameter), None, &format!("{name}.{parameter}"))?;
        }
        Ok(Self::from_parts(kind, numbers).expect("every kind has a shape"))
    }
}

/// A name, and the fields that are something.
pub(crate) fn table(name: &str, fields: Vec<(&str, Option<Data>)>) -> Data {
    let fields = fields.into_iter();
    let fields = fields.filter_map(|(name, value)| Some((name.to_string(), value?)));
    Data::entry(name, Data::Table(fields.collect()))
}

/// The field that is given, or else its default.
pub(crate) fn field<T: Text>(
    given: Option<Data>,
    default: Option<T>,
    place: &str,
) -> Result<T, ScheduleError> {
    match given {
        Some(data) => T::from_data(data).map_err(|error| error.inside(place)),
        None => default.ok_or_else(|| ScheduleError::missing(place)),
    }
}

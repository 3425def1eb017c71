//! The types that fields of a spec have: how each is read, written, checked, resolved and built.

use alloc::format;
use alloc::vec::Vec;

use crate::data::Data;
use crate::error::ScheduleError;
use crate::place::Place;

mod values;

/// The allowed values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bound {
    /// Any of its type; a shape's numbers have bounds of their own.
    Any,
    /// A finite number.
    Finite,
    /// A finite number that is at least 0.
    AtLeast0,
    /// A finite number above 0.
    Above0,
    /// A number between 0 and 1.
    Share,
    /// A whole number that is at least 1.
    AtLeast1,
}

/// The type of a field in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // each is named after what it is
pub enum FieldType {
    Number,
    Count,
    Length,
    Flag,
    Shape,
    Numbers,
    Lengths,
    /// One of these names.
    Name(&'static [&'static str]),
    /// Something that has fields of its own.
    Spec,
}

/// A type that a field of a spec can have. Errors have no place yet.
pub(crate) trait Field: Sized + Clone {
    const TYPE: FieldType;

    /// The type that a constructor takes.
    type Built;

    /// The data; `None` for a field that is not written, as it has nothing in it.
    fn to_data(&self) -> Option<Data>;

    /// The field that `data` is of.
    fn from_data(data: Data) -> Result<Self, ScheduleError>;

    /// The field as a constructor takes it.
    fn build(&self) -> Result<Self::Built, ScheduleError>;

    /// Checks that the value is within its bound.
    fn check(&self, _bound: Bound, _owner: &str, _field: &str) -> Result<(), ScheduleError> {
        Ok(())
    }

    /// The steps that it takes of a run, for a neighbour that takes the rest.
    fn taken(&self, _place: &Place<'_>) -> Result<u64, ScheduleError> {
        Ok(0)
    }

    /// The same with every length in steps, for a field at a place, and what is inside of a field at the inner one.
    fn resolve(&self, _at: &Place<'_>, _inner: &Place<'_>) -> Result<Self, ScheduleError> {
        Ok(self.clone())
    }
}

/// Makes an enum a field whose values have names: `Enum, "what it is": { Variant "name", .. }`.
macro_rules! names {
    ($type:ty, $what:literal: { $($variant:ident $name:literal),* $(,)? }) => {
        impl $type {
            /// The name of every one there is, as texts give it.
            pub const NAMES: &[&str] = &[$($name),*];
        }

        impl $crate::field::Field for $type {
            const TYPE: $crate::field::FieldType = $crate::field::FieldType::Name(Self::NAMES);
            type Built = Self;

            fn to_data(&self) -> Option<$crate::data::Data> {
                let name = match self {
                    $(Self::$variant => $name,)*
                };
                Some($crate::data::Data::Text(name.into()))
            }

            fn from_data(data: $crate::data::Data) -> Result<Self, $crate::error::ScheduleError> {
                let values = [$(Self::$variant),*];
                $crate::field::named(data, $what, Self::NAMES).map(|i| values[i])
            }

            fn build(&self) -> Result<Self, $crate::error::ScheduleError> {
                Ok(*self)
            }
        }
    };
}

/// The place among `names` of the one that `data` is.
pub(crate) fn named(
    data: Data,
    what: &'static str,
    names: &[&'static str],
) -> Result<usize, ScheduleError> {
    let Data::Text(name) = data else {
        let allowed = format!("the name of a {what}");
        return Err(ScheduleError::invalid("", data, allowed));
    };
    let found = names.iter().position(|known| *known == name);
    found.ok_or_else(|| {
        // The name is a value, so that the error is at the place of a field.
        let error = ScheduleError::unknown("", what, &name, names);
        ScheduleError::unsupported("", format!("{:?} {}", error.place, error.problem))
    })
}

/// Applies `of` to every one of them, with errors that say which one failed.
pub(crate) fn each<A, B>(
    list: impl IntoIterator<Item = A>,
    mut of: impl FnMut(A) -> Result<B, ScheduleError>,
) -> Result<Vec<B>, ScheduleError> {
    let items = list.into_iter().enumerate();
    let items = items.map(|(i, item)| of(item).map_err(|error| error.inside(&format!("[{i}]"))));
    items.collect()
}

/// The field that is given, or else its default.
pub(crate) fn read<F: Field>(
    given: Option<Data>,
    default: Option<F>,
    owner: &str,
    field: &str,
) -> Result<F, ScheduleError> {
    let default = || default.ok_or_else(|| ScheduleError::missing(""));
    of(given.map_or_else(default, F::from_data), owner, field)
}

/// A result of `field`, with an error that says whose it is.
pub(crate) fn of<T>(
    result: Result<T, ScheduleError>,
    owner: &str,
    field: &str,
) -> Result<T, ScheduleError> {
    result.map_err(|error| error.inside(&format!("{owner}.{field}")))
}

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ScheduleError;

/// How deep lists and tables may be nested in a text from outside.
pub const MAX_DEPTH: usize = 64;
/// How many values such a text may hold in all, and so how long a list in it may be.
pub const MAX_VALUES: usize = 100_000;

/// Plain data from outside, as JSON or TOML have it: what a [`Spec`](crate::Spec) is read from.
///
/// Reading is bounded by [`MAX_DEPTH`] and [`MAX_VALUES`], so that no input exhausts the stack or
/// the memory, and a name that is given twice is an error.
///
/// ```
/// use lr_schedule::spec::Data;
///
/// let data: Data = serde_json::from_str(r#"{"steps": 10, "of": [0.5, true]}"#)?;
/// let mut fields = data.into_fields("example", "field", &["steps", "of"])?;
/// assert_eq!(fields.take("steps"), Some(Data::Integer(10)));
///
/// let deep = "[".repeat(65) + &"]".repeat(65);
/// assert!(serde_json::from_str::<Data>(&deep).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // each is what it is called
pub enum Data {
    /// JSON's `null`.
    Nothing,
    Bool(bool),
    Integer(i128),
    Number(f64),
    Text(String),
    List(Vec<Data>),
    /// Names and values, in the order in which they were given.
    Table(Vec<(String, Data)>),
}

impl Data {
    /// A table with one entry.
    pub fn entry(name: impl Into<String>, value: Data) -> Self {
        Self::Table(alloc::vec![(name.into(), value)])
    }

    /// The entries of a table, all of whose names are `known`; `what` is what they are called in
    /// an error, such as `field`.
    ///
    /// # Errors
    ///
    /// Data that is no table, or a name that is not known.
    pub fn into_fields(
        self,
        place: &str,
        what: &'static str,
        known: &[&'static str],
    ) -> Result<Fields, ScheduleError> {
        let Self::Table(entries) = self else {
            return Err(ScheduleError::invalid(place, self, "a table of fields"));
        };
        for (name, _) in &entries {
            if !known.contains(&name.as_str()) {
                return Err(ScheduleError::unknown(place, what, name, known));
            }
        }
        Ok(Fields { entries })
    }

    /// The one name and value of a table that has no more.
    ///
    /// # Errors
    ///
    /// Data that is no table, or one without an entry or with several.
    pub fn into_entry(self, what: &str) -> Result<(String, Data), ScheduleError> {
        let wrong = |data: Data| {
            ScheduleError::invalid("", data, format!("one {what} by its name, and its fields"))
        };
        match self {
            Self::Table(mut entries) if entries.len() == 1 => {
                Ok(entries.pop().expect("there is one"))
            }
            other => Err(wrong(other)),
        }
    }
}

/// A short form, for errors.
impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Text(value) if value.chars().count() > 40 => {
                let start: String = value.chars().take(40).collect();
                write!(f, "{start:?}...")
            }
            Self::Text(value) => write!(f, "{value:?}"),
            Self::List(values) => write!(f, "a list of {}", values.len()),
            Self::Table(entries) => write!(f, "a table of {}", entries.len()),
        }
    }
}

/// The entries of a table whose names are known; see [`Data::into_fields`].
#[derive(Debug, Clone)]
pub struct Fields {
    entries: Vec<(String, Data)>,
}

impl Fields {
    /// The value of the field called `name`, if it is given and something.
    pub fn take(&mut self, name: &str) -> Option<Data> {
        let at = self.entries.iter().position(|(given, _)| given == name)?;
        match self.entries.swap_remove(at).1 {
            Data::Nothing => None,
            value => Some(value),
        }
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => serializer.serialize_i64(value),
                (_, Ok(value)) => serializer.serialize_u64(value),
                _ => Err(S::Error::custom("an integer of more than 64 bits")),
            },
            Self::Number(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(value)?;
                }
                list.end()
            }
            Self::Table(entries) => {
                let mut table = serializer.serialize_map(Some(entries.len()))?;
                for (name, value) in entries {
                    table.serialize_entry(name, value)?;
                }
                table.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let left = Cell::new(MAX_VALUES);
        let seed = Bounded {
            depth: MAX_DEPTH,
            left: &left,
        };
        seed.deserialize(deserializer)
    }
}

/// Reads one value, with as many levels below it and as many values in all as are left.
#[derive(Clone, Copy)]
struct Bounded<'a> {
    depth: usize,
    left: &'a Cell<usize>,
}

impl Bounded<'_> {
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(E::custom(format!(
                "must be nested at most {MAX_DEPTH} levels deep, got more"
            ))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Data;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Data, D::Error> {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => {
                return Err(D::Error::custom(format!(
                    "must be at most {MAX_VALUES} values, got more"
                )));
            }
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Data;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value as JSON and TOML have them")
    }

    fn visit_unit<E>(self) -> Result<Data, E> {
        Ok(Data::Nothing)
    }

    fn visit_none<E>(self) -> Result<Data, E> {
        Ok(Data::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Data, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Data, E> {
        Ok(Data::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Data, E> {
        Ok(Data::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Data, E> {
        Ok(Data::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Data, E> {
        Ok(Data::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Data, E> {
        Ok(Data::Text(value.to_string()))
    }

    fn visit_string<E>(self, value: String) -> Result<Data, E> {
        Ok(Data::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Data, A::Error> {
        let inside = self.inside()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(inside)? {
            values.push(value);
        }
        Ok(Data::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Data, A::Error> {
        let inside = self.inside()?;
        let mut entries: Vec<(String, Data)> = Vec::new();
        let mut names = alloc::collections::BTreeSet::new();
        while let Some(name) = table.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format!(
                    "{name}: must be given once, got it twice"
                )));
            }
            entries.push((name, table.next_value_seed(inside)?));
        }
        Ok(Data::Table(entries))
    }
}

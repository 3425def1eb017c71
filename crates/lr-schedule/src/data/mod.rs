use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::error::ScheduleError;

#[cfg(feature = "serde")]
mod serialize;

/// The depth to which lists and tables may be nested in a text from outside.
pub const MAX_DEPTH: usize = 64;
/// The number of values that such a text may hold in all, and so of those in a list.
pub const MAX_VALUES: usize = 100_000;

/// Plain data from outside, as JSON, TOML or YAML have it: what a [`Spec`](crate::Spec) is read from.
///
/// Reading is bounded by [`MAX_DEPTH`] and [`MAX_VALUES`], so that no input exhausts the stack or
/// the memory, and a name that is given twice is an error.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use lr_schedule::spec::Data;
///
/// let data: Data = serde_json::from_str(r#"{"steps": 10, "of": [0.5, true]}"#)?;
/// let mut fields = data.into_fields("example", "field", &["steps", "of"])?;
/// assert_eq!(fields.take("steps"), Some(Data::Integer(10)));
///
/// let deep = "[".repeat(65) + &"]".repeat(65);
/// assert!(serde_json::from_str::<Data>(&deep).is_err());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq)]
#[allow(missing_docs)] // each is what it is called
pub enum Data {
    /// The `null` of JSON and YAML.
    Nothing,
    Bool(bool),
    Integer(i128),
    Number(f64),
    Text(String),
    List(Vec<Data>),
    /// Names and values, in the order in which they were given.
    Table(Vec<(String, Data)>),
}

/// A table with one entry: `name`, and those of its fields that are something.
pub(crate) fn table<'a>(
    name: &str,
    fields: impl IntoIterator<Item = (&'a str, Option<Data>)>,
) -> Data {
    let fields = fields.into_iter();
    let fields = fields.filter_map(|(name, value)| Some((name.to_string(), value?)));
    Data::entry(name, Data::Table(fields.collect()))
}

impl Data {
    /// A table with one entry.
    pub fn entry(name: impl Into<String>, value: Data) -> Self {
        Self::Table(alloc::vec![(name.into(), value)])
    }

    /// The value under names with dots between them; `None` where one of them is not there, or nothing.
    ///
    /// ```
    /// use lr_schedule::spec::Data;
    ///
    /// let data = Data::entry("optimizer", Data::entry("lr", Data::Number(0.1)));
    /// assert_eq!(data.at("optimizer.lr"), Some(&Data::Number(0.1)));
    /// assert_eq!(data.at("optimizer.rate"), None);
    /// ```
    pub fn at(&self, names: &str) -> Option<&Data> {
        let found = names.split('.').try_fold(self, |data, name| match data {
            Self::Table(entries) => entries
                .iter()
                .find(|(entry, _)| entry == name)
                .map(|(_, value)| value),
            _ => None,
        });
        found.filter(|data| **data != Self::Nothing)
    }

    /// Whether an entry of that name is anywhere in it.
    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            Self::List(values) => values.iter().any(|value| value.has(name)),
            Self::Table(entries) => entries
                .iter()
                .any(|(entry, value)| entry == name || value.has(name)),
            _ => false,
        }
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
        match self {
            Self::Table(mut entries) if entries.len() == 1 => {
                Ok(entries.pop().expect("there is one"))
            }
            other => {
                let allowed = format!("one {what} by its name, and its fields");
                Err(ScheduleError::invalid("", other, allowed))
            }
        }
    }
}

/// All of it, as JSON has it.
impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(values) => f.debug_list().entries(values).finish(),
            Self::Table(entries) => {
                let entries = entries.iter().map(|(name, value)| (name, value));
                f.debug_map().entries(entries).finish()
            }
            Self::Number(value) => fmt::Debug::fmt(value, f),
            Self::Text(value) => fmt::Debug::fmt(value, f),
            Self::Nothing | Self::Bool(_) | Self::Integer(_) => fmt::Display::fmt(self, f),
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

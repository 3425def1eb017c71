use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};

/// One number of a rule's state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A count.
    Count(u64),
    /// A rate, a factor or a metric.
    Number(f64),
}

/// The state of a [`Feedback`](super::Feedback) rule: named numbers.
///
/// ```
/// use lr_schedule::feedback::{State, Value};
///
/// let state = State::new().with("scale", Value::Number(0.1));
/// assert_eq!(state.number("scale"), Ok(0.1));
/// assert_eq!(state.count("patience").unwrap_err().to_string(), "`patience` is missing");
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State(BTreeMap<Cow<'static, str>, Value>);

impl State {
    /// A state without numbers.
    pub fn new() -> Self {
        Self::default()
    }

    /// This state with one number more.
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: Value) -> Self {
        self.0.insert(name.into(), value);
        self
    }

    /// Every number, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }

    /// The value called `name`, if there is one.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.0.get(name).copied()
    }

    /// The count called `name`.
    ///
    /// # Errors
    ///
    /// A value that is missing or not a count.
    pub fn count(&self, name: &str) -> Result<u64, StateError> {
        match self.require(name)? {
            Value::Count(count) => Ok(count),
            other => Err(StateError::invalid(name, other, "a count")),
        }
    }

    /// The number called `name`.
    ///
    /// # Errors
    ///
    /// A value that is missing or a count.
    pub fn number(&self, name: &str) -> Result<f64, StateError> {
        match self.require(name)? {
            Value::Number(number) => Ok(number),
            other => Err(StateError::invalid(name, other, "a number")),
        }
    }

    /// The number called `name`, if there is one.
    ///
    /// # Errors
    ///
    /// A count.
    pub fn optional_number(&self, name: &str) -> Result<Option<f64>, StateError> {
        match self.get(name) {
            None => Ok(None),
            Some(_) => self.number(name).map(Some),
        }
    }

    fn require(&self, name: &str) -> Result<Value, StateError> {
        self.get(name).ok_or_else(|| StateError::Missing {
            name: name.to_string(),
        })
    }
}

/// A stored state that makes no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// A number of the rule is not there.
    #[error("`{name}` is missing")]
    Missing {
        /// The name.
        name: String,
    },
    /// A number of the rule can't be what it is.
    #[error("`{name}` must be {allowed}, got {value}")]
    Invalid {
        /// The name.
        name: String,
        /// Its value.
        value: String,
        /// The values allowed.
        allowed: &'static str,
    },
}

impl StateError {
    /// A number that can't be what it is.
    pub fn invalid(name: &str, value: Value, allowed: &'static str) -> Self {
        let value = match value {
            Value::Count(count) => format!("the count {count}"),
            Value::Number(number) => format!("the number {number}"),
        };
        Self::Invalid {
            name: name.to_string(),
            value,
            allowed,
        }
    }
}

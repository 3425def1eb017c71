use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Display;

/// A number that makes no schedule: where it was given, what it was, and what is allowed there.
///
/// ```
/// use lr_schedule::curves::Cosine;
///
/// let error = Cosine::try_new(1e-3, 0.0, 0).unwrap_err();
/// assert_eq!(error.to_string(), "cosine.steps: must be at least 1, got 0");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: must be {allowed}, got {value}")]
pub struct ScheduleError {
    /// The field, after the curve it belongs to: `cosine.steps`.
    pub place: String,
    /// What is allowed there: `at least 1`.
    pub allowed: &'static str,
    /// The value that was given.
    pub value: String,
}

impl ScheduleError {
    /// `Ok` where `valid` holds, or else the error that says what is allowed.
    pub(crate) fn check(
        valid: bool,
        owner: &str,
        field: &str,
        value: impl Display,
        allowed: &'static str,
    ) -> Result<(), Self> {
        if valid {
            return Ok(());
        }
        Err(Self {
            place: format!("{owner}.{field}"),
            allowed,
            value: value.to_string(),
        })
    }

    pub(crate) fn check_finite(owner: &str, field: &str, value: f64) -> Result<(), Self> {
        Self::check(value.is_finite(), owner, field, value, "finite")
    }

    pub(crate) fn check_not_negative(owner: &str, field: &str, value: f64) -> Result<(), Self> {
        let valid = value.is_finite() && value >= 0.0;
        Self::check(valid, owner, field, value, "finite and at least 0")
    }

    pub(crate) fn check_positive(owner: &str, field: &str, value: f64) -> Result<(), Self> {
        let valid = value.is_finite() && value > 0.0;
        Self::check(valid, owner, field, value, "finite and above 0")
    }

    pub(crate) fn check_steps(owner: &str, field: &str, value: u64) -> Result<(), Self> {
        Self::check(value >= 1, owner, field, value, "at least 1")
    }

    /// What all curves from a start to an end in some steps have in common.
    pub(crate) fn check_ramp(owner: &str, start: f64, end: f64, steps: u64) -> Result<(), Self> {
        Self::check_finite(owner, "start", start)?;
        Self::check_finite(owner, "end", end)?;
        Self::check_steps(owner, "steps", steps)
    }
}

/// What `new` does with the result of its `try_new` twin.
#[track_caller]
pub(crate) fn or_panic<T>(result: Result<T, ScheduleError>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

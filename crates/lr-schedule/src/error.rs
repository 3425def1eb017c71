use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

/// A value that makes no schedule: its place, and the mistake in it.
///
/// ```
/// use lr_schedule::curves::Cosine;
///
/// let error = Cosine::try_new(1e-3, 0.0, 0).unwrap_err();
/// assert_eq!(error.to_string(), "cosine.steps: must be at least 1, got 0");
/// assert_eq!(error.place, "cosine.steps");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}{}{problem}", if place.is_empty() { "" } else { ": " })]
pub struct ScheduleError {
    /// The field, after all that it is part of: `sequence[1].cosine.steps`.
    pub place: String,
    /// The mistake there.
    pub problem: Problem,
}

/// The mistake at the place of a [`ScheduleError`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A value that is not allowed.
    #[error("must be {allowed}, got {value}")]
    Invalid {
        /// The values allowed: `at least 1`.
        allowed: Cow<'static, str>,
        /// The value that was given.
        value: String,
    },
    /// A field without a default is not given.
    #[error("is missing")]
    Missing,
    /// A name that nothing has.
    #[error("is no known {what}; {}", match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("there are {}", known.join(", ")),
    })]
    Unknown {
        /// The kind of name: `field`, `schedule`.
        what: &'static str,
        /// The names there are.
        known: Vec<&'static str>,
        /// The one of them that is most like it, where one is alike (with the feature `std`).
        nearest: Option<&'static str>,
    },
    /// The reason, in a sentence.
    #[error("{0}")]
    Unsupported(Cow<'static, str>),
}

impl ScheduleError {
    /// A value at `place` that is not `allowed` there.
    pub fn invalid(
        place: impl Into<String>,
        value: impl Display,
        allowed: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            place: place.into(),
            problem: Problem::Invalid {
                allowed: allowed.into(),
                value: value.to_string(),
            },
        }
    }

    /// Nothing is called `name` inside of `place`; `known` is what there is.
    pub fn unknown(
        place: impl Into<String>,
        what: &'static str,
        name: &str,
        known: &[&'static str],
    ) -> Self {
        let error = Self {
            place: name.chars().take(64).collect(),
            problem: Problem::Unknown {
                what,
                known: known.to_vec(),
                nearest: nearest(name, known),
            },
        };
        error.inside(&place.into())
    }

    /// A field at `place` that has no default, and isn't given.
    pub fn missing(place: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            problem: Problem::Missing,
        }
    }

    /// Says why something can't be done at `place`, in a sentence.
    pub fn unsupported(place: impl Into<String>, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            place: place.into(),
            problem: Problem::Unsupported(why.into()),
        }
    }

    /// The same error, of what is part of something else: `cosine.steps` inside of `sequence[1]`
    /// is `sequence[1].cosine.steps`.
    #[must_use]
    pub fn inside(mut self, outer: &str) -> Self {
        self.place = match (outer, self.place.as_str()) {
            ("", _) => self.place,
            (_, "") => outer.to_string(),
            (_, inner) if inner.starts_with('[') => format!("{outer}{inner}"),
            (_, inner) => format!("{outer}.{inner}"),
        };
        self
    }

    /// `Ok` where `valid` holds, or else the error that says what is allowed.
    pub(crate) fn check(
        valid: bool,
        owner: &str,
        field: &str,
        value: impl Display,
        allowed: &'static str,
    ) -> Result<(), Self> {
        match valid {
            true => Ok(()),
            false => Err(Self::invalid(format!("{owner}.{field}"), value, allowed)),
        }
    }

    pub(crate) fn check_finite(owner: &str, field: &str, value: f64) -> Result<(), Self> {
        Self::check(value.is_finite(), owner, field, value, "finite")
    }

    pub(crate) fn check_positive(owner: &str, field: &str, value: f64) -> Result<(), Self> {
        let valid = value.is_finite() && value > 0.0;
        Self::check(valid, owner, field, value, "finite and above 0")
    }

    pub(crate) fn check_steps(owner: &str, field: &str, value: u64) -> Result<(), Self> {
        Self::check(value >= 1, owner, field, value, "at least 1")
    }
}

#[cfg(feature = "std")]
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    // A text far longer than any name is no slip, and its distance takes too long to measure.
    if name.len() > 64 {
        return None;
    }
    // Slips are above this, and so is a name that was cut short; other words are below.
    const ALIKE: f64 = 0.8;
    let name = name.to_lowercase();
    let alike = known
        .iter()
        .map(|known| (strsim::jaro_winkler(&name, &known.to_lowercase()), *known));
    let nearest = alike.max_by(|(a, _), (b, _)| a.total_cmp(b));
    nearest
        .filter(|(alike, _)| *alike >= ALIKE)
        .map(|(_, known)| known)
}

#[cfg(not(feature = "std"))]
fn nearest(_name: &str, _known: &[&'static str]) -> Option<&'static str> {
    None
}

/// Takes the result of `try_new` for `new`, which panics at an error.
#[track_caller]
pub(crate) fn or_panic<T>(result: Result<T, ScheduleError>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

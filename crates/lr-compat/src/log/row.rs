use std::fmt::Display;
use std::io;
use std::path::Path;

use lr_schedule::ScheduleError;
use thiserror::Error;

use super::number::Digits;

/// A learning rate that was logged.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Row {
    /// The step that the log gives it; `None` where it gives none.
    pub step: Option<u64>,
    /// The rate.
    pub rate: f64,
    pub(super) digits: Digits,
}

impl Row {
    pub(super) fn new(step: Option<u64>, (rate, digits): (f64, Digits)) -> Self {
        Self { step, rate, digits }
    }
}

/// The rows of a log, one after another.
pub(super) type Rows = Box<dyn Iterator<Item = Result<Row, LogError>>>;

/// The rows that a reader of one format gives, up to its `None`.
pub(super) fn rows(mut next: impl FnMut() -> Result<Option<Row>, LogError> + 'static) -> Rows {
    Box::new(std::iter::from_fn(move || next().transpose()))
}

/// A log that can't be read, or that nothing can be said of.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LogError {
    /// A file or a directory can't be read.
    #[error("{path}: can't be read: {error}")]
    Read {
        /// The file or directory.
        path: String,
        /// The reason.
        error: io::Error,
    },
    /// A file that is no log, or not as a log must be.
    #[error("{place}: {problem}")]
    Invalid {
        /// The file or directory; where it is something in a file, with its line, or with its byte in one without lines.
        place: String,
        /// The name, the value and what is allowed; or the reason, and a way out.
        problem: String,
    },
    /// The schedule can't be compared with a log.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

impl LogError {
    pub(super) fn read(path: &Path, error: io::Error) -> Self {
        let path = path.display().to_string();
        Self::Read { path, error }
    }

    pub(super) fn invalid(place: impl Display, problem: impl Into<String>) -> Self {
        Self::Invalid {
            place: place.to_string(),
            problem: problem.into(),
        }
    }

    pub(super) fn line(path: &Path, line: u64, problem: impl Into<String>) -> Self {
        Self::invalid(format_args!("{}:{line}", path.display()), problem)
    }
}

use std::collections::VecDeque;
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

/// A reader of one format.
pub(super) trait Source {
    /// Reads a little further, and adds the rows that are there; `false` at the end.
    fn read(&mut self, rows: &mut VecDeque<Row>) -> Result<bool, LogError>;
}

/// The rows of a source, and its first error after those before it.
pub(super) struct Stream<S> {
    pub source: S,
    rows: VecDeque<Row>,
    end: Option<Result<(), LogError>>,
}

impl<S: Source> Stream<S> {
    pub fn new(source: S) -> Self {
        let (rows, end) = (VecDeque::new(), None);
        Self { source, rows, end }
    }
}

impl<S: Source> Iterator for Stream<S> {
    type Item = Result<Row, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.rows.is_empty() && self.end.is_none() {
            self.end = match self.source.read(&mut self.rows) {
                Ok(true) => None,
                Ok(false) => Some(Ok(())),
                Err(error) => Some(Err(error)),
            };
        }
        let row = self.rows.pop_front().map(Ok);
        row.or_else(|| self.end.replace(Ok(()))?.err().map(Err))
    }
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
    /// A place in it is not as it must be.
    #[error("{path}:{place}: {problem}")]
    Invalid {
        /// The file.
        path: String,
        /// The line, or the byte of a file that has none.
        place: String,
        /// The name, the value and what is allowed.
        problem: String,
    },
    /// It is no log, or has no rates.
    #[error("{path}: {problem}")]
    Unknown {
        /// The file or directory.
        path: String,
        /// The reason, and a way out.
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

    pub(super) fn line(path: &Path, line: u64, problem: impl Into<String>) -> Self {
        Self::Invalid {
            path: path.display().to_string(),
            place: line.to_string(),
            problem: problem.into(),
        }
    }

    pub(super) fn unknown(path: &Path, problem: impl Into<String>) -> Self {
        Self::Unknown {
            path: path.display().to_string(),
            problem: problem.into(),
        }
    }
}

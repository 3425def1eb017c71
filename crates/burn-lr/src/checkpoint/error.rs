use std::fmt;
use std::io;
use std::path::PathBuf;

use burn::store::RecordError;
use lr_checkpoint::FileError;

use crate::record::LoadError;

/// A checkpoint that can't be written, read, or gone on from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file system refused.
    #[error("can't {action} `{}`: {source}", .path.display())]
    Io {
        /// The action: `read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The file system's error.
        source: io::Error,
    },
    /// The file could not be written.
    #[error("can't write `{}`: {reason}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The file is something else.
    #[error("`{}` is not a checkpoint: {reason}", .path.display())]
    NotACheckpoint {
        /// The file.
        path: PathBuf,
        /// How it shows.
        reason: String,
    },
    /// A later version of this library wrote the file.
    #[error(
        "`{}` is a checkpoint of version {found}; this library reads up to {supported}",
        .path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The file's version.
        found: String,
        /// The latest version that can be read.
        supported: u64,
    },
    /// The file has changed since it was written.
    #[error("`{}` is damaged: its {part} is not what was written", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The part: `model`, `optimizer`, `scheduler`, `index or trailer`, or another one around them.
        part: &'static str,
    },
    /// A device could not give the values of a parameter.
    #[error("can't read a parameter from its device: {0}")]
    Device(String),
    /// A batch size of 0.
    #[error("{field}: must be at least 1, got 0")]
    BatchSize {
        /// The field: `saved` or `given`.
        field: &'static str,
    },
    /// The checkpoint is of another model.
    #[error("the checkpoint is of another model: {}", list(.mismatches))]
    Model {
        /// Every parameter that differs.
        mismatches: Vec<Mismatch>,
    },
    /// The checkpoint is of another optimizer, or of the same one with other options.
    #[error("the checkpoint's optimizer is {saved}, the one at hand is {given}")]
    OptimizerConfig {
        /// Kind and options of the optimizer that was saved, as JSON.
        saved: String,
        /// Those of the one at hand.
        given: String,
    },
    /// The optimizer's state is not one that this optimizer can go on from.
    #[error("the checkpoint's optimizer state: {reason}")]
    OptimizerState {
        /// The fault in it.
        reason: String,
    },
    /// The scheduler can't go on from the checkpoint.
    #[error(transparent)]
    Scheduler(#[from] LoadError),
    /// Burn could not write or read a record.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl From<FileError> for CheckpointError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io {
                action,
                path,
                source,
            } => Self::Io {
                action,
                path,
                source,
            },
            FileError::Write { path, reason } => Self::Write { path, reason },
            FileError::NotACheckpoint { path, reason } => Self::NotACheckpoint { path, reason },
            FileError::Version {
                path,
                found,
                supported,
            } => Self::Version {
                path,
                found,
                supported,
            },
            FileError::Damaged { path, part } => Self::Damaged { path, part },
            FileError::Record(error) => error.into(),
        }
    }
}

impl From<burn_pack::Error> for CheckpointError {
    fn from(error: burn_pack::Error) -> Self {
        Self::Record(error.into())
    }
}

/// One parameter in which a checkpoint and a model differ.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// The model has it, the checkpoint doesn't.
    Missing {
        /// The parameter's path.
        path: String,
    },
    /// The checkpoint has it, the model doesn't.
    Unexpected {
        /// The parameter's path.
        path: String,
    },
    /// Both have it, in another shape or number type.
    Different {
        /// The parameter's path.
        path: String,
        /// Type and shape in the checkpoint: `F32[10, 1]`.
        saved: String,
        /// Type and shape in the model.
        given: String,
    },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { path } => write!(f, "`{path}` is missing"),
            Self::Unexpected { path } => write!(f, "`{path}` is unexpected"),
            Self::Different { path, saved, given } => {
                write!(f, "`{path}` is {saved}, not {given}")
            }
        }
    }
}

fn list(mismatches: &[Mismatch]) -> String {
    let lines: Vec<String> = mismatches.iter().map(Mismatch::to_string).collect();
    lines.join(", ")
}

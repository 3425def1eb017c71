use std::io;
use std::path::PathBuf;

use lr_checkpoint::{FileError, RetentionError};

use crate::checkpoint::CheckpointError;
use crate::listed::listed;
use crate::run_dir::FileSystemError;

/// A directory of checkpoints that can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointDirError {
    /// The file system refused.
    #[error(transparent)]
    Io(#[from] FileSystemError),
    /// Another writer has the directory, in this process or another one.
    #[error("another writer is at work in `{}`", .path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// A rule of the retention would keep no checkpoint.
    #[error(transparent)]
    Retention(#[from] RetentionError),
    /// A checkpoint can't be written, or can't be read for a reason other than damage.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Checkpoints are there, but not one that is whole and, where the best is asked for, has the
    /// metric.
    #[error("of the checkpoints in `{}`, none to go on from is whole: {}", .path.display(), listed(.passed_over, "; ", ""))]
    NoneWhole {
        /// The directory.
        path: PathBuf,
        /// The checkpoints that were tried, each with what is wrong with it.
        passed_over: Vec<FileError>,
    },
    /// No checkpoint has the metric that the best one was asked by, as a finite number.
    #[error(
        "no checkpoint in `{}` has a finite metric `{metric}`; there are {}",
        .path.display(),
        listed(.present, ", ", "none at all")
    )]
    NoSuchMetric {
        /// The directory.
        path: PathBuf,
        /// The metric.
        metric: String,
        /// The metrics that there are.
        present: Vec<String>,
    },
    /// A checkpoint of a later step is there, so that what is saved would not be the latest.
    #[error(
        "`{}` is of a later step than {step}, which was to be saved; `discard_after` gives it up",
        .later.display()
    )]
    NotTheLatest {
        /// The step that was to be saved.
        step: u64,
        /// A whole checkpoint of a later one.
        later: PathBuf,
    },
    /// The checkpoints after a step can't be given up, since none up to there is whole.
    #[error("`{}` has no whole checkpoint of step {step} or before", .path.display())]
    NothingBefore {
        /// The directory.
        path: PathBuf,
        /// The step.
        step: u64,
    },
    /// A checkpoint that was to make room is still there.
    #[error("can't remove `{}`: {source}; nothing else is lost", .path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// The file system's error.
        source: io::Error,
    },
}

//! Errors that end the program: one line, and exit code 2.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::data::dataset::DatasetError;
use burn::train::TrainingError;
use burn_lr::finder::FinderRunError;
use burn_lr::train::{EpochCheckpointError, MetricFeedbackError};
use burn_lr::{GroupError, ScheduleError};
use shared::find_lr::FindError;
use shared::picture::PictureError;

/// Why a run can't be begun or gone on with.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum Error {
    #[error(
        "`{0}` already holds a run: `--resume` goes on with it, `--out` puts a new one elsewhere"
    )]
    AlreadyARun(String),
    #[error("`{0}` holds no run")]
    NoRun(String),
    #[error("the options of the run in `{path}` can't be read: {reason}")]
    Options { path: String, reason: String },
    #[error("the run in `{0}` was begun with other options")]
    OtherOptions(String),
    #[error("the run was begun on {begun} devices, and there are {found}")]
    OtherDevices { begun: usize, found: usize },
    #[error("`find-lr` trains on one device, not on those of {0}")]
    SeveralDevices(String),
    #[error("--swa-from is of `--average swa` alone")]
    SwaFrom,
    #[error("can't wait for signals: {0}")]
    Signal(io::Error),
    #[error("can't {action} `{}`: {source}", .path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    #[error(transparent)]
    Groups(#[from] GroupError),
    #[error(transparent)]
    Metric(#[from] MetricFeedbackError),
    #[error(transparent)]
    Data(#[from] DatasetError),
    #[error(transparent)]
    Checkpoint(#[from] EpochCheckpointError),
    #[error(transparent)]
    Sweep(#[from] FinderRunError),
    #[error(transparent)]
    Find(#[from] FindError),
    #[error(transparent)]
    Picture(#[from] PictureError),
    #[cfg(feature = "remote-server")]
    #[error(transparent)]
    Serve(#[from] shared::serve::ServeFailure),
    #[error("{0}")]
    Training(Arc<TrainingError>),
}

impl Error {
    /// Says what was to be done, for `map_err`.
    pub fn io<E: Into<io::Error>>(action: &'static str, path: &Path) -> impl Fn(E) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path: path.clone(),
            source: source.into(),
        }
    }
}

//! Errors that end the program: one line, and exit code 2.

use std::io;
use std::path::{Path, PathBuf};

use burn_lr::{CheckpointError, ScheduleError};
use shared::find_lr::FindError;
use shared::picture::PictureError;

/// Why a run can't be begun or gone on with.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum Error {
    #[error(
        "`{0}` already holds a run: `resume {0}` finishes it, `--out` puts a new one elsewhere"
    )]
    AlreadyARun(String),
    #[error("`{0}` holds no run: it has no checkpoint")]
    NoRun(String),
    #[error("the run in `{path}` was begun with other options: {options}")]
    OtherOptions { path: String, options: String },
    #[error("`linear` trains on one device, not on those of {0}; `digits` trains on several")]
    SeveralDevices(String),
    #[error("can't wait for signals: {0}")]
    Signal(io::Error),
    #[error("another process is working in `{0}`")]
    Busy(String),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("the checkpoint is not of this program: its options are {0}")]
    Options(String),
    #[error("can't {action} `{}`: {source}", .path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("`{path}` does not hold the {expected} steps before the checkpoint, but {found}")]
    History {
        path: String,
        expected: u64,
        found: u64,
    },
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    #[error("{0}: give --lr")]
    NoRate(ScheduleError),
    #[error("--lr is the peak of a schedule by name; one of your own has its rates in itself")]
    RateOfSpec,
    #[error(transparent)]
    Find(#[from] FindError),
    #[error(transparent)]
    Picture(#[from] PictureError),
    #[cfg(feature = "remote-server")]
    #[error(transparent)]
    Serve(#[from] shared::serve::ServeFailure),
    #[error("the loss at step {step} is {loss}: the learning rate may be too high")]
    Diverged { step: u64, loss: f64 },
}

impl Error {
    /// Says what was to be done, for `map_err`.
    pub fn io(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path: path.clone(),
            source,
        }
    }
}

use std::io;
use std::path::PathBuf;

use burn::store::RecordError;
use burn::train::checkpoint::CheckpointerError;

use crate::listed::listed;
use crate::run_dir::FileSystemError;

/// An epoch that can't be saved, or can't be gone on from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EpochCheckpointError {
    /// The file system refused. Of a file that could not be written, what was there before still is.
    #[error(transparent)]
    Io(#[from] FileSystemError),
    /// Another training has the directory, in this process or another one.
    #[error("another training is at work in `{}`", .path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// An epoch of which not all was saved, or some was removed.
    #[error("epoch {epoch} is not complete: there is no `{}`", .path.display())]
    Incomplete {
        /// The epoch.
        epoch: usize,
        /// The file that says what the epoch's parts are, which is written last.
        path: PathBuf,
    },
    /// A later version of this library saved the epoch.
    #[error("epoch {epoch} was saved in version {found}; this library reads up to {supported}")]
    Version {
        /// The epoch.
        epoch: usize,
        /// Its version.
        found: u64,
        /// The latest version that can be read.
        supported: u64,
    },
    /// A part, or the manifest, is not what was saved with the others.
    #[error("epoch {epoch}: its {part} is not what was saved: `{}` {reason}", .path.display())]
    Part {
        /// The epoch.
        epoch: usize,
        /// `model`, `optimizer`, `scheduler` or `manifest`.
        part: &'static str,
        /// Its file.
        path: PathBuf,
        /// The fault.
        reason: String,
    },
    /// Burn could not write or read a record.
    #[error("epoch {epoch}: its {part}: {source}")]
    Record {
        /// The epoch.
        epoch: usize,
        /// `model`, `optimizer` or `scheduler`.
        part: &'static str,
        /// Burn's error.
        source: RecordError,
    },
    /// A save has failed before. What comes after might belong together or not, so that nothing
    /// more is saved until the directory is opened anew.
    #[error("epoch {epoch}: nothing more is saved since an earlier save failed")]
    AfterFailure {
        /// The epoch.
        epoch: usize,
    },
    /// Epochs are there, but not one that is whole.
    #[error("of the epochs in `{}`, none is whole: {}", .path.display(), listed(.passed_over, "; ", ""))]
    NoneWhole {
        /// The directory.
        path: PathBuf,
        /// The error of each of them, the latest first.
        passed_over: Vec<EpochCheckpointError>,
    },
}

impl EpochCheckpointError {
    /// Whether it is the files of an epoch that are at fault.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self, Self::Incomplete { .. } | Self::Part { .. })
    }
}

/// The error as burn-train's own: inside of an [`io::Error`], the one of its errors that can hold ours.
impl From<EpochCheckpointError> for CheckpointerError {
    fn from(error: EpochCheckpointError) -> Self {
        Self::IOError(io::Error::other(error))
    }
}

use std::io;
use std::path::{Path, PathBuf};

/// The latest version of the format, which is the one that is written.
pub(crate) const LATEST: u8 = 3;

/// A file that can't be written, or is no checkpoint that can be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", .path.display())]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// The fault.
    pub fault: FileFault,
}

/// The fault of a file.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// The file system refused.
    #[error("can't be read: {0}")]
    Read(#[from] io::Error),
    /// The file could not be written, for this reason.
    #[error("can't be written: {0}")]
    Write(String),
    /// The file is something else, as this shows.
    #[error("is not a checkpoint: {0}")]
    NotACheckpoint(String),
    /// A later version of this library wrote the file.
    #[error("is a checkpoint of version {found}; this library reads up to {supported}")]
    Version {
        /// The file's version.
        found: String,
        /// The latest version that can be read.
        supported: u64,
    },
    /// The file has changed since it was written, in this part: `model`, `optimizer`, `scheduler`, `index or
    /// trailer`, or another one around them.
    #[error("is damaged: its {0} is not what was written")]
    Damaged(&'static str),
    /// The device of a parameter that was to be written could not give its values.
    #[error("{0}")]
    Device(String),
    /// A burnpack container in the file can't be written or read.
    #[error("Record I/O error: {0}")]
    Record(#[from] burn_pack::Error),
}

impl FileFault {
    #[cfg(feature = "write")]
    pub(crate) fn write(reason: impl ToString) -> Self {
        Self::Write(reason.to_string())
    }

    /// A version that this library doesn't know.
    pub(crate) fn version(found: impl ToString) -> Self {
        Self::Version {
            found: found.to_string(),
            supported: LATEST.into(),
        }
    }

    pub(crate) fn at(self, path: &Path) -> FileError {
        FileError {
            path: path.to_path_buf(),
            fault: self,
        }
    }
}

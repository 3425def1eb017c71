use std::io;
use std::path::{Path, PathBuf};

/// The latest version of the format, which is the one that is written.
pub(crate) const LATEST: u8 = 2;

/// A file that can't be written, or is no checkpoint that can be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
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
    /// A burnpack container in the file can't be written or read.
    #[error("Record I/O error: {0}")]
    Record(#[from] burn_pack::Error),
}

/// The errors of one file.
#[derive(Clone, Copy)]
pub(crate) struct FileErrors<'a> {
    pub path: &'a Path,
}

impl FileErrors<'_> {
    pub fn not_a_checkpoint(&self, reason: impl Into<String>) -> FileError {
        FileError::NotACheckpoint {
            path: self.path.to_path_buf(),
            reason: reason.into(),
        }
    }

    pub fn damaged(&self, part: &'static str) -> FileError {
        FileError::Damaged {
            path: self.path.to_path_buf(),
            part,
        }
    }

    pub fn unreadable(&self, source: io::Error) -> FileError {
        FileError::Io {
            action: "read",
            path: self.path.to_path_buf(),
            source,
        }
    }

    #[cfg(feature = "write")]
    pub fn unwritable(&self, reason: impl ToString) -> FileError {
        FileError::Write {
            path: self.path.to_path_buf(),
            reason: reason.to_string(),
        }
    }

    /// A version that this library doesn't know.
    pub fn version(&self, found: impl ToString) -> FileError {
        FileError::Version {
            path: self.path.to_path_buf(),
            found: found.to_string(),
            supported: LATEST.into(),
        }
    }
}

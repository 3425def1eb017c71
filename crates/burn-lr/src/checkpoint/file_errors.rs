use std::path::Path;

use super::error::CheckpointError;

/// Says what is wrong with a file that may hold anything.
#[derive(Clone, Copy)]
pub(super) struct FileErrors<'a> {
    pub path: &'a Path,
}

impl FileErrors<'_> {
    pub fn not_a_checkpoint(&self, reason: impl Into<String>) -> CheckpointError {
        CheckpointError::NotACheckpoint {
            path: self.path.to_path_buf(),
            reason: reason.into(),
        }
    }

    pub fn damaged(&self, part: &'static str) -> CheckpointError {
        CheckpointError::Damaged {
            path: self.path.to_path_buf(),
            part,
        }
    }

    pub fn unreadable(&self, source: std::io::Error) -> CheckpointError {
        CheckpointError::Io {
            action: "read",
            path: self.path.to_path_buf(),
            source,
        }
    }

    pub fn unwritable(&self, reason: impl ToString) -> CheckpointError {
        CheckpointError::Write {
            path: self.path.to_path_buf(),
            reason: reason.to_string(),
        }
    }

    /// A version that this library doesn't know.
    pub fn version(&self, found: impl ToString) -> CheckpointError {
        CheckpointError::Version {
            path: self.path.to_path_buf(),
            found: found.to_string(),
            supported: u64::from(super::v2::VERSION),
        }
    }
}

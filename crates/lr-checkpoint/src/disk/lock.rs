//! The lock of a directory.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// The right to write to a directory, which one handle at a time has, of all processes.
///
/// It is the operating system's lock on a file in there, so that it ends with the process, however
/// that does. The file itself stays.
#[derive(Debug)]
pub struct DirLock {
    file: File,
}

impl DirLock {
    /// The name of the file.
    pub const FILE_NAME: &str = ".lock";

    /// The lock of `directory`; `None` where another has it.
    pub fn take(directory: &Path) -> io::Result<Option<Self>> {
        let file = File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(directory.join(Self::FILE_NAME))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for DirLock {
    fn drop(&mut self) {
        // Closing the file would do, but for a child process that another thread is just starting:
        // it has the same open file until it becomes another program.
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_handle_at_a_time_has_it() {
        let directory = tempfile::tempdir().unwrap();
        let take = || DirLock::take(directory.path()).unwrap();
        let lock = take();
        assert!(lock.is_some() && take().is_none());
        drop(lock);
        assert!(take().is_some());
        assert!(DirLock::take(&directory.path().join("nowhere")).is_err());
    }
}

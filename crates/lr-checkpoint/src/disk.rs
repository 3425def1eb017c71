//! The files of a directory that one process writes at a time: its lock, the names of scratch files, and files that
//! are there whole or not at all.

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

/// The destination of a scratch file of `burn_pack::AtomicFile`, by its name: the destination's, and
/// `.<pid>-<n>.tmp`, which a file that is written in two layers has twice. `None` of another name.
pub fn scratch_destination(name: &str) -> Option<&str> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (destination, ending) = name.strip_suffix(".tmp")?.rsplit_once('.')?;
    let (pid, count) = ending.split_once('-')?;
    if destination.is_empty() || !is_number(pid) || !is_number(count) {
        return None;
    }
    let _: u32 = pid.parse().ok()?;
    Some(scratch_destination(destination).unwrap_or(destination))
}

/// Puts `bytes` in place of the file at `path`, once they are complete and on disk.
///
/// # Errors
///
/// A file that can't be written: the one that was there before still is.
#[cfg(feature = "write")]
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), burn_pack::Error> {
    use std::io::Write;
    let (scratch, mut file) = burn_pack::AtomicFile::create(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|error| burn_pack::Error::IoError(error.to_string()))?;
    drop(file);
    scratch.commit()
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

    #[test]
    fn a_scratch_file_is_told_by_its_name() {
        assert_eq!(scratch_destination("a.bpk.12-0.tmp"), Some("a.bpk"));
        assert_eq!(
            scratch_destination("a.bpk.12-0.tmp.12-1.tmp"),
            Some("a.bpk")
        );
        assert_eq!(scratch_destination("a.tmp.12-0.tmp"), Some("a.tmp"));
        for odd in [
            "a.bpk",
            "a.tmp",
            "a.bpk.12.tmp",
            "a.bpk.-0.tmp",
            "a.bpk.12-.tmp",
            "a.bpk.x-0.tmp",
            "a.bpk.12-0x.tmp",
            "a.bpk.+1-0.tmp",
            ".12-0.tmp",
            "a.bpk.99999999999-0.tmp",
            "",
            ".tmp",
        ] {
            assert_eq!(scratch_destination(odd), None, "{odd}");
        }
    }
}

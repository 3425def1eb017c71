//! The directory of a run: one process at a time, and nothing that is not its own.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::Error;

/// A directory that this process alone is working in, until it ends, however it does.
pub struct RunDir {
    path: PathBuf,
    _lock: File,
}

impl RunDir {
    /// A directory for a new run; made where there is none.
    pub fn create(path: &Path) -> Result<Self, Error> {
        fs::create_dir_all(path).map_err(Error::io("create", path))?;
        let dir = Self::lock(path)?;
        if dir.checkpoint().exists() || dir.history().exists() {
            return Err(Error::AlreadyARun(path.display().to_string()));
        }
        Ok(dir)
    }

    /// Whether a run was begun in the directory `path`.
    pub fn holds_a_run(path: &Path) -> bool {
        path.join(CHECKPOINT).exists()
    }

    /// The directory of a run that was begun.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if !Self::holds_a_run(path) {
            return Err(Error::NoRun(path.display().to_string()));
        }
        Self::lock(path)
    }

    fn lock(path: &Path) -> Result<Self, Error> {
        let lock = path.join(".lock");
        let file = File::create(&lock).map_err(Error::io("open", &lock))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Busy(path.display().to_string())),
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", &lock)(error)),
        }
        let dir = Self {
            path: path.to_path_buf(),
            _lock: file,
        };
        dir.clear_scratch_files()?;
        Ok(dir)
    }

    /// Removes what a save that was killed left behind.
    fn clear_scratch_files(&self) -> Result<(), Error> {
        let entries = fs::read_dir(&self.path).map_err(Error::io("read", &self.path))?;
        for entry in entries {
            let entry = entry.map_err(Error::io("read", &self.path))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(CHECKPOINT) && name.ends_with(".tmp") {
                fs::remove_file(entry.path()).map_err(Error::io("remove", &entry.path()))?;
            }
        }
        Ok(())
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's state.
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join(CHECKPOINT)
    }

    /// Rate and loss of every step.
    pub fn history(&self) -> PathBuf {
        self.path.join("history.csv")
    }

    /// The picture of those.
    pub fn picture(&self) -> PathBuf {
        self.path.join("history.svg")
    }
}

const CHECKPOINT: &str = "checkpoint.bpk";

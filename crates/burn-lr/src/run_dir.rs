//! The directory that a run writes to: its lock, its files, and what the file system refuses of them.

use std::path::{Path, PathBuf};
use std::{fs, io};

use lr_checkpoint::disk::{DirLock, scratch_destination};

/// An action that the file system refused.
#[derive(Debug, thiserror::Error)]
#[error("can't {action} `{}`: {source}", .path.display())]
#[non_exhaustive]
pub struct FileSystemError {
    /// The action: `read`, `write`, `create`, `lock`, `remove`.
    pub action: &'static str,
    /// A directory, or a file in there.
    pub path: PathBuf,
    /// The file system's error.
    pub source: io::Error,
}

pub(crate) fn refused(action: &'static str, path: &Path) -> impl Fn(io::Error) -> FileSystemError {
    move |source| FileSystemError {
        action,
        path: path.to_path_buf(),
        source,
    }
}

/// The lock of the directory at `path`, or `None` where another has it. The directory is made where there is none,
/// and what killed writers left of files that are `is_ours`, by their names, is removed.
pub(crate) fn lock(
    path: &Path,
    is_ours: impl Fn(&str) -> bool,
) -> Result<Option<DirLock>, FileSystemError> {
    fs::create_dir_all(path).map_err(refused("create", path))?;
    let lock = DirLock::take(path).map_err(refused("lock", path))?;
    // Nobody else is writing there then.
    if lock.is_some() {
        let mut names = file_names(path)?;
        names.retain(|name| scratch_destination(name).is_some_and(&is_ours));
        for leftover in names.iter().map(|name| path.join(name)) {
            remove_file(&leftover)?;
            log::info!("removed `{}`, left by a killed writer", leftover.display());
        }
    }
    Ok(lock)
}

/// Removes a file, which need not be there.
pub(crate) fn remove_file(path: &Path) -> Result<(), FileSystemError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(refused("remove", path)),
    }
}

/// The names of the files in a directory.
pub(crate) fn file_names(directory: &Path) -> Result<Vec<String>, FileSystemError> {
    let failed = refused("read", directory);
    let mut names = vec![];
    for entry in fs::read_dir(directory).map_err(&failed)? {
        let entry = entry.map_err(&failed)?;
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(names)
}

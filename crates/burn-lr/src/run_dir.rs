//! The directory that a run writes to: its lock, its files, and what the file system refuses of them.

use std::path::{Path, PathBuf};
use std::{fs, io};

use lr_checkpoint::disk::lock::DirLock;
use lr_checkpoint::disk::scratch::clear_leftovers;

/// An action that the file system refused.
pub(crate) struct Refused {
    pub action: &'static str,
    pub path: PathBuf,
    pub source: io::Error,
}

pub(crate) fn refused(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Refused {
    move |source| Refused {
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
) -> Result<Option<DirLock>, Refused> {
    fs::create_dir_all(path).map_err(refused("create", path))?;
    let lock = DirLock::take(path).map_err(refused("lock", path))?;
    if lock.is_some() {
        let cleared = clear_leftovers(path, is_ours);
        for leftover in cleared.map_err(|(path, source)| refused("remove", &path)(source))? {
            log::info!("removed `{}`, left by a killed writer", leftover.display());
        }
    }
    Ok(lock)
}

/// The names of the files in a directory.
pub(crate) fn file_names(directory: &Path) -> Result<Vec<String>, Refused> {
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

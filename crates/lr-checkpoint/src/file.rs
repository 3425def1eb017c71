use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::contents::Contents;
use crate::error::{FileError, FileFault};
use crate::inspection::Inspection;
use crate::v1;
use crate::v3::read as v3;

/// Reads a file, of any version, and checks that it is whole.
///
/// It takes about as much memory as the file has bytes; whatever is in it, at most eight times as much and
/// 256 KiB.
///
/// # Errors
///
/// No file, or one that is something else, was written by a later version, or has changed since it was
/// written.
pub fn read(path: &Path) -> Result<Contents, FileError> {
    by_version(path, v3::read, v1::read)
}

/// Describes a file without loading it: of a file of version 2 or 3, it reads and checks the index alone.
///
/// # Errors
///
/// As for [`read`], but for damage to model, optimizer and scheduler.
pub fn inspect(path: &Path) -> Result<Inspection, FileError> {
    by_version(path, v3::inspect, v1::inspect)
}

/// Reads a file of version 2 or 3, or the bytes of one of version 1.
fn by_version<T>(
    path: &Path,
    v3: impl Fn(&File) -> Result<T, FileFault>,
    v1: impl Fn(Vec<u8>) -> Result<T, FileFault>,
) -> Result<T, FileError> {
    let read = || {
        let mut file = File::open(path)?;
        if v3::is_marked(&file)? {
            return v3(&file);
        }
        let mut bytes = vec![];
        file.read_to_end(&mut bytes)?;
        v1(bytes)
    };
    read().map_err(|fault: FileFault| fault.at(path))
}

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
    let read = || match open(path)? {
        Opened::V3(file) => v3::read(&file),
        Opened::V1(bytes) => v1::read(bytes),
    };
    read().map_err(|fault| fault.at(path))
}

/// Describes a file without loading it: of a file of version 2 or 3, it reads and checks the index alone.
///
/// # Errors
///
/// As for [`read`], but for damage to model, optimizer and scheduler.
pub fn inspect(path: &Path) -> Result<Inspection, FileError> {
    let inspect = || match open(path)? {
        Opened::V3(file) => Ok(v3::inspect(&file)?.into()),
        Opened::V1(bytes) => {
            let (digest, size) = (blake3::hash(&bytes), bytes.len() as u64);
            Inspection::of_v1(v1::read(bytes)?, digest.to_string(), size)
        }
    };
    inspect().map_err(|fault: FileFault| fault.at(path))
}

/// A file by its version.
enum Opened {
    V1(Vec<u8>),
    /// Version 2 or 3.
    V3(File),
}

fn open(path: &Path) -> Result<Opened, FileFault> {
    let mut file = File::open(path)?;
    if v3::is_marked(&file)? {
        return Ok(Opened::V3(file));
    }
    let mut bytes = vec![];
    file.read_to_end(&mut bytes)?;
    Ok(Opened::V1(bytes))
}

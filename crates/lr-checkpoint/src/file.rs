use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::contents::Contents;
use crate::error::{FileError, FileErrors};
use crate::inspection::Inspection;
use crate::v1;
use crate::v2::read as v2;

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
    let errors = FileErrors { path };
    match open(errors)? {
        Opened::V2(file) => v2::read(&file, errors),
        Opened::V1(bytes) => v1::read(bytes, errors),
    }
}

/// Describes a file without loading it: of a file of version 2, it reads and checks the index alone.
///
/// # Errors
///
/// As for [`read`], but for damage to model, optimizer and scheduler.
pub fn inspect(path: &Path) -> Result<Inspection, FileError> {
    let errors = FileErrors { path };
    match open(errors)? {
        Opened::V2(file) => Ok(v2::inspect(&file, errors)?.into()),
        Opened::V1(bytes) => {
            let (digest, size) = (blake3::hash(&bytes), bytes.len() as u64);
            Ok(Inspection::of_v1(v1::read(bytes, errors)?, digest, size))
        }
    }
}

/// A file by its version.
enum Opened {
    V1(Vec<u8>),
    V2(File),
}

fn open(errors: FileErrors) -> Result<Opened, FileError> {
    let open = || {
        let mut file = File::open(errors.path)?;
        if v2::is_marked(&file)? {
            return Ok(Opened::V2(file));
        }
        let mut bytes = vec![];
        file.read_to_end(&mut bytes)?;
        Ok(Opened::V1(bytes))
    };
    open().map_err(|error| errors.unreadable(error))
}

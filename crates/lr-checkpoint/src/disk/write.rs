//! Files that are there whole or not at all.

use std::io::Write;
use std::path::Path;

use burn_pack::AtomicFile;

/// Puts `bytes` in place of the file at `path`, once they are complete and on disk.
///
/// # Errors
///
/// A file that can't be written: the one that was there before still is.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), burn_pack::Error> {
    let (scratch, mut file) = AtomicFile::create(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|error| burn_pack::Error::IoError(error.to_string()))?;
    drop(file);
    scratch.commit()
}

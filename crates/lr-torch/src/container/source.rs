//! Bytes to read from, and storages in them.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};

use crate::error::TorchError;

/// A reader of a file.
pub(crate) trait Source: Read + Seek + Send {}

impl<S: Read + Seek + Send> Source for S {}

/// The place of a storage, and how many bytes it has.
#[derive(Clone, Copy)]
pub(crate) struct Storage {
    /// The number of an archive's entry, or the byte of a file, where it begins.
    pub at: u64,
    pub size: u64,
}

/// The storages by their keys.
pub(crate) type Storages = HashMap<String, Storage>;

fn unreadable(source: std::io::Error) -> TorchError {
    TorchError::Io {
        path: "the file".to_string(),
        source,
    }
}

/// The number of bytes there are.
pub(super) fn length(source: &mut dyn Source) -> Result<u64, TorchError> {
    source.seek(SeekFrom::End(0)).map_err(unreadable)
}

/// The `size` bytes from byte `at` on, or fewer where there are no more.
pub(super) fn bytes(source: &mut dyn Source, at: u64, size: u64) -> Result<Vec<u8>, TorchError> {
    source.seek(SeekFrom::Start(at)).map_err(unreadable)?;
    take(source, size).map_err(unreadable)
}

/// The next `size` bytes; no more memory than there are bytes is allocated, whatever is claimed.
pub(super) fn take(source: impl Read, size: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(size.min(1 << 20) as usize);
    source.take(size).read_to_end(&mut bytes)?;
    Ok(bytes)
}

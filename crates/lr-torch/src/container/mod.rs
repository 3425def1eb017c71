//! The two formats of `torch.save`, as a pickle and storages.

mod foreign;
mod legacy;
pub(crate) mod source;
mod zip;

use std::io::{Seek, SeekFrom};

use crate::error::TorchError;
use crate::pickle::Pickle;
use legacy::Row;
use source::{Source, Storage, Storages, take, unreadable};
use zip::Archive;

/// A file's storages.
pub(crate) enum Container {
    Zip(Archive),
    Legacy(Row),
}

impl Container {
    pub fn read(mut source: Box<dyn Source>) -> Result<(Self, Pickle, Storages), TorchError> {
        let length = source.seek(SeekFrom::End(0)).map_err(unreadable)?;
        source.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let start = take(&mut source, 512).map_err(unreadable)?;
        source.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        match start.as_slice() {
            bytes if bytes.starts_with(b"PK\x03\x04") => {
                let (archive, pickle, storages) = Archive::read(source)?;
                Ok((Self::Zip(archive), pickle, storages))
            }
            bytes if legacy::is_beginning(bytes) => {
                let (row, pickle, storages) = Row::read(source)?;
                Ok((Self::Legacy(row), pickle, storages))
            }
            bytes if bytes.get(257..262) == Some(b"ustar") => Err(TorchError::OldFormat("tar")),
            bytes => Err(foreign::named(bytes, length)),
        }
    }

    pub fn storage(&mut self, storage: Storage) -> Result<Vec<u8>, TorchError> {
        match self {
            Self::Zip(archive) => archive.storage(storage),
            Self::Legacy(row) => row.storage(storage),
        }
    }

    /// Checks all bytes where the format has checksums.
    pub fn check(&mut self) -> Result<(), TorchError> {
        match self {
            Self::Zip(archive) => archive.check(),
            Self::Legacy(_) => Ok(()),
        }
    }
}

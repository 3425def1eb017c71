//! The two formats of `torch.save`, as a pickle and storages.

mod foreign;
mod legacy;
pub(crate) mod source;
mod zip;

use crate::error::TorchError;
use crate::pickle::Pickle;
use source::{Source, Storage, Storages, bytes, length};
use zip::Archive;

/// A file's storages.
pub(crate) enum Container {
    Zip(Archive),
    Legacy(Box<dyn Source>),
}

impl Container {
    pub fn read(mut source: Box<dyn Source>) -> Result<(Self, Pickle, Storages), TorchError> {
        let length = length(&mut *source)?;
        match bytes(&mut *source, 0, 512)?.as_slice() {
            start if start.starts_with(b"PK\x03\x04") => {
                let (archive, pickle, storages) = Archive::read(source)?;
                Ok((Self::Zip(archive), pickle, storages))
            }
            start if legacy::is_beginning(start) => {
                let (pickle, storages) = legacy::read(&mut *source)?;
                Ok((Self::Legacy(source), pickle, storages))
            }
            start if start.get(257..262) == Some(b"ustar") => Err(TorchError::OldFormat("tar")),
            start => Err(foreign::named(start, length)),
        }
    }

    pub fn storage(&mut self, storage: Storage) -> Result<Vec<u8>, TorchError> {
        match self {
            Self::Zip(archive) => archive.storage(storage),
            Self::Legacy(source) => bytes(&mut **source, storage.at, storage.size),
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

//! The ZIP archive that `torch.save` writes since PyTorch 1.6.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use zip::ZipArchive;
use zip::read::{ZipArchiveMetadata, ZipReadOptions};
use zip::result::{ZipError, ZipResult};

use super::source::{Source, Storage, Storages, bytes, length, take};
use crate::error::{TorchError, at_most};
use crate::pickle::{ENTRY, MAX_PICKLE_BYTES, Pickle};

/// An archive with a pickle, and each storage as an entry.
pub(crate) struct Archive {
    source: Box<dyn Source>,
    directory: Arc<ZipArchiveMetadata>,
}

/// The most entries of an archive that are read.
const MAX_ENTRIES: u64 = 1 << 20;

/// The farthest before the end of an archive that the end of its directory begins, and that one's first bytes.
const MAX_END: u64 = 22 + 65_535;
const END: &[u8] = b"PK\x05\x06";

impl Archive {
    pub fn read(mut source: Box<dyn Source>) -> Result<(Self, Pickle, Storages), TorchError> {
        check_end(&mut *source)?;
        let names = ZipArchive::new(&mut source).map_err(damaged)?;
        let directory = names.metadata();
        at_most(MAX_ENTRIES, "the number of entries", directory.len() as u64)?;
        let root = root_of(names.file_names())?;
        let [order, pickle] =
            ["byteorder", ENTRY].map(|name| names.index_for_name(&format!("{root}{name}")));
        let mut storages = Storages::new();
        for index in 0..directory.len() {
            let entry = directory.entry(index).map_err(damaged)?;
            let name = entry.name().map_err(damaged)?;
            let name = name.strip_prefix(&root).unwrap_or_default();
            if name == "constants.pkl" {
                let what = "it is a program of TorchScript (torch.jit.save), and holds no states";
                return Err(TorchError::NotTorch(what.to_string()));
            }
            if let Some(key) = name.strip_prefix("data/") {
                let (at, size) = (index as u64, entry.size());
                storages.insert(key.to_string(), Storage { at, size });
            }
        }
        let mut archive = Self { source, directory };
        if let Some(index) = order {
            let order = archive.entry(index, 64)?;
            if order != b"little" {
                let order = String::from_utf8_lossy(&order).into_owned();
                return Err(TorchError::ByteOrder(order));
            }
        }
        let pickle = archive.entry(pickle.ok_or_else(no_pickle)?, MAX_PICKLE_BYTES)?;
        let (pickle, _) = Pickle::read(&pickle, 0, ENTRY)?;
        Ok((archive, pickle, storages))
    }

    pub fn storage(&mut self, storage: Storage) -> Result<Vec<u8>, TorchError> {
        self.entry(storage.at as usize, storage.size)
    }

    /// The bytes of one entry, which are as many as it is said to have, and at most `limit`.
    fn entry(&mut self, index: usize, limit: u64) -> Result<Vec<u8>, TorchError> {
        let entry = self.directory.entry(index).map_err(damaged)?;
        let (name, size) = (entry.name().map_err(damaged)?.into_owned(), entry.size());
        at_most(limit, "the size of an entry", size)?;
        let options = ZipReadOptions::default();
        let entry = entry.with_reader(&mut self.source, options);
        let wrong = |what: String| TorchError::Damaged(format!("{name}: {what}"));
        let bytes = take(entry.map_err(damaged)?, size.saturating_add(1))
            .map_err(|error| wrong(error.to_string()))?;
        match bytes.len() as u64 {
            has if has == size => Ok(bytes),
            has => Err(wrong(format!("has {has} bytes in place of {size}"))),
        }
    }

    /// Checks that every entry is the directory's, and has the bytes of its checksum.
    pub fn check(&mut self) -> Result<(), TorchError> {
        let mut archive = ZipArchive::new(&mut self.source).map_err(damaged)?;
        archive.validate_header_consistency().map_err(damaged)?;
        for index in 0..self.directory.len() {
            let entry = self.directory.entry(index).map_err(damaged)?;
            let name = entry.name().map_err(damaged)?.into_owned();
            // The flags and the method before each entry, where `zip` goes by the directory's.
            let local = bytes(&mut *self.source, entry.header_start() + 6, 4)?;
            if local != bytes(&mut *self.source, entry.central_header_start() + 8, 4)? {
                let why = format!("{name}: its header is not what the directory says");
                return Err(TorchError::Damaged(why));
            }
            let entry = entry.with_reader(&mut self.source, ZipReadOptions::default());
            io::copy(&mut entry.map_err(damaged)?, &mut io::sink())
                .map_err(|error| TorchError::Damaged(format!("{name}: {error}")))?;
        }
        Ok(())
    }
}

/// Checks that a file has the end of an archive.
fn check_end(source: &mut dyn Source) -> Result<(), TorchError> {
    let size = length(source)?;
    let end = bytes(source, size.saturating_sub(MAX_END), MAX_END)?;
    match end.windows(END.len()).any(|bytes| bytes == END) {
        true => Ok(()),
        false => Err(TorchError::CutShort(format!(
            "its {size} bytes are the beginning of a ZIP archive, and not its end"
        ))),
    }
}

fn damaged(error: ZipError) -> TorchError {
    TorchError::Damaged(error.to_string())
}

fn no_pickle() -> TorchError {
    TorchError::NotTorch(format!("it is a ZIP archive without {ENTRY}"))
}

/// The folder of an archive's `data.pkl`, which is that of all its entries, with its slash.
fn root_of<'n>(names: impl Iterator<Item = ZipResult<Cow<'n, str>>>) -> Result<String, TorchError> {
    for name in names {
        if let Some((root, ENTRY)) = name.map_err(damaged)?.split_once('/') {
            return Ok(format!("{root}/"));
        }
    }
    Err(no_pickle())
}

//! The ZIP archive that `torch.save` writes since PyTorch 1.6.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zip::ZipArchive;
use zip::result::ZipError;

use super::source::{Source, Storage, Storages, take, unreadable};
use crate::error::TorchError;
use crate::pickle::{ENTRY, MAX_PICKLE_BYTES, Pickle};

/// An archive with a pickle, and each storage as an entry.
pub(crate) struct Archive {
    archive: ZipArchive<Shared>,
    source: Shared,
}

/// The same source for the archive and for what is read beside it.
#[derive(Clone)]
struct Shared(Arc<Mutex<Box<dyn Source>>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Box<dyn Source>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks that the flags and the method before each entry are those of the directory, which `zip` goes by.
    fn check_headers(&self, headers: &[(String, u64, u64)]) -> Result<(), TorchError> {
        let mut source = self.lock();
        let mut four = |at: u64| {
            source.seek(SeekFrom::Start(at)).map_err(unreadable)?;
            take(&mut *source, 4).map_err(unreadable)
        };
        for (name, local, central) in headers {
            if four(local + 6)? != four(central + 8)? {
                let why = format!("{name}: its header is not what the directory says");
                return Err(TorchError::Damaged(why));
            }
        }
        Ok(())
    }
}

impl Read for Shared {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.lock().read(into)
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.lock().seek(to)
    }
}

/// How many entries of an archive are read.
const MAX_ENTRIES: u64 = 1 << 20;

/// How far before the end of an archive its directory's end begins, and that's first bytes.
const MAX_END: u64 = 22 + 65_535;
const END: &[u8] = b"PK\x05\x06";

impl Archive {
    pub fn read(mut source: Box<dyn Source>) -> Result<(Self, Pickle, Storages), TorchError> {
        check_end(&mut source)?;
        let source = Shared(Arc::new(Mutex::new(source)));
        let mut archive = ZipArchive::new(source.clone()).map_err(damaged)?;
        let entries = archive.len() as u64;
        if entries > MAX_ENTRIES {
            return Err(TorchError::TooLarge {
                what: "the number of entries",
                size: entries,
                limit: MAX_ENTRIES,
            });
        }
        let root = root_of(&archive)?;
        let mut storages = Storages::new();
        for index in 0..archive.len() {
            let entry = archive.by_index_data(index).map_err(damaged)?;
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
        if let Some(index) = archive.index_for_name(&format!("{root}byteorder")) {
            let order = read_entry(&mut archive, index, 64)?;
            if order != b"little" {
                let order = String::from_utf8_lossy(&order).into_owned();
                return Err(TorchError::ByteOrder(order));
            }
        }
        let index = archive.index_for_name(&format!("{root}{ENTRY}"));
        let index = index.ok_or_else(no_pickle)?;
        let pickle = read_entry(&mut archive, index, MAX_PICKLE_BYTES)?;
        let (pickle, _) = Pickle::read(&pickle, 0, ENTRY)?;
        Ok((Self { archive, source }, pickle, storages))
    }

    pub fn storage(&mut self, storage: Storage) -> Result<Vec<u8>, TorchError> {
        read_entry(&mut self.archive, storage.at as usize, storage.size)
    }

    /// Checks that every entry is the directory's, and has the bytes of its checksum.
    pub fn check(&mut self) -> Result<(), TorchError> {
        let consistent = self.archive.validate_header_consistency();
        consistent.map_err(damaged)?;
        let mut headers = Vec::new();
        for index in 0..self.archive.len() {
            let entry = self.archive.by_index_data(index).map_err(damaged)?;
            let name = entry.name().map_err(damaged)?.into_owned();
            headers.push((name, entry.header_start(), entry.central_header_start()));
        }
        self.source.check_headers(&headers)?;
        for index in 0..self.archive.len() {
            let mut entry = self.archive.by_index(index).map_err(damaged)?;
            let name = entry.name().map_err(damaged)?.into_owned();
            io::copy(&mut entry, &mut io::sink())
                .map_err(|error| TorchError::Damaged(format!("{name}: {error}")))?;
        }
        Ok(())
    }
}

/// Checks that a file has the end of an archive.
fn check_end(source: &mut Box<dyn Source>) -> Result<(), TorchError> {
    let size = source.seek(SeekFrom::End(0)).map_err(unreadable)?;
    let from = size.saturating_sub(MAX_END);
    source.seek(SeekFrom::Start(from)).map_err(unreadable)?;
    let end = take(source, MAX_END).map_err(unreadable)?;
    source.seek(SeekFrom::Start(0)).map_err(unreadable)?;
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
fn root_of<R: Read + Seek>(archive: &ZipArchive<R>) -> Result<String, TorchError> {
    for name in archive.file_names() {
        let name = name.map_err(damaged)?;
        match name.split_once('/') {
            Some((root, ENTRY)) => return Ok(format!("{root}/")),
            _ => continue,
        }
    }
    Err(no_pickle())
}

/// The bytes of one entry, which are as many as it is said to have, and at most `limit`.
fn read_entry<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    index: usize,
    limit: u64,
) -> Result<Vec<u8>, TorchError> {
    let mut entry = archive.by_index(index).map_err(damaged)?;
    let (name, size) = (entry.name().map_err(damaged)?.into_owned(), entry.size());
    if size > limit {
        let what = "the size of an entry";
        return Err(TorchError::TooLarge { what, size, limit });
    }
    let wrong = |what: String| TorchError::Damaged(format!("{name}: {what}"));
    let bytes =
        take(&mut entry, size.saturating_add(1)).map_err(|error| wrong(error.to_string()))?;
    match bytes.len() as u64 == size {
        true => Ok(bytes),
        false => Err(wrong(format!(
            "has {} bytes in place of {size}",
            bytes.len()
        ))),
    }
}

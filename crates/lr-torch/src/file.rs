use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::TorchError;
use crate::pickle::{MAX_PICKLE_BYTES, Pickle};

/// A file that `torch.save` wrote.
///
/// Opening it reads its pickle; the elements of its tensors are read when they are asked for.
///
/// ```
/// use lr_torch::TorchFile;
///
/// let file = TorchFile::open(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pytorch/files/step_lr-40.pt"))?;
/// assert_eq!(file.root().field("step_size")?.count()?, 30);
/// assert_eq!(
///     file.root().field("stepsize").unwrap_err().to_string(),
///     "the file: has no \"stepsize\"; there are step_size, gamma, base_lrs, last_epoch, \
///      _step_count, _is_initial, _get_lr_called_within_step, _last_lr",
/// );
/// # Ok::<(), lr_torch::TorchError>(())
/// ```
///
/// # Bounds
///
/// Nothing in a file is executed, and no file, however made, makes reading it panic. Opening one and
/// reading states from it takes at most 4 MiB of memory and 256 bytes for each byte of the file,
/// without the elements of its tensors. Of its pickle at most half a GiB is made, since one has at
/// most [`MAX_PICKLE_BYTES`](crate::MAX_PICKLE_BYTES), and at most
/// [`MAX_PICKLE_VALUES`](crate::MAX_PICKLE_VALUES) values are made of it. A tensor's elements take what
/// its storage really has in the file, at most twice.
pub struct TorchFile {
    pickle: Pickle,
    archive: Mutex<ZipArchive<Box<dyn Source>>>,
    /// The storages by their keys: which entries of the archive they are, and their sizes.
    storages: HashMap<String, (usize, u64)>,
}

/// A reader of a file.
trait Source: Read + Seek + Send {}

impl<S: Read + Seek + Send> Source for S {}

/// How many entries of an archive are read.
const MAX_ENTRIES: u64 = 1 << 20;

impl TorchFile {
    /// The file at `path`.
    ///
    /// # Errors
    ///
    /// One that can't be read, is none of `torch.save`'s (or of those it wrote before PyTorch 1.6),
    /// is damaged, or was written on a big-endian machine.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, TorchError> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| TorchError::Io {
            path: path.display().to_string(),
            source,
        })?;
        Self::read(Box::new(BufReader::new(file)))
    }

    /// The file whose bytes are these.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, TorchError> {
        Self::read(Box::new(Cursor::new(bytes)))
    }

    fn read(mut source: Box<dyn Source>) -> Result<Self, TorchError> {
        check_format(&mut source)?;
        let mut archive = ZipArchive::new(source).map_err(damaged)?;
        let entries = archive.len() as u64;
        if entries > MAX_ENTRIES {
            return Err(TorchError::TooLarge {
                what: "the number of entries",
                size: entries,
                limit: MAX_ENTRIES,
            });
        }
        let root = root_of(&archive)?;
        let mut storages = HashMap::new();
        for index in 0..archive.len() {
            let entry = archive.by_index_data(index).map_err(damaged)?;
            let name = entry.name().map_err(damaged)?;
            let key = name.strip_prefix(&root);
            if let Some(key) = key.and_then(|name| name.strip_prefix("data/")) {
                storages.insert(key.to_string(), (index, entry.size()));
            }
        }
        if let Some(index) = archive.index_for_name(&format!("{root}byteorder")) {
            let order = read_entry(&mut archive, index, 64)?;
            if order != b"little" {
                let order = String::from_utf8_lossy(&order).into_owned();
                return Err(TorchError::ByteOrder(order));
            }
        }
        let index = archive.index_for_name(&format!("{root}data.pkl"));
        let index = index.ok_or_else(no_pickle)?;
        let pickle = read_entry(&mut archive, index, MAX_PICKLE_BYTES)?;
        Ok(Self {
            pickle: Pickle::read(pickle)?,
            archive: Mutex::new(archive),
            storages,
        })
    }

    pub(crate) fn pickle(&self) -> &Pickle {
        &self.pickle
    }

    /// The size of a storage, where there is one of that key.
    pub(crate) fn storage_size(&self, key: &str) -> Option<u64> {
        self.storages.get(key).map(|(_, size)| *size)
    }

    /// The bytes of a storage, which agree with their checksum.
    pub(crate) fn storage(&self, key: &str) -> Result<Vec<u8>, TorchError> {
        let (index, size) = self.storages.get(key).copied().unwrap_or((usize::MAX, 0));
        let mut archive = self.archive.lock().unwrap_or_else(PoisonError::into_inner);
        read_entry(&mut archive, index, size)
    }
}

impl fmt::Debug for TorchFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TorchFile")
            .field("root", &self.root().describe())
            .field("storages", &self.storages.len())
            .finish()
    }
}

fn damaged(error: ZipError) -> TorchError {
    TorchError::NotTorch(error.to_string())
}

fn no_pickle() -> TorchError {
    TorchError::NotTorch("it has no data.pkl".to_string())
}

/// Checks that a file isn't of one of the older formats.
fn check_format(source: &mut dyn Source) -> Result<(), TorchError> {
    let unreadable = |source| TorchError::Io {
        path: "the file".to_string(),
        source,
    };
    let mut beginning = Vec::new();
    let mut taken = source.take(512);
    taken.read_to_end(&mut beginning).map_err(unreadable)?;
    source.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    // The number that torch/serialization.py has as its MAGIC_NUMBER, pickled.
    let magic = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    match beginning.as_slice() {
        bytes if bytes.get(2..14) == Some(magic) => Err(TorchError::OldFormat("a bare pickle")),
        bytes if bytes.get(257..262) == Some(b"ustar") => Err(TorchError::OldFormat("tar")),
        _ => Ok(()),
    }
}

/// The folder of an archive's `data.pkl`, which is that of all its entries, with its slash.
fn root_of<R: Read + Seek>(archive: &ZipArchive<R>) -> Result<String, TorchError> {
    for name in archive.file_names() {
        let name = name.map_err(damaged)?;
        match name.split_once('/') {
            Some((root, "data.pkl")) => return Ok(format!("{root}/")),
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
    let size = entry.size();
    if size > limit {
        let what = "the size of an entry";
        return Err(TorchError::TooLarge { what, size, limit });
    }
    // The file may claim more than it has, so that no more memory than this is allocated in advance.
    let mut bytes = Vec::with_capacity(size.min(1 << 20) as usize);
    let read = (&mut entry)
        .take(size.saturating_add(1))
        .read_to_end(&mut bytes);
    read.map_err(|error| TorchError::NotTorch(error.to_string()))?;
    match bytes.len() as u64 == size {
        true => Ok(bytes),
        false => Err(TorchError::NotTorch(format!(
            "an entry has {} bytes in place of {size}",
            bytes.len()
        ))),
    }
}

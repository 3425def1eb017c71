use std::fmt;
use std::fs::File;
use std::io::{BufReader, Cursor};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::container::Container;
use crate::container::source::{Source, Storage, Storages};
use crate::error::TorchError;
use crate::pickle::Pickle;

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
    pub(crate) pickle: Pickle,
    container: Mutex<Container>,
    pub(crate) storages: Storages,
}

impl TorchFile {
    /// The file at `path`.
    ///
    /// # Errors
    ///
    /// One that can't be read, is none of `torch.save`'s, is cut short or damaged, or was written on a big-endian
    /// machine.
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

    fn read(source: Box<dyn Source>) -> Result<Self, TorchError> {
        let (container, pickle, storages) = Container::read(source)?;
        Ok(Self {
            pickle,
            container: Mutex::new(container),
            storages,
        })
    }

    /// The format: a ZIP archive, or what `torch.save` wrote before PyTorch 1.6.
    pub fn format(&self) -> &'static str {
        match *self.container() {
            Container::Zip(_) => "zip",
            Container::Legacy(_) => "legacy",
        }
    }

    /// Reads all of the file, and compares it with the checksums that it has; one of before PyTorch 1.6 has none.
    ///
    /// # Errors
    ///
    /// A byte that is another one than was written.
    pub fn check(&self) -> Result<(), TorchError> {
        self.container().check()
    }

    fn container(&self) -> MutexGuard<'_, Container> {
        self.container
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes of a storage; where the format has a checksum, they agree with it.
    pub(crate) fn bytes(&self, storage: Storage) -> Result<Vec<u8>, TorchError> {
        self.container().storage(storage)
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

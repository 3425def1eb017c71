//! Checkpoints of burn-train in which the parts of an epoch belong together.

mod directory;
mod error;
mod manifest;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::lr_scheduler::LrSchedulerRecord;
use burn::optim::OptimizerRecord;
use burn::store::ModuleRecord;
use burn::train::checkpoint::{Checkpointer, CheckpointerError};

use directory::Directory;
use manifest::{FileKind, Manifest, Part};

pub use error::EpochCheckpointError;

/// The three checkpointers of a burn-train training, in one: model, optimizer and scheduler of an
/// epoch, which are never taken from different ones.
///
/// burn-train saves the three on three threads, each when it comes to it, and takes whatever three
/// files there are for an epoch; a process that is killed, or a disk that is full, leaves some of
/// them. Here an epoch is there once all three parts are safe on disk: then a manifest with their
/// BLAKE3 hashes is written, and an epoch without that does not count. Each part is compared with its
/// hash before it is given to burn-train, and given as bytes in memory; Burn's own files are read
/// by their paths at the first use, whatever stands there by then.
///
/// It is given to the training as all three:
///
/// ```no_run
/// # use burn::train::{LearnerModel, SupervisedTraining};
/// use burn_lr::train::EpochCheckpoints;
///
/// # fn f<M: LearnerModel>(
/// #     training: SupervisedTraining<M>,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// let checkpoints = EpochCheckpoints::open("runs/digits/checkpoint")?;
/// let latest = checkpoints.latest()?;
/// let training = training.with_custom_checkpointers(
///     checkpoints.clone(),
///     checkpoints.clone(),
///     checkpoints.clone(),
/// );
/// let training = match latest {
///     Some(latest) => training.checkpoint(latest.epoch),
///     None => training,
/// };
/// # let _ = training;
/// # Ok(())
/// # }
/// ```
///
/// The chapter [on checkpoints](crate::guide::checkpoints) has a whole training.
///
/// On a GPU the training must wait for its saves: [`WaitForSaves`](super::WaitForSaves) says why.
///
/// # When something is removed
///
/// When burn-train's strategy has an epoch deleted, that is put off until a later one is complete:
/// some strategies say *delete* before they say *save*. An epoch that is saved once more replaces the
/// one that was there when it is complete. What a killed process left incomplete is removed when
/// the directory is opened; what its strategy would have had deleted stays.
///
/// # What burn-train does with errors
///
/// When saving or deleting fails, the training ends after the epoch, and the result's `error` holds an
/// [`io::Error`](std::io::Error) with an [`EpochCheckpointError`] inside; the epochs that
/// were complete still are. After that, nothing more is saved through the same handle. Where an epoch
/// that `.checkpoint(epoch)` names can't be restored, burn-train panics. [`latest`](Self::latest) and
/// [`verify`](Self::verify) tell before.
///
/// # Memory
///
/// A part is made into bytes before it is written, and read as bytes, so that there is one copy of
/// it more for that long; of model and optimizer at the same time, if the threads are.
#[derive(Debug, Clone)]
pub struct EpochCheckpoints {
    directory: Arc<Directory>,
}

/// The last epoch that is complete and whole.
#[derive(Debug)]
#[non_exhaustive]
pub struct LatestEpoch {
    /// Its number, for `.checkpoint(epoch)`.
    pub epoch: usize,
    /// The errors of later ones, the latest first. Each is logged as a warning too.
    pub passed_over: Vec<EpochCheckpointError>,
}

impl EpochCheckpoints {
    /// The checkpoints in the directory at `path`, which is made where there is none. Nobody else
    /// can open it until the last clone is dropped or the process ends.
    ///
    /// # Errors
    ///
    /// Another training in there ([`EpochCheckpointError::Busy`]), or a file system that refuses.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, EpochCheckpointError> {
        Ok(Self {
            directory: Arc::new(Directory::open(path.into())?),
        })
    }

    /// The path of the directory.
    pub fn path(&self) -> &Path {
        &self.directory.path
    }

    /// The epochs that are complete, by the names of files alone: a part may be damaged.
    ///
    /// # Errors
    ///
    /// A directory that can't be read.
    pub fn epochs(&self) -> Result<Vec<usize>, EpochCheckpointError> {
        let files = FileKind::all(self.path())?.into_iter();
        let epochs = files.filter_map(|(kind, _)| match kind {
            FileKind::Manifest(epoch) => Some(epoch),
            FileKind::Part(_) => None,
        });
        let mut epochs: Vec<usize> = epochs.collect();
        epochs.sort_unstable();
        Ok(epochs)
    }

    /// The last epoch that is complete, and whole by the hashes of its parts; `None` where no epoch
    /// is complete.
    ///
    /// # Errors
    ///
    /// Epochs of which all that were complete are damaged, or one that can't be judged: it can't be read, or
    /// a later version of this library wrote it.
    pub fn latest(&self) -> Result<Option<LatestEpoch>, EpochCheckpointError> {
        let mut passed_over = vec![];
        for epoch in self.epochs()?.into_iter().rev() {
            match self.verify(epoch) {
                Ok(()) => return Ok(Some(LatestEpoch { epoch, passed_over })),
                Err(error) if error.is_damage() => {
                    log::warn!("passed over: {error}");
                    passed_over.push(error);
                }
                Err(error) => return Err(error),
            }
        }
        match passed_over.is_empty() {
            true => Ok(None),
            false => Err(EpochCheckpointError::NoneWhole {
                path: self.path().to_path_buf(),
                passed_over,
            }),
        }
    }

    /// Checks that an epoch is complete and whole.
    ///
    /// # Errors
    ///
    /// An epoch that is not, with the part that is at fault.
    pub fn verify(&self, epoch: usize) -> Result<(), EpochCheckpointError> {
        let manifest = Manifest::read(self.path(), epoch)?;
        for part in Part::ALL {
            self.directory.verify(&manifest, part)?;
        }
        self.directory.state().complete.insert(epoch);
        Ok(())
    }

    /// Gives up the epochs after `epoch`, to go on from that one though it isn't the latest.
    ///
    /// # Errors
    ///
    /// An `epoch` that isn't complete and whole, and nothing is removed then; or a file that can't be removed.
    pub fn discard_after(&self, epoch: usize) -> Result<(), EpochCheckpointError> {
        self.verify(epoch)?;
        let mut state = self.directory.state();
        for later in self.epochs()?.into_iter().filter(|other| *other > epoch) {
            self.directory.remove(later, &mut state)?;
        }
        Ok(())
    }
}

macro_rules! checkpointer {
    ($($Record:ty => $part:expr),* $(,)?) => {
        $(impl Checkpointer<$Record> for EpochCheckpoints {
            fn save(&self, epoch: usize, record: $Record) -> Result<(), CheckpointerError> {
                Ok(self.directory.save($part, epoch, record)?)
            }

            fn restore(&self, epoch: usize) -> Result<$Record, CheckpointerError> {
                Ok(self.directory.restore($part, epoch)?)
            }

            /// Asked for by any of the three, it is for all of them.
            fn delete(&self, epoch: usize) -> Result<(), CheckpointerError> {
                Ok(self.directory.delete(epoch)?)
            }
        })*
    };
}

checkpointer! {
    ModuleRecord => Part::Model,
    OptimizerRecord => Part::Optimizer,
    LrSchedulerRecord => Part::Scheduler,
}

#[cfg(test)]
mod tests;

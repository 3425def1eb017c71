//! Checkpoints of burn-train in which the parts of an epoch belong together.

mod error;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::lr_scheduler::LrSchedulerRecord;
use burn::optim::OptimizerRecord;
use burn::store::ModuleRecord;
use burn::tensor::Bytes;
use burn::train::checkpoint::{Checkpoint, Checkpointer, CheckpointerError};

use crate::disk::{DirLock, clear_leftovers, write_atomically};
use manifest::{Digest, FileKind, Manifest, Part, manifest_path, part_name};

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
/// # When something is removed
///
/// When burn-train's strategy has an epoch deleted, that is put off until a later one is complete:
/// some strategies say *delete* before they say *save*. An epoch that is saved once more replaces the
/// one that was there when it is complete. What a killed process left incomplete is removed when
/// the directory is opened; what its strategy would have had deleted stays.
///
/// # What burn-train does with errors
///
/// Where saving or deleting fails, the training ends after the epoch, and the result's `error` holds an
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
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    state: Mutex<State>,
    _lock: DirLock,
}

#[derive(Debug, Default)]
struct State {
    /// The parts of epochs that are safe on disk, until there are three.
    parts: BTreeMap<usize, BTreeMap<Part, Digest>>,
    /// Epochs that are known to be complete and whole.
    complete: BTreeSet<usize>,
    /// Epochs that are to go once a later one is complete.
    doomed: BTreeSet<usize>,
    has_failed: bool,
}

/// The last epoch that is complete and whole.
#[derive(Debug)]
#[non_exhaustive]
pub struct LatestEpoch {
    /// Its number, for `.checkpoint(epoch)`.
    pub epoch: usize,
    /// What is wrong with later ones, the latest first. Each is logged as a warning too.
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
        let path = path.into();
        fs::create_dir_all(&path).map_err(io("create", &path))?;
        let lock = DirLock::take(&path).map_err(io("lock", &path))?;
        let lock = lock.ok_or_else(|| EpochCheckpointError::Busy { path: path.clone() })?;
        let cleared = clear_leftovers(&path, |name| FileKind::of(name).is_some());
        for leftover in cleared.map_err(|(path, source)| io("remove", &path)(source))? {
            log::info!(
                "removed `{}`, left by a killed training",
                leftover.display()
            );
        }
        let shared = Shared {
            path,
            state: Mutex::default(),
            _lock: lock,
        };
        shared.clear_incomplete()?;
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Where they are.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// The epochs that are complete, by the names of files alone: a part may be damaged.
    ///
    /// # Errors
    ///
    /// Where the directory can't be read.
    pub fn epochs(&self) -> Result<Vec<usize>, EpochCheckpointError> {
        self.shared.epochs()
    }

    /// The last epoch that is complete, and whole by the hashes of its parts; `None` where no epoch
    /// is complete.
    ///
    /// # Errors
    ///
    /// Where all epochs that were complete are damaged, or one can't be judged: it can't be read, or
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
    /// What is wrong with it, and with which part.
    pub fn verify(&self, epoch: usize) -> Result<(), EpochCheckpointError> {
        let manifest = Manifest::read(self.path(), epoch)?;
        for part in Part::ALL {
            let expected = manifest.digest(part);
            let path = self.path().join(part_name(epoch, part, expected));
            let found = Digest::of_file(&path).map_err(unreadable(epoch, part, &path))?;
            if found != *expected {
                return Err(damaged(epoch, part, &path));
            }
        }
        self.shared.state().complete.insert(epoch);
        Ok(())
    }

    /// Gives up the epochs after `epoch`, to go on from that one though it isn't the latest.
    ///
    /// # Errors
    ///
    /// Where `epoch` isn't complete and whole, and nothing is removed then; or where a file can't be
    /// removed.
    pub fn discard_after(&self, epoch: usize) -> Result<(), EpochCheckpointError> {
        self.verify(epoch)?;
        let mut state = self.shared.state();
        for later in self.epochs()?.into_iter().filter(|other| *other > epoch) {
            state.complete.remove(&later);
            self.shared.remove(later)?;
        }
        Ok(())
    }

    fn save_part<R: Checkpoint>(
        &self,
        part: Part,
        epoch: usize,
        record: R,
    ) -> Result<(), CheckpointerError> {
        let saved = self.shared.save(part, epoch, record);
        if saved.is_err() {
            self.shared.state().has_failed = true;
        }
        Ok(saved?)
    }

    fn restore_part<R: Checkpoint>(
        &self,
        part: Part,
        epoch: usize,
    ) -> Result<R, CheckpointerError> {
        let bytes = self.shared.read(part, epoch)?;
        let record =
            R::checkpoint_from_bytes(bytes).map_err(|source| EpochCheckpointError::Record {
                epoch,
                part: part.name(),
                source,
            });
        Ok(record?)
    }

    fn delete_epoch(&self, epoch: usize) -> Result<(), CheckpointerError> {
        let mut state = self.shared.state();
        match state.complete.range(epoch.saturating_add(1)..).next() {
            Some(_) => {
                state.complete.remove(&epoch);
                self.shared.remove(epoch)?;
            }
            None => _ = state.doomed.insert(epoch),
        }
        Ok(())
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // What is in there is right between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn epochs(&self) -> Result<Vec<usize>, EpochCheckpointError> {
        let files = FileKind::all(&self.path)?.into_iter();
        let epochs = files.filter_map(|(kind, _)| match kind {
            FileKind::Manifest(epoch) => Some(epoch),
            FileKind::Part(_) => None,
        });
        let mut epochs: Vec<usize> = epochs.collect();
        epochs.sort_unstable();
        Ok(epochs)
    }

    fn save<R: Checkpoint>(
        &self,
        part: Part,
        epoch: usize,
        record: R,
    ) -> Result<(), EpochCheckpointError> {
        let after_failure = Err(EpochCheckpointError::AfterFailure { epoch });
        if self.state().has_failed {
            return after_failure;
        }
        let bytes = record.checkpoint_into_bytes();
        let bytes = bytes.map_err(|source| EpochCheckpointError::Record {
            epoch,
            part: part.name(),
            source,
        })?;
        let digest = Digest::of(&bytes);
        let path = self.path.join(part_name(epoch, part, &digest));
        write_atomically(&path, &bytes).map_err(|error| EpochCheckpointError::Write {
            path,
            reason: error.to_string(),
        })?;
        drop(bytes);

        let mut state = self.state();
        if state.has_failed {
            return after_failure;
        }
        let parts = state.parts.entry(epoch).or_default();
        parts.insert(part, digest);
        let [Some(model), Some(optimizer), Some(scheduler)] =
            Part::ALL.map(|part| parts.get(&part).cloned())
        else {
            return Ok(());
        };
        let manifest = Manifest::new(epoch, [model, optimizer, scheduler]);
        manifest.write(&self.path)?;
        state.parts.retain(|other, _| *other > epoch);
        state.complete.insert(epoch);
        state.doomed.remove(&epoch);
        let later = state.doomed.split_off(&epoch);
        let earlier = std::mem::replace(&mut state.doomed, later);
        for doomed in earlier {
            state.complete.remove(&doomed);
            self.remove(doomed)?;
        }
        self.remove_parts(epoch, &manifest.file_names())
    }

    /// The bytes of a part, if they are what was saved.
    fn read(&self, part: Part, epoch: usize) -> Result<Bytes, EpochCheckpointError> {
        let manifest = Manifest::read(&self.path, epoch)?;
        let expected = manifest.digest(part);
        let path = self.path.join(part_name(epoch, part, expected));
        let bytes = fs::read(&path).map_err(unreadable(epoch, part, &path))?;
        if Digest::of(&bytes) != *expected {
            return Err(damaged(epoch, part, &path));
        }
        Ok(Bytes::from_bytes_vec(bytes))
    }

    /// Removes an epoch, so that it is not complete before its parts begin to go.
    fn remove(&self, epoch: usize) -> Result<(), EpochCheckpointError> {
        remove_file(&manifest_path(&self.path, epoch))?;
        self.remove_parts(epoch, &[])
    }

    /// Removes the parts of an epoch, but for some.
    fn remove_parts(&self, epoch: usize, kept: &[String]) -> Result<(), EpochCheckpointError> {
        for (kind, name) in FileKind::all(&self.path)? {
            if kind == FileKind::Part(epoch) && !kept.contains(&name) {
                remove_file(&self.path.join(name))?;
            }
        }
        Ok(())
    }

    /// Removes parts that belong to no complete epoch.
    fn clear_incomplete(&self) -> Result<(), EpochCheckpointError> {
        let files = FileKind::all(&self.path)?.into_iter();
        let parts = files.filter_map(|(kind, _)| match kind {
            FileKind::Part(epoch) => Some(epoch),
            FileKind::Manifest(_) => None,
        });
        for epoch in parts.collect::<BTreeSet<usize>>() {
            match Manifest::read(&self.path, epoch) {
                Ok(manifest) => self.remove_parts(epoch, &manifest.file_names())?,
                Err(EpochCheckpointError::Incomplete { .. }) => {
                    log::info!("removed the parts of epoch {epoch}, which was not complete");
                    self.remove_parts(epoch, &[])?;
                }
                Err(error) => log::warn!("left alone: {error}"),
            }
        }
        Ok(())
    }
}

fn io(action: &'static str, path: &Path) -> impl Fn(std::io::Error) -> EpochCheckpointError {
    let path = path.to_path_buf();
    move |source| EpochCheckpointError::Io {
        action,
        path: path.clone(),
        source,
    }
}

fn remove_file(path: &Path) -> Result<(), EpochCheckpointError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(io("remove", path)),
    }
}

fn damaged(epoch: usize, part: Part, path: &Path) -> EpochCheckpointError {
    EpochCheckpointError::Part {
        epoch,
        part: part.name(),
        path: path.to_path_buf(),
        reason: "has another hash".to_string(),
    }
}

/// What it means that the file of a part can't be read.
fn unreadable(
    epoch: usize,
    part: Part,
    path: &Path,
) -> impl Fn(std::io::Error) -> EpochCheckpointError {
    move |error| match error.kind() {
        ErrorKind::NotFound => EpochCheckpointError::Part {
            epoch,
            part: part.name(),
            path: path.to_path_buf(),
            reason: "is missing".to_string(),
        },
        _ => io("read", path)(error),
    }
}

macro_rules! checkpointer {
    ($($Record:ty => $part:expr),* $(,)?) => {
        $(impl Checkpointer<$Record> for EpochCheckpoints {
            fn save(&self, epoch: usize, record: $Record) -> Result<(), CheckpointerError> {
                self.save_part($part, epoch, record)
            }

            fn restore(&self, epoch: usize) -> Result<$Record, CheckpointerError> {
                self.restore_part($part, epoch)
            }

            /// Asked for by any of the three, it is for all of them.
            fn delete(&self, epoch: usize) -> Result<(), CheckpointerError> {
                self.delete_epoch(epoch)
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

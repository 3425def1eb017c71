//! The directory of a training's epochs, which its clones share.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::Bytes;
use burn::train::checkpoint::Checkpoint;
use lr_checkpoint::disk::DirLock;

use super::error::EpochCheckpointError;
use super::manifest::{Digest, FileKind, Manifest, Part, manifest_path, part_name, write};
use crate::run_dir::{self, refused, remove_file};

#[derive(Debug)]
pub(super) struct Directory {
    pub path: PathBuf,
    state: Mutex<State>,
    _lock: DirLock,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// The parts of epochs that are safe on disk, until there are three.
    parts: BTreeMap<usize, BTreeMap<Part, Digest>>,
    /// Epochs that are known to be complete and whole.
    pub complete: BTreeSet<usize>,
    /// Epochs that are to go once a later one is complete.
    doomed: BTreeSet<usize>,
    has_failed: bool,
}

impl Directory {
    /// The directory at `path`, locked, without what killed trainings left.
    pub fn open(path: PathBuf) -> Result<Self, EpochCheckpointError> {
        let lock = run_dir::lock(&path, |name| FileKind::of(name).is_some())?;
        let lock = lock.ok_or_else(|| EpochCheckpointError::Busy { path: path.clone() })?;
        let directory = Self {
            path,
            state: Mutex::default(),
            _lock: lock,
        };
        directory.clear_incomplete()?;
        Ok(directory)
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        // A panic leaves it consistent, between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn save<R: Checkpoint>(
        &self,
        part: Part,
        epoch: usize,
        record: R,
    ) -> Result<(), EpochCheckpointError> {
        let saved = self.try_save(part, epoch, record);
        saved.inspect_err(|_| self.state().has_failed = true)
    }

    fn try_save<R: Checkpoint>(
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
        let bytes = bytes.map_err(part.refused_by_burn(epoch))?;
        let digest = Digest::of(&bytes);
        write(self.path.join(part_name(epoch, part, &digest)), &bytes)?;
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
        for doomed in std::mem::replace(&mut state.doomed, later) {
            self.remove(doomed, &mut state)?;
        }
        self.remove_parts(epoch, &manifest.file_names())
    }

    pub fn restore<R: Checkpoint>(
        &self,
        part: Part,
        epoch: usize,
    ) -> Result<R, EpochCheckpointError> {
        let bytes = self.read(&Manifest::read(&self.path, epoch)?, part)?;
        let record = R::checkpoint_from_bytes(Bytes::from_bytes_vec(bytes));
        record.map_err(part.refused_by_burn(epoch))
    }

    /// The bytes of a part, if they are what was saved.
    fn read(&self, manifest: &Manifest, part: Part) -> Result<Vec<u8>, EpochCheckpointError> {
        let read = |path: &Path| {
            let bytes = fs::read(path)?;
            Ok((Digest::of(&bytes), bytes))
        };
        self.checked(manifest, part, read)
    }

    /// Checks that a part is what was saved.
    pub fn verify(&self, manifest: &Manifest, part: Part) -> Result<(), EpochCheckpointError> {
        self.checked(manifest, part, |path| Ok((Digest::of_file(path)?, ())))
    }

    /// The result of `read` for the file of a part, if that has the digest of what was saved.
    fn checked<T>(
        &self,
        manifest: &Manifest,
        part: Part,
        read: impl Fn(&Path) -> io::Result<(Digest, T)>,
    ) -> Result<T, EpochCheckpointError> {
        let path = self.path.join(manifest.file_name(part));
        let reason = match read(&path) {
            Ok((digest, result)) if digest == *manifest.digest(part) => return Ok(result),
            Ok(_) => "has another hash",
            Err(error) if error.kind() == ErrorKind::NotFound => "is missing",
            Err(error) => return Err(refused("read", &path)(error).into()),
        };
        Err(EpochCheckpointError::Part {
            epoch: manifest.epoch,
            part: part.name(),
            path,
            reason: reason.to_string(),
        })
    }

    /// Removes an epoch, or puts that off where no later one is complete.
    pub fn delete(&self, epoch: usize) -> Result<(), EpochCheckpointError> {
        let mut state = self.state();
        match state.complete.range(epoch.saturating_add(1)..).next() {
            Some(_) => self.remove(epoch, &mut state),
            None => {
                state.doomed.insert(epoch);
                Ok(())
            }
        }
    }

    /// Removes an epoch, so that it is not complete before its parts begin to go.
    pub fn remove(&self, epoch: usize, state: &mut State) -> Result<(), EpochCheckpointError> {
        state.complete.remove(&epoch);
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

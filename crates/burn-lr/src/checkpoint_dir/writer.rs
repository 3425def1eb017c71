use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lr_checkpoint::disk::DirLock;
use lr_checkpoint::name::step_of;
use lr_checkpoint::{CheckpointFile, Progress, Retention};

use super::directory::{CheckpointDir, has_vanished};
use super::error::CheckpointDirError;
use crate::background::Save;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::run_dir;

/// The one that saves to a [`CheckpointDir`], from [`CheckpointDir::writer`]: [at once](Self::save), or
/// [on another thread](Self::save_in_background) while the training goes on.
///
/// It can be asked what the directory itself can: `writer.latest()`.
#[derive(Debug)]
pub struct CheckpointWriter {
    directory: CheckpointDir,
    /// Waited for before anything else is done to the files.
    save: Save<CheckpointDirError>,
    files: Arc<Mutex<Files>>,
}

/// The files of a directory, and what is known of them.
#[derive(Debug)]
struct Files {
    directory: CheckpointDir,
    retention: Retention,
    /// The progress of the files that are there; `None` of those that can't be read.
    known: BTreeMap<u64, Option<Progress>>,
    _lock: DirLock,
}

impl CheckpointDir {
    /// The right to save here, for one at a time, until it is dropped or the process ends. Makes
    /// the directory where there is none, and removes what killed writers have left of files that
    /// they had not completed: nothing else may be saving under the name of a checkpoint here meanwhile.
    ///
    /// # Errors
    ///
    /// Another writer ([`CheckpointDirError::Busy`]), a rule of `retention` that can't be, or a
    /// file system that refuses.
    pub fn writer(&self, retention: Retention) -> Result<CheckpointWriter, CheckpointDirError> {
        retention.check()?;
        let path = self.path();
        let lock = run_dir::lock(path, |name| step_of(name).is_some())?;
        let mut files = Files {
            directory: self.clone(),
            retention,
            known: BTreeMap::new(),
            _lock: lock.ok_or_else(|| CheckpointDirError::Busy {
                path: path.to_path_buf(),
            })?,
        };
        files.look()?;
        Ok(CheckpointWriter {
            directory: self.clone(),
            save: Save::default(),
            files: Arc::new(Mutex::new(files)),
        })
    }
}

impl CheckpointWriter {
    /// Saves `checkpoint` under the name of its step, and then removes those that no rule of the
    /// retention protects. Returns the file's path.
    ///
    /// # Errors
    ///
    /// A checkpoint that can't be written, or a whole one of a later step is there
    /// ([`CheckpointDirError::NotTheLatest`]): then all is as it was. Where an old one can't be
    /// removed ([`CheckpointDirError::Remove`]), this one is saved. Last, that of a save in the
    /// background before it.
    pub fn save(&mut self, checkpoint: &Checkpoint) -> Result<PathBuf, CheckpointDirError> {
        let before = self.save.wait();
        let save = |path: &Path| checkpoint.save(path);
        let path = lock(&self.files).save(checkpoint.progress(), save)?;
        before.map(|()| path)
    }

    /// Saves `checkpoint` as [`save`](Self::save) does, but on another thread, after the save that is
    /// under way: as a [`BackgroundWriter`](crate::BackgroundWriter) does. Dropping the writer waits.
    ///
    /// # Errors
    ///
    /// The error of the save before this one. This one is under way all the same, so that a training may go
    /// on after an error.
    pub fn save_in_background(&mut self, checkpoint: Checkpoint) -> Result<(), CheckpointDirError> {
        let files = self.files.clone();
        self.save.begin(move || {
            let progress = checkpoint.progress().clone();
            let save = |path: &Path| checkpoint.save_beside(path);
            lock(&files).save(&progress, save).map(drop)
        })
    }

    /// Whether a save is under way, for a training that would rather pass over one than wait.
    pub fn is_saving(&self) -> bool {
        self.save.is_under_way()
    }

    /// Waits for the save that is under way, and gives up the right to save here.
    ///
    /// # Errors
    ///
    /// The error of the last save, if no call before has returned it.
    pub fn finish(mut self) -> Result<(), CheckpointDirError> {
        self.save.wait()
    }

    /// Gives up the checkpoints after `step`, to go on from an earlier checkpoint than the latest:
    /// removes the checkpoints of later steps, those that can't be read among them, and returns
    /// their paths.
    ///
    /// # Errors
    ///
    /// The error of a save in the background before it, or no checkpoint up to `step` that is whole, and nothing is
    /// removed then; or one that can't be removed.
    pub fn discard_after(&mut self, step: u64) -> Result<Vec<PathBuf>, CheckpointDirError> {
        self.save.wait()?;
        lock(&self.files).discard_after(step)
    }
}

fn lock(files: &Mutex<Files>) -> MutexGuard<'_, Files> {
    // The files are looked up before each use.
    files.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Files {
    fn save(
        &mut self,
        progress: &Progress,
        save: impl FnOnce(&Path) -> Result<(), CheckpointError>,
    ) -> Result<PathBuf, CheckpointDirError> {
        let step = progress.step;
        // Only one that would be gone on from is in the way: later ones are read again.
        self.known
            .retain(|other, progress| *other <= step || progress.is_none());
        self.look()?;
        if let Some((later, _)) = self.whole().find(|(other, _)| *other > step) {
            let later = self.path(later);
            return Err(CheckpointDirError::NotTheLatest { step, later });
        }
        let path = self.path(step);
        save(&path)?;
        self.known.insert(step, Some(progress.clone()));
        self.warn_of_unknown_metrics();
        // The one that was saved is safe on disk, and stays.
        let mut expired = self.retention.expired(&self.whole().collect());
        expired.retain(|other| *other != step);
        self.remove(expired)?;
        Ok(path)
    }

    fn discard_after(&mut self, step: u64) -> Result<Vec<PathBuf>, CheckpointDirError> {
        self.look()?;
        let mut before = self.known.range(..=step).rev();
        if !before.any(|(step, _)| Checkpoint::load(self.path(*step)).is_ok()) {
            return Err(CheckpointDirError::NothingBefore {
                path: self.directory.path().to_path_buf(),
                step,
            });
        }
        let later = self.known.keys().copied().filter(|other| *other > step);
        self.remove(later.collect())
    }

    fn path(&self, step: u64) -> PathBuf {
        CheckpointFile::new(self.directory.path(), step).path
    }

    /// Learns of files that have come, and forgets those that have gone.
    fn look(&mut self) -> Result<(), CheckpointDirError> {
        let mut known = BTreeMap::new();
        for CheckpointFile { step, path, .. } in self.directory.list()? {
            let progress = match self.known.remove(&step) {
                Some(progress) => progress,
                None => match Checkpoint::read(&path) {
                    Ok(checkpoint) => Some(checkpoint.progress().clone()),
                    Err(error) if has_vanished(&error) => continue,
                    Err(error) => {
                        log::warn!("left alone: {error}");
                        None
                    }
                },
            };
            known.insert(step, progress);
        }
        self.known = known;
        Ok(())
    }

    fn whole(&self) -> impl Iterator<Item = (u64, &Progress)> {
        self.known
            .iter()
            .filter_map(|(step, known)| Some((*step, known.as_ref()?)))
    }

    fn warn_of_unknown_metrics(&self) {
        for metric in self.retention.metrics() {
            let mut known = self.whole().map(|(_, progress)| &progress.metrics);
            if !known.any(|metrics| metrics.contains_key(metric)) {
                log::warn!(
                    "no checkpoint in `{}` has the metric `{metric}`, by which the best is kept",
                    self.directory.path().display(),
                );
            }
        }
    }

    fn remove(&mut self, steps: Vec<u64>) -> Result<Vec<PathBuf>, CheckpointDirError> {
        let mut removed = vec![];
        for step in steps {
            let path = self.path(step);
            match fs::remove_file(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(source) => return Err(CheckpointDirError::Remove { path, source }),
                Ok(()) => removed.push(path),
            }
            self.known.remove(&step);
        }
        Ok(removed)
    }
}

impl Deref for CheckpointWriter {
    type Target = CheckpointDir;

    fn deref(&self) -> &CheckpointDir {
        &self.directory
    }
}

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use crate::checkpoint::{Checkpoint, CheckpointError};

/// The one that saves to one file on another thread, while the training goes on.
///
/// At most one save is under way: a second one waits for it, so that an older state never replaces a
/// newer one. The checkpoint shares the tensors of model and optimizer; steps that are taken during a save leave
/// those alone and allocate others. On flex, ndarray and LibTorch the optimizer's
/// state is copied first and shared no more.
///
/// A process that ends in the middle leaves the file that was there before. Dropping it waits for the
/// save under way; [`finish`](Self::finish) also tells how that went.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::optim::AdamConfig;
/// use burn::tensor::Device;
/// use burn_lr::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("checkpoint.bpk");
/// let config = AdamConfig::new();
/// let (model, optimizer) = (LinearConfig::new(10, 1).init(&Device::flex().autodiff()), config.init());
/// let mut lr = Scheduler::new(Cosine::new(0.1, 0.0, 1_000));
/// let mut writer = BackgroundWriter::new(&path);
/// for step in 1..=100 {
///     lr.step(); // and the optimizer, with this rate
///     if step % 20 == 0 {
///         let progress = Progress { step, ..Progress::default() };
///         writer.save(Checkpoint::capture(&model, &optimizer, &config, &lr, progress)?)?;
///     }
/// }
/// writer.finish()?;
/// assert_eq!(Checkpoint::inspect(&path)?.progress.step, 100);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct BackgroundWriter {
    path: PathBuf,
    save: Save<CheckpointError>,
}

impl BackgroundWriter {
    /// A writer of the file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            save: Save::default(),
        }
    }

    /// Saves `checkpoint` on another thread, after the save that is under way.
    ///
    /// # Errors
    ///
    /// The error of the save before this one. This one is under way all the same, so that a training may go
    /// on after an error.
    pub fn save(&mut self, checkpoint: Checkpoint) -> Result<(), CheckpointError> {
        let path = self.path.clone();
        self.save.begin(move || checkpoint.save_beside(&path))
    }

    /// Whether a save is under way, for a training that would rather pass over one than wait.
    pub fn is_saving(&self) -> bool {
        self.save.is_under_way()
    }

    /// Waits for the save that is under way.
    ///
    /// # Errors
    ///
    /// The error of the last save, if no call before has returned it.
    pub fn finish(mut self) -> Result<(), CheckpointError> {
        self.save.wait()
    }
}

/// A save on another thread, or none; dropping it waits.
#[derive(Debug)]
pub(crate) struct Save<E> {
    thread: Option<JoinHandle<Result<(), E>>>,
}

impl<E> Default for Save<E> {
    fn default() -> Self {
        Self { thread: None }
    }
}

impl<E: std::fmt::Display + Send + 'static> Save<E> {
    /// Begins a save once the one before it has ended; the error is that one's.
    pub fn begin(
        &mut self,
        save: impl FnOnce() -> Result<(), E> + Send + 'static,
    ) -> Result<(), E> {
        let before = self.wait();
        let logged = || save().inspect_err(|error| log::warn!("not saved: {error}"));
        self.thread = Some(thread::spawn(logged));
        before
    }

    pub fn is_under_way(&self) -> bool {
        let thread = self.thread.as_ref();
        thread.is_some_and(|thread| !thread.is_finished())
    }

    /// Waits for the save, and returns its error once.
    pub fn wait(&mut self) -> Result<(), E> {
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(saved)) => saved,
            Some(Err(panic)) => resume_unwind(panic),
        }
    }
}

impl<E> Drop for Save<E> {
    fn drop(&mut self) {
        // Its error has been logged.
        _ = self.thread.take().map(JoinHandle::join);
    }
}

//! Model, optimizer, scheduler and progress in one verified file.

mod error;
mod optimizer;
mod parameters;
mod restore;
mod run_state;

use std::path::Path;

use burn::config::Config;
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use lr_checkpoint::About;

use crate::record::Resumable;
use run_state::RunState;

pub use error::{CheckpointError, Mismatch};
pub use lr_checkpoint::{FileError, FileFault, Inspection, Progress, SavedTensor};
pub use restore::Restore;

/// The state of a training run: model, optimizer, scheduler and [`Progress`], to be written to
/// one file and to go on from, bit for bit, also on another backend.
///
/// The file is written beside its destination and then takes its place, so that a crash leaves the
/// old file or the new one. It carries a checksum of each part and one of everything. Loading checks
/// that it is whole; [`restore`](Self::restore) checks that it fits, before anything is changed.
/// Differences on purpose are asked for by name: see [`restoring`](Self::restoring).
/// [`inspect`](Self::inspect) describes a file without loading it.
///
/// An average of the weights is saved with the model: see [`Averaged`](crate::Averaged).
///
/// The scheduler is any [`Resumable`] one. Burn's own `ModuleLrScheduler` is not: what is in it
/// can only be loaded in the way that has no error to pass on.
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
/// let device = Device::flex().autodiff();
/// let model = LinearConfig::new(10, 1).init(&device);
/// let config = AdamConfig::new();
/// let optimizer = config.init();
/// let mut lr = Scheduler::new(Cosine::new(0.1, 0.0, 1_000));
/// lr.step();
///
/// let progress = Progress { step: 1, ..Progress::default() };
/// Checkpoint::capture(&model, &optimizer, &config, &lr, progress)?.save(&path)?;
///
/// // another process: build everything as at the beginning, then restore
/// let mut lr = Scheduler::new(Cosine::new(0.1, 0.0, 1_000));
/// let model = LinearConfig::new(10, 1).init(&device);
/// let checkpoint = Checkpoint::load(&path)?;
/// assert_eq!(checkpoint.progress().step, 1);
/// let (model, optimizer) = checkpoint.restore(model, config.init(), &config, &mut lr)?;
/// assert_eq!(lr.position(), 1);
/// # let _ = (model, optimizer);
/// # Ok(())
/// # }
/// ```
///
/// A clone of a checkpoint of a run under way shares its tensors, and one of a file copies them.
#[derive(Clone)]
pub struct Checkpoint {
    state: RunState,
}

impl Checkpoint {
    /// The state of a run as it is now.
    ///
    /// Nothing is copied yet: as tensors are, model and optimizer are shared until one of their
    /// owners changes them. Save it before the next step, and the run needs no second copy of them.
    /// From a device that another process serves, all values are read at once: Burn 0.22 fails
    /// where two threads hold a tensor of such a device.
    ///
    /// `config` is the optimizer's, which can't be read from the optimizer itself: Adam's state
    /// looks like AdamW's.
    ///
    /// # Errors
    ///
    /// A record of the scheduler that Burn can't turn into bytes; of a served device, that it can't
    /// give its values, or what [`save`](Self::save) says of the optimizer.
    pub fn capture<M, C, S>(
        model: &M,
        optimizer: &ModuleOptimizer,
        config: &C,
        scheduler: &S,
        progress: Progress,
    ) -> Result<Self, CheckpointError>
    where
        M: Module,
        C: Config,
        S: Resumable + ?Sized,
    {
        let (model, optimizer) = run_state::capture(model, optimizer)?;
        Ok(Self {
            state: RunState {
                model,
                optimizer,
                scheduler: scheduler.record().into_bytes()?.shared(),
                about: About {
                    optimizer_config: optimizer::describe(config),
                    schedule: scheduler.description(),
                    progress,
                    notes: Default::default(),
                },
            },
        })
    }

    /// This checkpoint with a text of the program's own in it, such as its options.
    pub fn with_note(mut self, name: &str, text: &str) -> Self {
        let notes = &mut self.state.about.notes;
        notes.insert(name.to_string(), text.to_string());
        self
    }

    /// The text that was stored under `name`.
    pub fn note(&self, name: &str) -> Option<&str> {
        self.state.about.notes.get(name).map(String::as_str)
    }

    /// The progress of the run.
    pub fn progress(&self) -> &Progress {
        &self.state.about.progress
    }

    /// The schedule that the run had, as JSON; `None` where a closure was part of it.
    pub fn schedule(&self) -> Option<&str> {
        self.state.about.schedule.as_deref()
    }

    /// The kind and the options of the optimizer that the run had, as JSON.
    pub fn optimizer_config(&self) -> &str {
        &self.state.about.optimizer_config
    }

    /// Writes the file, in place of one that is there.
    ///
    /// When this returns, the file is on disk; when the machine stops before, what was there
    /// before still is.
    ///
    /// # Errors
    ///
    /// A file that can't be written, or an optimizer that has a state of parameters that the model
    /// doesn't have, which could never be restored (Burn keeps that of a layer that was replaced):
    /// what was there before still is. The one exception is named in the error: a file system
    /// that can't confirm that the new file, though in place, would survive a loss of power.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
        run_state::write(&self.state, path.as_ref())
    }

    /// The [`save`](Self::save) beside a training that goes on: it lets go of the optimizer's state early where it can.
    pub(crate) fn save_beside(self, path: &Path) -> Result<(), CheckpointError> {
        run_state::write_shared(self.state, path)
    }

    /// Reads a file, of any version, and checks that it is whole.
    ///
    /// It takes about as much memory as the file has bytes; whatever is in it, at most eight times as
    /// much and 256 KiB.
    ///
    /// # Errors
    ///
    /// No file, or one that is something else, was written by a later version, or
    /// has changed since it was written.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, CheckpointError> {
        Ok(Self::read(path.as_ref())?)
    }

    pub(crate) fn read(path: &Path) -> Result<Self, FileError> {
        let state = run_state::read(path)?;
        Ok(Self { state })
    }

    /// Describes a file without loading it: of a file of version 2 or 3, it reads and checks the index alone.
    ///
    /// # Errors
    ///
    /// As for [`load`](Self::load), but for damage to model, optimizer and scheduler.
    pub fn inspect(path: impl AsRef<Path>) -> Result<Inspection, CheckpointError> {
        Ok(lr_checkpoint::inspect(path.as_ref())?)
    }

    /// The run's model and optimizer, and `scheduler` at its position. The values move into them, and
    /// are not in memory twice; a [clone](Self::clone) keeps them, to come back to.
    ///
    /// All that is given must have been built as at the beginning of the run; otherwise, see
    /// [`restoring`](Self::restoring).
    ///
    /// Gradient clipping has to be set on `optimizer` by now: Burn clips a parameter as it did when the
    /// parameter's state came.
    ///
    /// # Errors
    ///
    /// A checkpoint of another model, optimizer or schedule. Nothing is changed then.
    pub fn restore<M, C, S>(
        self,
        model: M,
        optimizer: ModuleOptimizer,
        config: &C,
        scheduler: &mut S,
    ) -> Result<(M, ModuleOptimizer), CheckpointError>
    where
        M: Module,
        C: Config,
        S: Resumable + ?Sized,
    {
        self.restoring()
            .restore(model, optimizer, config, scheduler)
    }

    /// Continues from this checkpoint with something that differs on purpose.
    pub fn restoring(self) -> Restore {
        Restore::new(self.state)
    }

    /// The differences between `model`'s parameters and the checkpoint's.
    pub fn differences(&self, model: &impl Module) -> Vec<Mismatch> {
        parameters::differences(&self.state.model, model)
    }
}

impl std::fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checkpoint")
            .field("progress", self.progress())
            .field("schedule", &self.schedule())
            .field("optimizer_config", &self.optimizer_config())
            .finish_non_exhaustive()
    }
}

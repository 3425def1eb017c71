//! Model, optimizer, scheduler and progress in one verified file.

mod error;
mod file;
mod optimizer;
mod parameters;

use std::collections::BTreeMap;
use std::path::Path;

use burn::config::Config;
use burn::lr_scheduler::LrSchedulerRecord;
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::store::ModuleRecord;

use crate::record::Resumable;
use file::Contents;

pub use error::{CheckpointError, Mismatch};

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// The epoch that is under way, counted from 0.
    pub epoch: u64,
    /// Optimizer steps taken since the beginning of the run.
    pub step: u64,
    /// What the run's random numbers are derived from.
    pub seed: u64,
    /// Any named numbers: the last losses, say.
    pub metrics: BTreeMap<String, f64>,
}

/// The state of a training run: model, optimizer, scheduler and [`Progress`], to be written to
/// one file and to go on from, bit for bit, also on another backend.
///
/// The file is a burnpack container. It is written beside its destination and then takes its
/// place, so that a crash leaves the old file or the new one, and it carries a checksum of each
/// part and one of everything. Loading checks that it is whole; [`restore`](Self::restore) checks
/// that it fits, before anything is changed.
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
/// let (model, optimizer) = checkpoint.restore(model, config.init(), &config, &mut lr)?;
/// assert_eq!((checkpoint.progress().step, lr.position()), (1, 1));
/// # let _ = (model, optimizer);
/// # Ok(())
/// # }
/// ```
pub struct Checkpoint {
    contents: Contents,
}

impl Checkpoint {
    /// The state of a run as it is now.
    ///
    /// `config` is the optimizer's, which can't be read from the optimizer itself: Adam's state
    /// looks like AdamW's.
    ///
    /// # Errors
    ///
    /// Where the optimizer has a state of parameters that the model doesn't have (Burn keeps those
    /// of a layer that was replaced), or Burn can't turn the state into bytes.
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
        // Shared, so that what reads them later makes no copies.
        let model = model.clone().into_record().into_bytes()?.shared();
        let optimizer = optimizer.into_bytes()?.shared();
        optimizer::check(&optimizer, &parameters::of_record(model.clone())?)?;
        Ok(Self {
            contents: Contents {
                model,
                optimizer,
                scheduler: scheduler.record().into_bytes()?.shared(),
                optimizer_config: optimizer::describe(config),
                schedule: scheduler.description(),
                progress,
                notes: BTreeMap::new(),
            },
        })
    }

    /// This checkpoint with a text of the program's own in it, such as its options.
    pub fn with_note(mut self, name: &str, text: &str) -> Self {
        self.contents
            .notes
            .insert(name.to_string(), text.to_string());
        self
    }

    /// The text that was stored under `name`.
    pub fn note(&self, name: &str) -> Option<&str> {
        self.contents.notes.get(name).map(String::as_str)
    }

    /// How far the run had come.
    pub fn progress(&self) -> &Progress {
        &self.contents.progress
    }

    /// The schedule that the run had, as JSON; `None` where a closure was part of it.
    pub fn schedule(&self) -> Option<&str> {
        self.contents.schedule.as_deref()
    }

    /// The kind and the options of the optimizer that the run had, as JSON.
    pub fn optimizer_config(&self) -> &str {
        &self.contents.optimizer_config
    }

    /// Writes the file, in place of one that is there.
    ///
    /// When this returns, the file is on disk; when the machine stops before, what was there
    /// before still is.
    ///
    /// # Errors
    ///
    /// Where the file can't be written, or a part is larger than a burnpack file holds (10 GiB):
    /// what was there before still is. The one exception is named in the error: a file system
    /// that can't confirm that the new file, though in place, would survive a loss of power.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
        file::write(&self.contents, path.as_ref())
    }

    /// Reads a file and checks that it is whole.
    ///
    /// # Errors
    ///
    /// Where there is no file, or one that is something else, was written by a later version, or
    /// has changed since it was written.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, CheckpointError> {
        let contents = file::read(path.as_ref())?;
        Ok(Self { contents })
    }

    /// The run's model and optimizer, and `scheduler` at its position.
    ///
    /// All that is given must have been built as at the beginning of the run.
    ///
    /// # Errors
    ///
    /// Where the checkpoint is of another model, optimizer or schedule. Nothing is changed then.
    pub fn restore<M, C, S>(
        &self,
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
        let Contents {
            model: model_bytes,
            optimizer: optimizer_bytes,
            scheduler: scheduler_bytes,
            optimizer_config,
            ..
        } = &self.contents;

        let saved = parameters::of_record(model_bytes.clone())?;
        let mismatches = parameters::compare(&saved, &parameters::of_module(&model));
        if !mismatches.is_empty() {
            return Err(CheckpointError::Model { mismatches });
        }
        // Backends differ in the size of their integers.
        let record = ModuleRecord::from_bytes(model_bytes.clone())?.cast_to_module_dtype();
        let model = model.try_load_record(record)?;

        optimizer::check_config(optimizer_config, config)?;
        let optimizer = optimizer::load(optimizer, optimizer_bytes.clone(), &saved)?;

        // The scheduler is changed in place, so it comes last.
        let record = LrSchedulerRecord::from_bytes(scheduler_bytes.clone())?;
        scheduler.try_load_record(&record)?;
        Ok((model, optimizer))
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

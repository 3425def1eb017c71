use burn::config::Config;
use burn::lr_scheduler::LrSchedulerRecord;
use burn::module::Module;
use burn::optim::ModuleOptimizer;

use super::error::{CheckpointError, Mismatch};
use super::run_state::RunState;
use super::{optimizer, parameters};
use crate::record::{Resumable, in_other_steps};

/// A continuation of a checkpoint with something that differs on purpose, each asked for by name; what
/// isn't asked for is refused. Made by [`Checkpoint::restoring`](crate::Checkpoint::restoring).
///
/// | difference | method |
/// | --- | --- |
/// | the schedule, at the same position; a longer run | the scheduler's `accept_another_schedule` |
/// | a new schedule, whose step 0 is the next step | that, with [`delay`](crate::ScheduleExt::delay) by the steps taken |
/// | the feedback rule | the scheduler's `accept_another_rule` |
/// | the batch size, or the accumulation of gradients | [`accept_another_batch_size`](Self::accept_another_batch_size) |
/// | the optimizer's options | [`accept_other_optimizer_options`](Self::accept_other_optimizer_options) |
/// | the optimizer, which begins anew | [`with_fresh_optimizer`](Self::with_fresh_optimizer) |
/// | parameters that only one side has, or an [average](crate::Averaged), or its rule | [`accept_partial_model`](Self::accept_partial_model) |
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::optim::{AdamConfig, AdamWConfig};
/// use burn::tensor::Device;
/// use burn_lr::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let device = Device::flex().autodiff();
/// let model = LinearConfig::new(10, 1).init(&device);
/// let config = AdamConfig::new();
/// let mut lr = Scheduler::new(Cosine::new(0.1, 0.0, 1_000));
/// (0..500).for_each(|_| drop(lr.step()));
/// let progress = Progress { step: 500, ..Progress::default() };
/// let checkpoint = Checkpoint::capture(&model, &config.init(), &config, &lr, progress)?;
///
/// // twice as long a run, with AdamW from here on
/// let mut lr = Scheduler::new(Cosine::new(0.1, 0.0, 2_000)).accept_another_schedule();
/// let config = AdamWConfig::new();
/// let (model, optimizer) = checkpoint
///     .clone()
///     .restoring()
///     .with_fresh_optimizer()
///     .restore(model, config.init(), &config, &mut lr)?;
/// assert_eq!(lr.position(), 500);
///
/// // the first run again, with four times as many samples a step
/// let mut lr = Scheduler::new(Cosine::new(0.1, 0.0, 250)).accept_another_schedule();
/// let restore = checkpoint.clone().restoring().with_fresh_optimizer();
/// let restore = restore.accept_another_batch_size(32, 128);
/// let (model, optimizer) = restore.restore(model, optimizer, &config, &mut lr)?;
/// assert_eq!(lr.position(), 125);
///
/// // a schedule that begins here
/// let from_here = LinearRamp::new(0.01, 0.0, 100).delay(checkpoint.progress().step);
/// let mut lr = Scheduler::new(from_here).accept_another_schedule();
/// # let (model, optimizer) =
/// checkpoint.restoring().with_fresh_optimizer().restore(model, optimizer, &config, &mut lr)?;
/// assert_eq!((lr.step(), lr.step()), (0.01, 0.0099));
/// # let _ = (model, optimizer);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is restored before `restore` is called"]
pub struct Restore {
    state: RunState,
    partial_model: bool,
    optimizer: ExpectedOptimizer,
    batch_sizes: Option<(u64, u64)>,
}

#[derive(Clone, Copy, PartialEq)]
enum ExpectedOptimizer {
    TheSame,
    WithOtherOptions,
    Fresh,
}

impl Restore {
    pub(super) fn new(state: RunState) -> Self {
        Self {
            state,
            partial_model: false,
            optimizer: ExpectedOptimizer::TheSame,
            batch_sizes: None,
        }
    }

    /// Parameters that the checkpoint doesn't have stay as they are, and its own that the model
    /// doesn't have are left out, with the optimizer's state of them.
    /// [`differences`](crate::Checkpoint::differences) lists them. One that both have must still be
    /// the same in both.
    pub fn accept_partial_model(mut self) -> Self {
        self.partial_model = true;
        self
    }

    /// The optimizer may have another weight decay, other betas, ...: its config is not compared.
    /// Its state must fit.
    pub fn accept_other_optimizer_options(mut self) -> Self {
        self.optimizer = ExpectedOptimizer::WithOtherOptions;
        self
    }

    /// The optimizer stays as it is given, whatever it is.
    pub fn with_fresh_optimizer(mut self) -> Self {
        self.optimizer = ExpectedOptimizer::Fresh;
        self
    }

    /// The run had `saved` samples a step (the batch size times the steps whose gradients are
    /// accumulated times the devices), and goes on with `given`: the scheduler's position is
    /// carried over in samples, and rounded to the nearest step. So are the beginning and the
    /// length of a decay that was started by hand.
    ///
    /// A schedule whose lengths are of the new steps is another schedule, so the scheduler has to
    /// accept that as well.
    pub fn accept_another_batch_size(mut self, saved: u64, given: u64) -> Self {
        self.batch_sizes = Some((saved, given));
        self
    }

    /// The run's model and optimizer, and `scheduler` at its position, as
    /// [`Checkpoint::restore`](crate::Checkpoint::restore) gives them.
    ///
    /// # Errors
    ///
    /// A checkpoint of another model, optimizer or schedule, in more than what was
    /// accepted. Nothing is changed then.
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
        let saved = self.state;
        let mut mismatches = parameters::differences(&saved.model, &model);
        if self.partial_model {
            mismatches.retain(|mismatch| matches!(mismatch, Mismatch::Different { .. }));
        }
        if !mismatches.is_empty() {
            return Err(CheckpointError::Model { mismatches });
        }
        if self.optimizer == ExpectedOptimizer::TheSame {
            optimizer::check_config(&saved.about.optimizer_config, config)?;
        }
        let model = parameters::load(model, saved.model)?;
        let optimizer = match self.optimizer {
            ExpectedOptimizer::Fresh => optimizer,
            _ => {
                let state = saved.optimizer.into_bytes()?;
                optimizer::load(optimizer, state, &model, self.partial_model)?
            }
        };

        // The scheduler is changed in place, so it comes last.
        let mut record = LrSchedulerRecord::from_bytes(saved.scheduler)?;
        if let Some((saved, given)) = self.batch_sizes {
            for (field, size) in [("saved", saved), ("given", given)] {
                if size == 0 {
                    return Err(CheckpointError::BatchSize { field });
                }
            }
            record = in_other_steps(&record, saved, given)?;
        }
        scheduler.try_load_record(&record)?;
        Ok((model, optimizer))
    }
}

use burn::tensor::Device;
use burn::train::checkpoint::{
    CheckpointingAction, CheckpointingStrategy, ComposedCheckpointingStrategy,
    KeepLastNCheckpoints, MetricCheckpointingStrategy,
};
use burn::train::metric::LossMetric;
use burn::train::metric::store::{Aggregate, Direction, EventStoreClient, Split};

use crate::device::{gives_copies, is_served};

/// A checkpointing strategy with which a training waits for its saves, on devices where it must.
///
/// burn-train saves an epoch on threads of its own while the next one trains. With Burn 0.22 that is not sound everywhere:
///
/// - The values of a GPU's tensor are read when they are written, not when the epoch is handed over, so that the file
///   may hold those of later steps, of the model as of the optimizer. It is whole by every hash, and a run that goes on
///   from it is another one.
/// - A tensor of a [device that another process serves](crate::guide::machines) may be lost where two threads hold it.
///
/// There the training goes on once the epoch is on disk. On flex, ndarray and LibTorch, whose values are copied when an
/// epoch is handed over, nothing changes.
///
/// ```no_run
/// # use burn::tensor::Device;
/// # use burn::train::{LearnerModel, SupervisedTraining};
/// use burn_lr::train::WaitForSaves;
///
/// # fn f<M: LearnerModel>(training: SupervisedTraining<M>, device: &Device) {
/// let training = training
///     .with_default_checkpointers() // or an `EpochCheckpoints`
///     .with_checkpointing_strategy(WaitForSaves::new(device));
/// # let _ = training;
/// # }
/// ```
///
/// With a metric for the scheduler it goes into
/// [`MetricFeedback::with_checkpointing_strategy`](super::MetricFeedback::with_checkpointing_strategy) instead.
///
/// The waiting is a request to delete an epoch 0, which never was: a thread hears it after its save.
pub struct WaitForSaves {
    strategy: Box<dyn CheckpointingStrategy>,
    waits: bool,
}

impl WaitForSaves {
    /// burn-train's default strategy (the last two epochs, and the one with the lowest validation loss) for a training on
    /// `device`; of several devices, any one.
    pub fn new(device: &Device) -> Self {
        Self {
            strategy: Box::new(last_two_and_best()),
            waits: is_served(device) || !gives_copies(device),
        }
    }

    /// Sets another strategy.
    pub fn with_strategy(mut self, strategy: impl CheckpointingStrategy + 'static) -> Self {
        self.strategy = Box::new(strategy);
        self
    }
}

impl CheckpointingStrategy for WaitForSaves {
    fn checkpointing(
        &mut self,
        epoch: usize,
        store: &EventStoreClient,
    ) -> Vec<CheckpointingAction> {
        let mut actions = self.strategy.checkpointing(epoch, store);
        if self.waits && actions.contains(&CheckpointingAction::Save) {
            actions.push(CheckpointingAction::Delete(0));
        }
        actions
    }
}

/// burn-train's default strategy.
pub(super) fn last_two_and_best() -> ComposedCheckpointingStrategy {
    let (loss, mean) = (LossMetric::new(), Aggregate::Mean);
    let best = MetricCheckpointingStrategy::new(&loss, mean, Direction::Lowest, Split::Valid);
    let last = KeepLastNCheckpoints::new(2);
    let strategies = ComposedCheckpointingStrategy::builder().add(last).add(best);
    strategies.build()
}

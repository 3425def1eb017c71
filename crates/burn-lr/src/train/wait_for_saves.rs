use burn::tensor::Device;
use burn::train::checkpoint::{
    CheckpointingAction, CheckpointingStrategy, ComposedCheckpointingStrategy,
    KeepLastNCheckpoints, MetricCheckpointingStrategy,
};
use burn::train::metric::LossMetric;
use burn::train::metric::store::{Aggregate, Direction, EventStoreClient, Split};

use crate::device::gives_copies;

/// A checkpointing strategy with which a training waits for its saves, on devices where it must.
///
/// burn-train saves an epoch on threads of its own while the next one trains. With Burn 0.22 the values of a GPU's tensor
/// (wgpu, CUDA and all of CubeCL's, its CPU too) are read when they are written, not when the epoch is handed over, so that
/// the file may hold those of later steps, of the model as of the optimizer. It is whole by every hash, and a run that
/// goes on from it is another one. There the training goes on once the epoch is on disk. On flex, ndarray, LibTorch and
/// [devices that another process serves](crate::guide::machines), whose values are copied when an epoch is handed over,
/// nothing changes.
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
/// It goes outside of other strategies, which are given to it by [`with_strategy`](Self::with_strategy): the waiting is a
/// request to delete an epoch that never is, which a thread hears after its save, and Burn's
/// `ComposedCheckpointingStrategy` passes on only what all its members ask for.
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
            waits: !gives_copies(device),
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
            actions.push(CheckpointingAction::Delete(usize::MAX));
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

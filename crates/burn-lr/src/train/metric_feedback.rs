use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::train::checkpoint::{CheckpointerError, CheckpointingAction, CheckpointingStrategy};
use burn::train::metric::store::{Aggregate, Direction, EventStoreClient, Split};
use burn::train::metric::{Metric, MetricName, Numeric};
use burn::train::{
    EarlyStoppingStrategy, Interrupter, LearnerModel, SupervisedTraining, TrainingError,
};

use lr_schedule::Schedule;
use lr_schedule::feedback::{Feedback, Mode};

use super::wait_for_saves::last_two_and_best;
use crate::handle::MetricHandle;
use crate::scheduler::Scheduler;

/// Carries a metric's value of each epoch from a training's event store to a scheduler's rule.
///
/// The metric is any numeric one that the training registers, of the training or the validation
/// split. The rule observes its mean over an epoch after that epoch, before the next step, and before
/// the epoch's checkpoint is written, so that a resumed run has the rates of an uninterrupted one.
/// All workers of a distributed training observe it before the same step.
///
/// ```no_run
/// # use burn::train::metric::{Adaptor, LossInput};
/// # use burn::train::{InferenceStep, LearnerModel, SupervisedTraining, TrainStep};
/// use burn::train::metric::LossMetric;
/// use burn::train::metric::store::{Direction, Split};
/// use burn_lr::prelude::*;
/// use burn_lr::train::MetricFeedback;
///
/// # fn f<M: LearnerModel>(
/// #     training: SupervisedTraining<M>,
/// # ) -> Result<(), Box<dyn std::error::Error>>
/// # where
/// #     <M as TrainStep>::Output: Adaptor<LossInput>,
/// #     <M as InferenceStep>::Output: Adaptor<LossInput>,
/// # {
/// let rule = ReduceOnPlateauConfig::new().with_patience(3).build()?;
/// let lr = Scheduler::with_feedback(Constant::new(0.1).warmup(500), rule);
///
/// let metric = LossMetric::new();
/// let feedback = MetricFeedback::new(&lr, &metric, Direction::Lowest, Split::Valid)?;
/// let training = training.metrics((metric,)).with_default_checkpointers();
/// let outcome = feedback.outcome();
/// let training = feedback.install(training); // last, before launch
/// // training.launch(Learner::new(model, optimizer, lr)), and then
/// outcome.check()?;
/// # let _ = training;
/// # Ok(())
/// # }
/// ```
///
/// It sits in two places that a training has one of each: its checkpointing strategy, which runs
/// before the scheduler is saved, though on one worker only, and its early-stopping strategy, which
/// runs on every worker. So give it yours, and it asks them:
/// [`with_checkpointing_strategy`](Self::with_checkpointing_strategy) and
/// [`with_early_stopping`](Self::with_early_stopping). Without, it is as without it: checkpoints as
/// burn-train keeps them by default (the last two, and the one with the lowest validation loss),
/// and no early stopping. On a GPU, give it a [`WaitForSaves`](super::WaitForSaves).
///
/// A metric that isn't there ends the training after the first epoch, before anything is saved, and
/// the [`outcome`](Self::outcome) says so. The result's `error` holds it too, in an [`io::Error`](std::io::Error),
/// except where burn-train's dashboard is.
pub struct MetricFeedback {
    relays: Vec<Relay>,
    checkpointing: Box<dyn CheckpointingStrategy>,
    early_stopping: Option<Box<dyn CloneStopping>>,
    outcome: FeedbackOutcome,
}

/// The outcome of a training with a [`MetricFeedback`], to be asked when it is over.
///
/// A training's result says whether it failed or was interrupted, but not if burn-train's dashboard
/// was there, which resets both when the training ends.
#[derive(Debug, Clone, Default)]
pub struct FeedbackOutcome {
    reached: Arc<Mutex<Reached>>,
}

#[derive(Debug, Default)]
struct Reached {
    epoch: Option<usize>,
    error: Option<MetricFeedbackError>,
}

impl FeedbackOutcome {
    /// The last epoch whose metrics were all observed; a training that was stopped in an epoch has
    /// not come to its end. `None` before the first.
    pub fn last_epoch(&self) -> Option<usize> {
        self.lock().epoch
    }

    /// Whether every metric was there.
    ///
    /// # Errors
    ///
    /// The first one that was not ([`MetricFeedbackError::NotFound`]), which has ended the training.
    pub fn check(&self) -> Result<(), MetricFeedbackError> {
        self.lock().error.clone().map_or(Ok(()), Err)
    }

    fn lock(&self) -> MutexGuard<'_, Reached> {
        let reached = self.reached.lock();
        reached.unwrap_or_else(PoisonError::into_inner)
    }
}

impl MetricFeedback {
    /// Lets `scheduler`'s rule observe `metric`, as it is on `split`, which is better in `direction`.
    ///
    /// # Errors
    ///
    /// A rule for which the metric is better the other way.
    pub fn new<S: Schedule, F: Feedback>(
        scheduler: &Scheduler<S, F>,
        metric: &(impl Metric + Numeric),
        direction: Direction,
        split: Split,
    ) -> Result<Self, MetricFeedbackError> {
        let handle = scheduler.metric_handle();
        let mode = match direction {
            Direction::Lowest => Mode::Min,
            Direction::Highest => Mode::Max,
        };
        let metric = metric.name();
        if handle.mode().is_some_and(|rules| rules != mode) {
            let metric = metric.to_string();
            return Err(MetricFeedbackError::Direction { metric, mode });
        }
        Ok(Self {
            relays: vec![Relay {
                handle,
                metric,
                split,
            }],
            checkpointing: Box::new(last_two_and_best()),
            early_stopping: None,
            outcome: FeedbackOutcome::default(),
        })
    }

    /// Tells, when the training is over, whether every metric was there, and how far it came.
    pub fn outcome(&self) -> FeedbackOutcome {
        self.outcome.clone()
    }

    /// Adds the metric of `other`, for a training with several schedulers. The strategies
    /// and the [`outcome`](Self::outcome) are this one's.
    pub fn and(mut self, other: Self) -> Self {
        self.relays.extend(other.relays);
        self
    }

    /// Sets a checkpointing strategy of your own, instead of through
    /// `SupervisedTraining::with_checkpointing_strategy`.
    pub fn with_checkpointing_strategy(
        mut self,
        strategy: impl CheckpointingStrategy + 'static,
    ) -> Self {
        self.checkpointing = Box::new(strategy);
        self
    }

    /// Sets an early-stopping strategy of your own, instead of through
    /// `SupervisedTraining::early_stopping`.
    pub fn with_early_stopping(
        mut self,
        strategy: impl EarlyStoppingStrategy + Clone + Sync + 'static,
    ) -> Self {
        self.early_stopping = Some(Box::new(strategy));
        self
    }

    /// Puts it into `training`. Do that last: what is given to `training` afterwards as
    /// checkpointing or early-stopping strategy, or as interrupter, takes its place.
    pub fn install<M: LearnerModel>(
        self,
        training: SupervisedTraining<M>,
    ) -> SupervisedTraining<M> {
        let relays = Relays {
            relays: self.relays.into(),
            interrupter: training.interrupter(),
            outcome: self.outcome,
        };
        training
            .with_checkpointing_strategy(Posting {
                relays: relays.clone(),
                inner: self.checkpointing,
            })
            .early_stopping(Posting {
                relays,
                inner: self.early_stopping,
            })
    }
}

/// The metric of one scheduler.
#[derive(Debug, Clone)]
struct Relay {
    handle: MetricHandle,
    metric: MetricName,
    split: Split,
}

/// All of a training's.
#[derive(Clone)]
struct Relays {
    relays: Arc<[Relay]>,
    interrupter: Interrupter,
    outcome: FeedbackOutcome,
}

impl Relays {
    /// Posts the metrics of `epoch` to their schedulers, unless it was done before. Returns whether all
    /// metrics were there; if not, the training is told to end.
    fn post(&self, epoch: usize, store: &EventStoreClient) -> bool {
        let mut relays = self.relays.iter();
        let posted: Result<(), MetricFeedbackError> = relays.try_for_each(|relay| {
            let value = store.find_metric(&relay.metric, epoch, Aggregate::Mean, &relay.split);
            let value = value.ok_or_else(|| MetricFeedbackError::NotFound {
                metric: relay.metric.to_string(),
                split: relay.split.clone(),
                epoch,
            })?;
            relay.handle.post(epoch as u64, value);
            Ok(())
        });
        let Err(error) = posted else {
            self.outcome.lock().epoch = Some(epoch);
            return true;
        };
        let failed = || error.clone();
        self.outcome.lock().error.get_or_insert_with(failed);
        let error = CheckpointerError::IOError(io::Error::other(error));
        self.interrupter.fail(TrainingError::Checkpoint(error));
        false
    }
}

/// A strategy of the user's, which is asked once the metrics are posted.
#[derive(Clone)]
struct Posting<S> {
    relays: Relays,
    inner: S,
}

impl CheckpointingStrategy for Posting<Box<dyn CheckpointingStrategy>> {
    fn checkpointing(
        &mut self,
        epoch: usize,
        collector: &EventStoreClient,
    ) -> Vec<CheckpointingAction> {
        match self.relays.post(epoch, collector) {
            true => self.inner.checkpointing(epoch, collector),
            false => vec![], // what would be saved is not what the run goes on with
        }
    }
}

impl EarlyStoppingStrategy for Posting<Option<Box<dyn CloneStopping>>> {
    fn should_stop(&mut self, epoch: usize, store: &EventStoreClient) -> bool {
        let posted = self.relays.post(epoch, store);
        let inner = self.inner.as_mut();
        !posted || inner.is_some_and(|inner| inner.should_stop(epoch, store))
    }
}

/// An early-stopping strategy that can be copied without its type being known. (Burn's trait for
/// that isn't `Sync`, which its slot asks for.)
trait CloneStopping: EarlyStoppingStrategy + Sync {
    fn clone_box(&self) -> Box<dyn CloneStopping>;
}

impl<T: EarlyStoppingStrategy + Clone + Sync + 'static> CloneStopping for T {
    fn clone_box(&self) -> Box<dyn CloneStopping> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn CloneStopping> {
    fn clone(&self) -> Self {
        (**self).clone_box()
    }
}

/// A metric that a rule can't observe.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricFeedbackError {
    /// The rule goes the other way.
    #[error(
        "`{metric}` is better the other way than the rule takes it to be: its mode must be {mode:?}"
    )]
    Direction {
        /// The name of the metric.
        metric: String,
        /// The mode that the rule must have.
        mode: Mode,
    },
    /// The training has no value of it.
    #[error(
        "the {split} split has no value of the metric `{metric}` in epoch {epoch}: register it \
         with the training, as a numeric one"
    )]
    NotFound {
        /// The name of the metric.
        metric: String,
        /// The split on which it was looked for.
        split: Split,
        /// The epoch.
        epoch: usize,
    },
}

//! Inside burn-train's `SupervisedTraining` (feature `train`): a metric for the scheduler, a data
//! loader that resumes, checkpoints whose parts belong together, and the rate of every parameter
//! group on the dashboard.

mod averaged;
mod epoch_checkpoints;
mod loader;
mod logs;
mod metric_feedback;
mod order;
mod rates;
mod wait_for_saves;

pub use epoch_checkpoints::{EpochCheckpointError, EpochCheckpoints, LatestEpoch};
pub use loader::EpochDataLoader;
pub use logs::discard_logs_after;
pub use metric_feedback::{FeedbackOutcome, MetricFeedback, MetricFeedbackError};
pub use rates::GroupRateMetric;
pub use wait_for_saves::WaitForSaves;

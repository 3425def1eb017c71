//! Learning-rate scheduling for [Burn](https://burn.dev).
//!
//! A *schedule* is a pure function from a step to a rate; all of `lr_schedule` is re-exported
//! here. A *scheduler* is a schedule with a position, which Burn can step, save and resume:
//!
//! ```
//! use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
//! use burn_lr::prelude::*;
//!
//! let schedule = Cosine::new(1e-3, 1e-5, 9_500).warmup(500);
//! let mut lr = Scheduler::new(schedule);
//! assert_eq!(lr.step(), 0.0); // the rate of the first optimizer step
//! assert_eq!(lr.step(), 2e-6);
//!
//! // a Burn scheduler like any other
//! let mut lr: ModuleLrScheduler = lr.into();
//! assert_eq!(lr.step().base(), 4e-6);
//! ```
//!
//! - [`Scheduler`]: any schedule as Burn's `LrScheduler`, under a feedback rule or none;
//! - [`LrHandle`]: looks at the rate of a run that is under way, and changes it by hand;
//! - [`ScheduledOptimizer`]: an optimizer whose momentum, betas or weight decay follow schedules too;
//! - [`WeightAverage`]: the mean of the weights over a training (SWA), or an exponential one (EMA);
//! - [`LrFinder`](finder::LrFinder): which rate to train with, by Smith's range test;
//! - [`Checkpoint`]: model, optimizer, scheduler and progress in one verified file;
//! - [`CheckpointDir`]: a directory of these, and which of them stay;
//! - `pytorch` (a feature): weights, optimizers and schedulers from PyTorch's files.
//!
//! This crate enables no backend: the program that uses it does, through Burn's features.

#[doc(inline)]
pub use lr_schedule::*;

mod average;
mod background;
mod burn_record;
mod checkpoint;
mod checkpoint_dir;
mod device;
pub mod finder;
mod groups;
pub mod guide;
mod handle;
mod hyper;
mod listed;
mod on_thread;
mod optimizer_state;
#[cfg(feature = "pytorch")]
pub mod pytorch;
mod record;
mod run_dir;
mod scheduler;
#[cfg(feature = "signal")]
mod stop_signal;
mod sync;
mod timeline;
#[cfg(test)]
mod timeline_tests;
#[cfg(feature = "train")]
pub mod train;

pub use average::{Averaged, UpdateBnError, WeightAverage, update_bn};
pub use background::BackgroundWriter;
pub use burn_record::BurnRecordError;
pub use checkpoint::{
    Checkpoint, CheckpointError, FileError, FileFault, Inspection, Mismatch, Progress, Restore,
    SavedTensor,
};
pub use checkpoint_dir::{
    CheckpointDir, CheckpointDirError, CheckpointFile, CheckpointWriter, FoundCheckpoint,
    Retention, RetentionError,
};
pub use groups::{Group, GroupError, GroupScheduler, Groups, GroupsHandle, layers_of};
pub use handle::{LrHandle, MetricHandle};
pub use hyper::ScheduledOptimizer;
pub use record::{LoadError, Resumable};
pub use run_dir::FileSystemError;
pub use scheduler::{DynScheduler, Scheduler};
#[cfg(feature = "signal")]
pub use stop_signal::StopSignal;

/// Everything that a training program uses, in one import.
pub mod prelude {
    pub use crate::{
        BackgroundWriter, Checkpoint, CheckpointDir, DynScheduler, Group, Groups, LrHandle,
        MetricHandle, Progress, Resumable, Retention, ScheduledOptimizer, Scheduler, WeightAverage,
        layers_of,
    };
    pub use burn::lr_scheduler::LrScheduler;
    pub use lr_schedule::prelude::*;
}

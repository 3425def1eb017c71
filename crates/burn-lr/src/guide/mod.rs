//! A chapter for each way in which a schedule lives inside a training, with code that runs.
//!
//! - [`metrics`]: a rate that is cut when a metric stalls;
//! - `training` (feature `train`): the same inside burn-train, on one worker or several;
//! - `resuming` (feature `train`): the order of the data, and what else a resumed run needs to be the same;
//! - `stopping` (features `signal`, `train`): a run that may be stopped from outside at any time;
//! - `checkpoints` (feature `train`): what is saved, kept, and found again;
//! - `finding` (feature `train`): a maximum for the schedule, by Smith's range test;
//! - [`control`]: a rate that is read and changed by hand, while the run is under way;
//! - [`groups`]: a rate for each layer, unfrozen one after the other;
//! - [`hyper_parameters`]: momentum, betas and weight decay that follow schedules too;
//! - [`averages`]: means of the weights (SWA, EMA), and batch statistics for them;
//! - [`machines`]: devices that other processes serve, and several devices;
//! - [`skipped_steps`]: optimizer steps that are left out;
//! - `pytorch` (feature `pytorch`): a run that began in PyTorch.

#[doc = include_str!("metrics.md")]
pub mod metrics {}

#[cfg(feature = "train")]
#[doc = include_str!("training.md")]
pub mod training {}

#[cfg(feature = "train")]
#[doc = include_str!("resuming.md")]
pub mod resuming {}

#[cfg(all(feature = "signal", feature = "train"))]
#[doc = include_str!("stopping.md")]
pub mod stopping {}

#[cfg(feature = "train")]
#[doc = include_str!("checkpoints.md")]
pub mod checkpoints {}

#[cfg(feature = "train")]
#[doc = include_str!("finding.md")]
pub mod finding {}

#[doc = include_str!("control.md")]
pub mod control {}

#[doc = include_str!("groups.md")]
pub mod groups {}

#[doc = include_str!("hyper_parameters.md")]
pub mod hyper_parameters {}

#[doc = include_str!("averages.md")]
pub mod averages {}

#[doc = include_str!("machines.md")]
pub mod machines {}

#[doc = include_str!("skipped_steps.md")]
pub mod skipped_steps {}

#[cfg(feature = "pytorch")]
#[doc = include_str!("pytorch.md")]
pub mod pytorch {}

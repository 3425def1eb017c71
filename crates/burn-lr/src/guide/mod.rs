//! A chapter for each way in which a schedule lives inside a training, with code that runs.
//!
//! `training`, `resuming`, `checkpoints` and `finding` are there with the feature `train`, `stopping`
//! with `signal` and `train`, `pytorch` with `pytorch`.

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

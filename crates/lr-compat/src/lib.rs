//! Learning-rate schedules from the configs that people already have: those of
//! [PyTorch](torch), [transformers], [timm], [optax], [Keras](keras) and [Burn](burn).
//!
//! Each module reads `{"scheduler": NAME, "args": {...}}` with that library's own names, defaults
//! and nesting, and gives a [`Spec`](lr_schedule::Spec) whose rates are that library's, step for
//! step:
//!
//! ```
//! use lr_compat::torch;
//! use lr_schedule::Schedule;
//!
//! let config = r#"{"scheduler": "StepLR", "args": {"step_size": 30, "gamma": 0.1}}"#;
//! let spec = torch::parse(config, 0.5)?;
//! assert_eq!(spec.build()?.at(30), 0.05);
//! assert_eq!(
//!     serde_json::to_string(&spec).unwrap(),
//!     r#"{"step":{"start":0.5,"step_size":30,"gamma":0.1}}"#,
//! );
//!
//! let wrong = r#"{"scheduler": "StepLR", "args": {"step": 30}}"#;
//! assert_eq!(
//!     torch::parse(wrong, 0.5).unwrap_err().to_string(),
//!     "StepLR.step: is no known argument; did you mean `step_size`?",
//! );
//! # Ok::<(), lr_schedule::ScheduleError>(())
//! ```
//!
//! The crate `lr-torch` reads the files that PyTorch's schedulers and optimizers were saved in, so that a
//! run goes on here.
//!
//! A name may have its modules before it, as in `torch.optim.lr_scheduler.StepLR`. Steps are those at
//! which the library's scheduler is stepped; where that is once per epoch, put the spec in a
//! [`PerEpoch`](lr_schedule::Spec::PerEpoch). What a library does that is a mistake
//! is done here too, and only here: the schedules of `lr_schedule` are right by default.

pub mod burn;
pub mod ecosystems;
pub mod keras;
#[cfg(feature = "logs")]
pub mod log;
pub mod optax;
pub mod timm;
pub mod torch;
pub mod transformers;

mod args;
#[doc(hidden)]
pub mod build;
mod values;

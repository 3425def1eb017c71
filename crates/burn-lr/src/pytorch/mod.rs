//! Runs of PyTorch's that go on in Burn: weights, optimizers and schedulers from files of
//! `torch.save`.
//!
//! The chapter [`guide::pytorch`](crate::guide::pytorch) goes through it.

mod config;
mod error;
mod kind;
mod names;
mod optimizer;
mod parameters;
mod recognise;
mod scheduler;
mod state;
mod weights;

#[doc(inline)]
pub use lr_torch::*;

pub use error::TorchLoadError;
pub use kind::TorchOptimizerKind;
pub use names::TorchNames;
pub use optimizer::TorchOptimizer;
pub use weights::load_weights;

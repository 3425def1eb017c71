//! Handwritten digits in burn-train's `Learner`, with its dashboard: a learning rate that is warmed
//! up and then cut when the validation loss stalls, checkpoints, and a resume that changes nothing.

pub mod cli;
pub mod data;
pub mod error;
pub mod find_lr;
pub mod history;
pub mod model;
pub mod picture;
pub mod plain;
pub mod run;
pub mod run_dir;

pub use error::Error;

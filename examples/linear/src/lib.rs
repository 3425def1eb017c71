//! Linear regression on the diabetes data with a scheduled learning rate: the same program on
//! every backend of Burn, stopped and resumed without losing a step.

pub mod cli;
pub mod compare;
pub mod data;
pub mod error;
pub mod find_lr;
pub mod history;
pub mod model;
pub mod optimizer;
pub mod picture;
pub mod progress;
pub mod run;
pub mod run_dir;
pub mod schedule;

pub use error::Error;

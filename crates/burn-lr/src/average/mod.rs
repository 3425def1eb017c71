//! Averages of a model's weights over the steps of a training, and batch statistics for them.

mod averaged;
mod batch_norm;
mod pass;
mod weight_average;

pub use averaged::Averaged;
pub use batch_norm::{UpdateBnError, update_bn};
pub use weight_average::WeightAverage;

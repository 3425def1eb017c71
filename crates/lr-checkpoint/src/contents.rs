use std::collections::BTreeMap;

use burn_pack::{Bytes, Tensor};

/// The highest rank that a tensor of Burn's can have; at a higher one it panics.
pub const MAX_RANK: usize = 8;

/// A checkpoint's contents. Those of a file have the optimizer's state as bytes.
#[derive(Clone)]
pub struct Contents<O = Bytes> {
    /// The parameters of the model, named by their paths in it. Their values are in the order and the form in
    /// which Burn saves them; deferred ones are read from their device when they are written.
    pub model: Vec<Tensor>,
    /// The optimizer's state: the burnpack container that Burn writes for it, or a source of that.
    pub optimizer: O,
    /// The burnpack container that Burn writes for the scheduler's record.
    pub scheduler: Bytes,
    /// Everything else.
    pub about: About,
}

/// A checkpoint's progress, and the texts in it.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The kind and the options of the optimizer, as JSON.
    pub optimizer_config: String,
    /// The schedule, as JSON; `None` where a closure was part of it.
    pub schedule: Option<String>,
    /// The progress of the run.
    pub progress: Progress,
    /// Texts of the program that wrote it.
    pub notes: BTreeMap<String, String>,
}

/// The progress of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// The epoch that is under way, counted from 0.
    pub epoch: u64,
    /// Optimizer steps taken since the beginning of the run.
    pub step: u64,
    /// The seed of the run's random numbers.
    pub seed: u64,
    /// Named numbers, such as the last losses.
    pub metrics: BTreeMap<String, f64>,
}

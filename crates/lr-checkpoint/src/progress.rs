use std::collections::BTreeMap;

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

use std::collections::BTreeMap;

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// The epoch that is under way, counted from 0.
    pub epoch: u64,
    /// Optimizer steps taken since the beginning of the run.
    pub step: u64,
    /// What the run's random numbers are derived from.
    pub seed: u64,
    /// Any named numbers: the last losses, say.
    pub metrics: BTreeMap<String, f64>,
}

//! The names of checkpoints in a directory.

use std::path::{Path, PathBuf};

const BEGIN: &str = "checkpoint-";
const END: &str = ".bpk";

/// The name of the checkpoint of a step: `checkpoint-000000000120.bpk`, so that names sort as
/// steps do.
pub fn of_step(step: u64) -> String {
    format!("{BEGIN}{step:012}{END}")
}

/// The step that a name is of; `None` where it isn't exactly what [`of_step`] gives.
pub fn step_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(BEGIN)?.strip_suffix(END)?;
    let step = digits.parse().ok()?;
    (of_step(step) == name).then_some(step)
}

/// A checkpoint in a directory, by its name alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckpointFile {
    /// The step that it was saved at.
    pub step: u64,
    /// The file.
    pub path: PathBuf,
}

impl CheckpointFile {
    /// The checkpoint of `step` in `directory`.
    pub fn new(directory: &Path, step: u64) -> Self {
        Self {
            step,
            path: directory.join(of_step(step)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_and_come_back() {
        let steps = [0, 7, 120, 999_999_999_999];
        let names = steps.map(of_step);
        assert!(names.is_sorted());
        assert_eq!(names.each_ref().map(|name| step_of(name)), steps.map(Some));
        assert_eq!(step_of(&of_step(u64::MAX)), Some(u64::MAX));
    }

    #[test]
    fn other_names_are_of_no_step() {
        for name in [
            "",
            "checkpoint-.bpk",
            "checkpoint-7.bpk",
            "checkpoint-+00000000007.bpk",
            "checkpoint-000000000007.bpk.tmp",
            "checkpoint--00000000007.bpk",
            "Checkpoint-000000000007.bpk",
            "checkpoint-99999999999999999999999.bpk",
            "checkpoint-00000000000٧.bpk",
        ] {
            assert_eq!(step_of(name), None, "{name}");
        }
    }
}

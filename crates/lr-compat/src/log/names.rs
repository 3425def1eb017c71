//! The names that trainings give to rates and steps.

/// The names of a step, the best first, as they are behind the last `/`.
const STEPS: &[&str] = &[
    "global_step",
    "step",
    "_step",
    "current_steps",
    "steps",
    "num_updates",
    "iteration",
    "iter",
    "update",
    "batch",
];

/// Names that end as a rate's do, of what a schedule is made with.
const BOUNDS: &[&str] = &[
    "min", "max", "base", "init", "end", "peak", "warm", "target",
];

/// The one column of rates in a log.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// The name that was asked for, or that of the first column that is one of rates.
    pub rate: Option<String>,
}

impl Names {
    /// Whether a column is the one of the rates.
    pub fn is_rate(&mut self, name: &str) -> bool {
        if self.rate.is_none() && names_rate(name) {
            self.rate = Some(name.to_string());
        }
        self.rate.as_deref() == Some(name)
    }
}

/// Whether a name is one of a step, and how good a one: 0 is the best.
pub(super) fn step_rank(name: &str) -> Option<usize> {
    let name = name.trim().to_ascii_lowercase();
    let last = name.rsplit('/').next().unwrap_or_default();
    STEPS.iter().position(|step| *step == last)
}

/// Whether a name is one of a learning rate: `lr`, `train/learning_rate`, `lr-Adam/pg1`, `lr/group0`.
fn names_rate(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    const OTHER: [&str; 6] = ["momentum", "decay", "sched", "scale", "mult", "ratio"];
    if OTHER.iter().any(|other| name.contains(other)) {
        return false;
    }
    let begins = |part: &str| {
        let mut rates = ["learning_rate", "lr"].into_iter();
        rates.any(|rate| part == rate || part.starts_with(&format!("{rate}_")))
    };
    let ends = |part: &str| {
        let before = part
            .strip_suffix("_lr")
            .or(part.strip_suffix("_learning_rate"));
        before.is_some_and(|before| !BOUNDS.iter().any(|bound| before.starts_with(bound)))
    };
    let mut parts = name.rsplit('/');
    let last = parts.next().unwrap_or_default();
    begins(last) || ends(last) || parts.next().is_some_and(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_told_from_what_else_is_logged() {
        for rate in [
            "lr",
            "learning_rate",
            "Learning Rate",
            "train/lr",
            "lr-SGD",
            "lr-Adam/pg1",
            "lr/pg0",
            "train/current_lr",
        ] {
            assert!(names_rate(rate), "{rate}");
        }
        for other in [
            "loss",
            "lr-SGD-momentum",
            "lr-Adam-weight_decay",
            "min_lr",
            "lr_scheduler_type",
            "lrs",
            "epoch",
            "base_lr",
        ] {
            assert!(!names_rate(other), "{other}");
        }
        assert!(step_rank("trainer/global_step") < step_rank("step"));
        assert_eq!(step_rank("epoch"), None);
    }
}

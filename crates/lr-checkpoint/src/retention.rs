//! The choice of checkpoints that stay in a directory.

use std::collections::{BTreeMap, BTreeSet};

use lr_schedule::feedback::Mode;

use crate::contents::Progress;

/// A rule of a [`Retention`] that would keep no checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{rule}` must be {allowed}, got {value}")]
#[non_exhaustive]
pub struct RetentionError {
    /// The rule: `keep_last`.
    pub rule: &'static str,
    /// The value that was given.
    pub value: String,
    /// The values that are allowed.
    pub allowed: &'static str,
}

/// A choice of the checkpoints of a directory that stay: those that any of its rules protects, and the newest.
/// Without a rule, all do.
///
/// ```
/// use lr_checkpoint::Retention;
/// use lr_schedule::feedback::Mode;
///
/// let retention = Retention::new()
///     .keep_last(3)
///     .keep_best("valid_loss", Mode::Min)
///     .keep_every_steps(10_000);
/// # let _ = retention;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retention {
    last: Option<usize>,
    best: Vec<(String, Mode)>,
    every_steps: Option<u64>,
    every_epochs: Option<u64>,
}

impl Retention {
    /// All checkpoints stay.
    pub fn new() -> Self {
        Self::default()
    }

    /// The `n` newest stay; at least 1.
    pub fn keep_last(mut self, n: usize) -> Self {
        self.last = Some(n);
        self
    }

    /// The one whose [metric](Progress::metrics) of this name is best stays; of several that are
    /// equally good, the first. May be asked for with several metrics. One that is missing, NaN or
    /// infinite is never best.
    pub fn keep_best(mut self, metric: &str, mode: Mode) -> Self {
        self.best.push((metric.to_string(), mode));
        self
    }

    /// One of every `k` steps stays: the first at or after step `k`, at or after step `2k`, and so
    /// on. `k` is at least 1.
    pub fn keep_every_steps(mut self, k: u64) -> Self {
        self.every_steps = Some(k);
        self
    }

    /// One of every `k` [epochs](Progress::epoch) stays: the first whose epoch is at least `k`, at
    /// least `2k`, and so on. `k` is at least 1.
    pub fn keep_every_epochs(mut self, k: u64) -> Self {
        self.every_epochs = Some(k);
        self
    }

    /// The metrics of `keep_best`.
    pub fn metrics(&self) -> impl Iterator<Item = &str> {
        self.best.iter().map(|(metric, _)| metric.as_str())
    }

    /// Checks the rules' numbers.
    ///
    /// # Errors
    ///
    /// A rule that keeps none.
    pub fn check(&self) -> Result<(), RetentionError> {
        let numbers = [
            ("keep_last", self.last.map(|n| n as u64)),
            ("keep_every_steps", self.every_steps),
            ("keep_every_epochs", self.every_epochs),
        ];
        for (rule, number) in numbers {
            if number == Some(0) {
                return Err(RetentionError {
                    rule,
                    value: "0".to_string(),
                    allowed: "at least 1",
                });
            }
        }
        Ok(())
    }

    /// The steps of those that may go, of all that there are.
    pub fn expired(&self, all: &BTreeMap<u64, &Progress>) -> Vec<u64> {
        if *self == Self::default() {
            return vec![];
        }
        let mut kept: BTreeSet<u64> = all
            .keys()
            .rev()
            .take(self.last.unwrap_or(1))
            .copied()
            .collect();
        kept.extend(self.best.iter().filter_map(|(metric, mode)| {
            let values = all.iter().map(|(step, progress)| (*step, *progress));
            ranked(values, metric, *mode).first().copied()
        }));
        if let Some(k) = self.every_steps {
            kept.extend(first_of_each(all.keys().map(|step| (*step, step / k))));
        }
        if let Some(k) = self.every_epochs {
            let epochs = all
                .iter()
                .map(|(step, progress)| (*step, progress.epoch / k));
            kept.extend(first_of_each(epochs));
        }
        all.keys()
            .filter(|step| !kept.contains(step))
            .copied()
            .collect()
    }
}

/// The keys of those that have a finite `metric`, the best first; of equal ones, in the order given.
pub fn ranked<'a, K>(
    all: impl Iterator<Item = (K, &'a Progress)>,
    metric: &str,
    mode: Mode,
) -> Vec<K> {
    let value = |progress: &Progress| progress.metrics.get(metric).copied();
    let finite = |(key, progress)| Some((key, value(progress).filter(|value| value.is_finite())?));
    let mut ranked: Vec<(K, f64)> = all.filter_map(finite).collect();
    ranked.sort_by(|(_, a), (_, b)| match mode {
        Mode::Min => a.total_cmp(b),
        Mode::Max => b.total_cmp(a),
    });
    ranked.into_iter().map(|(key, _)| key).collect()
}

/// The first of each period but 0, of ascending steps with the number of their period.
fn first_of_each(steps: impl Iterator<Item = (u64, u64)>) -> Vec<u64> {
    let mut last = 0;
    let mut first = vec![];
    for (step, period) in steps {
        if period > last {
            first.push(step);
            last = period;
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The steps that are left after checkpoints of these steps, epochs and losses were saved in turn.
    fn left(retention: &Retention, saved: &[(u64, u64, Option<f64>)]) -> Vec<u64> {
        let mut all = BTreeMap::new();
        for &(step, epoch, loss) in saved {
            let metrics = loss.map(|loss| ("loss".to_string(), loss));
            let progress = Progress {
                step,
                epoch,
                metrics: metrics.into_iter().collect(),
                ..Progress::default()
            };
            all.insert(step, progress);
            let expired = retention.expired(&all.iter().map(|(step, p)| (*step, p)).collect());
            assert!(!expired.contains(&step), "the newest has to stay");
            expired.iter().for_each(|step| _ = all.remove(step));
        }
        all.into_keys().collect()
    }

    fn steps(steps: impl IntoIterator<Item = u64>) -> Vec<(u64, u64, Option<f64>)> {
        steps.into_iter().map(|step| (step, 0, None)).collect()
    }

    #[test]
    fn each_rule_protects_its_own() {
        let all = Retention::new();
        assert_eq!(left(&all, &steps([1, 2, 3])), [1, 2, 3]);
        assert_eq!(left(&all.clone().keep_last(2), &steps(1..=9)), [8, 9]);
        assert_eq!(left(&all.clone().keep_last(20), &steps(1..=3)), [1, 2, 3]);

        // of steps that aren't multiples, the first after one
        let every = all.clone().keep_every_steps(10);
        assert_eq!(left(&every, &steps((0..=40).step_by(5))), [10, 20, 30, 40]);
        assert_eq!(
            left(&every, &steps((0..=44).step_by(4))),
            [12, 20, 32, 40, 44]
        );
        assert_eq!(left(&every, &steps([3, 35, 36])), [35, 36]);
        assert_eq!(
            left(&every, &steps([u64::MAX - 1, u64::MAX])),
            [u64::MAX - 1, u64::MAX]
        );

        let saved: Vec<_> = (0..=12).map(|n| (n * 5, n / 2, None)).collect(); // two in an epoch
        let every = all.clone().keep_every_epochs(2);
        assert_eq!(left(&every, &saved), [20, 40, 60]);
        let both = every.keep_last(2).keep_every_steps(35);
        assert_eq!(left(&both, &saved), [20, 35, 40, 55, 60]);
    }

    #[test]
    fn the_best_is_the_first_best_that_is_finite() {
        let saved = [
            (1, 0, Some(f64::NAN)),
            (2, 0, Some(0.5)),
            (3, 0, Some(0.2)),
            (4, 0, None),
            (5, 0, Some(0.2)),
            (6, 0, Some(f64::NEG_INFINITY)),
            (7, 0, Some(f64::INFINITY)),
            (8, 0, Some(0.3)),
        ];
        let last = Retention::new().keep_last(1);
        assert_eq!(
            left(&last.clone().keep_best("loss", Mode::Min), &saved),
            [3, 8]
        );
        assert_eq!(
            left(&last.clone().keep_best("loss", Mode::Max), &saved),
            [2, 8]
        );
        let both = last
            .clone()
            .keep_best("loss", Mode::Min)
            .keep_best("loss", Mode::Max);
        assert_eq!(left(&both, &saved), [2, 3, 8]);
        assert_eq!(left(&last.keep_best("accuracy", Mode::Max), &saved), [8]);
        assert_eq!(
            left(&Retention::new().keep_best("loss", Mode::Min), &saved),
            [3, 8]
        );
    }

    #[test]
    fn a_rule_that_keeps_none_is_refused() {
        let new = Retention::new;
        for (retention, rule) in [
            (new().keep_last(0), "keep_last"),
            (new().keep_every_steps(0), "keep_every_steps"),
            (new().keep_every_epochs(0), "keep_every_epochs"),
        ] {
            let error = retention.check().unwrap_err().to_string();
            assert_eq!(error, format!("`{rule}` must be at least 1, got 0"));
        }
        assert!(new().keep_last(1).check().is_ok());
    }
}

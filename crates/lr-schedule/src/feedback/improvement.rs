//! The question that all rules ask: has a metric become better?

use alloc::vec::Vec;

use super::state::{StateError, Value};
use crate::data::Data;

/// The direction in which a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Less is better, as for a loss.
    #[default]
    Min,
    /// Higher is better, as for an accuracy.
    Max,
}

/// The measure of an improvement's threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThresholdMode {
    /// Shares of the best value so far.
    #[default]
    Rel,
    /// The metric's own unit.
    Abs,
}

/// The library whose way of comparing a rule follows, where the libraries' isn't right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// A relative threshold is a share of the best value's *size*, so that it works for negative
    /// metrics too. A value that is NaN or infinite is never better.
    #[default]
    Correct,
    /// The comparison of PyTorch and transformers: a relative threshold goes the wrong way for a negative
    /// metric ([pytorch#47513](https://github.com/pytorch/pytorch/issues/47513)), and an infinity
    /// of the better sign is the best value, which nothing improves on afterwards.
    Torch,
    /// The comparison of optax: the same
    /// ([optax#1767](https://github.com/google-deepmind/optax/issues/1767)), and a plateau is
    /// over when it is exactly as long as the patience.
    Optax,
}

names! { Mode, "mode": { Min "min", Max "max" } }
names! { ThresholdMode, "threshold mode": { Rel "rel", Abs "abs" } }
names! { Dialect, "dialect": { Correct "correct", Torch "torch", Optax "optax" } }

/// The condition under which a value counts as an improvement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Improvement {
    pub mode: Mode,
    pub dialect: Dialect,
    /// The share of the best value by which it must be better.
    pub rel: f64,
    /// The amount by which it must be better in addition.
    pub abs: f64,
}

impl Improvement {
    /// Whether `metric` is better than `best`, if there is one.
    pub fn is_better(&self, metric: f64, best: Option<f64>) -> bool {
        let up = self.mode == Mode::Max;
        let (best, further) = match (self.dialect, best) {
            (Dialect::Correct, _) if !metric.is_finite() => return false,
            (Dialect::Correct, None) => return true,
            // Away from zero or towards it: the better way, by a share of its size.
            (Dialect::Correct, Some(best)) => (best, up ^ (best < 0.0)),
            (_, Some(best)) => (best, up),
            (_, None) if up => (f64::NEG_INFINITY, up),
            (_, None) => (f64::INFINITY, up),
        };
        let best = best * (1.0 + if further { self.rel } else { -self.rel });
        match up {
            true => metric > best + self.abs,
            false => metric < best - self.abs,
        }
    }

    /// Checks that a number of a stored state can have come of observed values.
    pub fn check_heard(&self, name: &str, number: f64) -> Result<(), StateError> {
        // The libraries let what is no number into a mean, where it stays.
        match number.is_finite() || self.dialect != Dialect::Correct {
            true => Ok(()),
            false => Err(StateError::invalid(name, Value::Number(number), "finite")),
        }
    }

    /// Checks that the best value of a stored state can have been one.
    pub fn check_stored(&self, best: Option<f64>) -> Result<(), StateError> {
        let Some(best) = best else {
            return Ok(());
        };
        self.check_heard("best", best)?;
        match best.is_nan() {
            false => Ok(()),
            true => Err(StateError::invalid("best", Value::Number(best), "a number")),
        }
    }
}

/// A rule's options that its description has: without those of `later` that are at their
/// defaults, so that rules keep the fingerprints that saved runs know them by.
pub(super) fn written(
    fields: Vec<(&'static str, Option<Data>)>,
    defaults: Vec<(&'static str, Option<Data>)>,
    later: &[&str],
) -> impl Iterator<Item = (&'static str, Option<Data>)> {
    let fields = fields.into_iter().zip(defaults);
    let fields = fields.filter(|(field, default)| field != default || !later.contains(&field.0));
    fields.map(|(field, _)| field)
}

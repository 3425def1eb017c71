use super::{Feedback, State, StateError, Stored, Value};
use crate::error::or_panic;
use crate::{ScheduleError, Spec};

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Mode {
    /// Less is better, as for a loss.
    #[default]
    Min,
    /// More is better, as for an accuracy.
    Max,
}

/// What the threshold of an improvement is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ThresholdMode {
    /// Shares of the best value so far.
    #[default]
    Rel,
    /// The metric's own unit.
    Abs,
}

/// Options of [`ReduceOnPlateau`], with PyTorch's names and defaults.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let rule = ReduceOnPlateauConfig::new()
///     .with_mode(Mode::Max)
///     .with_factor(0.5)
///     .with_patience(5)
///     .with_threshold(0.005)
///     .with_threshold_mode(ThresholdMode::Abs)
///     .with_cooldown(3)
///     .with_min_lr(0.001)
///     .build()?;
/// # let _ = rule;
///
/// let error = ReduceOnPlateauConfig::new().with_factor(1.0).build().unwrap_err();
/// assert_eq!(error.to_string(), "reduce_on_plateau.factor: must be at least 0 and below 1, got 1");
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ReduceOnPlateauConfig {
    mode: Mode,
    factor: f64,
    patience: u64,
    threshold: f64,
    threshold_mode: ThresholdMode,
    cooldown: u64,
    min_lr: f64,
    eps: f64,
}

impl Default for ReduceOnPlateauConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl ReduceOnPlateauConfig {
    /// PyTorch's defaults.
    pub fn new() -> Self {
        Self {
            mode: Mode::Min,
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            threshold_mode: ThresholdMode::Rel,
            cooldown: 0,
            min_lr: 0.0,
            eps: 1e-8,
        }
    }

    /// Which way the metric is better. Default: [`Mode::Min`].
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// What the rate is multiplied with at a cut. Default: 0.1.
    pub fn with_factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// How many values in a row may fail to improve; the next one cuts the rate. Default: 10.
    pub fn with_patience(mut self, patience: u64) -> Self {
        self.patience = patience;
        self
    }

    /// By how much a value must be better than the best one to count. Default: 1e-4.
    pub fn with_threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }

    /// What the threshold is measured in. Default: [`ThresholdMode::Rel`].
    pub fn with_threshold_mode(mut self, threshold_mode: ThresholdMode) -> Self {
        self.threshold_mode = threshold_mode;
        self
    }

    /// How many values after a cut are not held against the rate. Default: 0.
    pub fn with_cooldown(mut self, cooldown: u64) -> Self {
        self.cooldown = cooldown;
        self
    }

    /// Cuts don't take the rate below this. Default: 0.
    pub fn with_min_lr(mut self, min_lr: f64) -> Self {
        self.min_lr = min_lr;
        self
    }

    /// A cut that changes the rate by no more than this is not made. Default: 1e-8.
    pub fn with_eps(mut self, eps: f64) -> Self {
        self.eps = eps;
        self
    }

    /// The rule, which has heard nothing yet.
    ///
    /// # Errors
    ///
    /// A factor outside 0 to 1, or another number that is negative or not finite.
    pub fn build(self) -> Result<ReduceOnPlateau, ScheduleError> {
        const OWNER: &str = ReduceOnPlateau::NAME;
        ScheduleError::check(
            (0.0..1.0).contains(&self.factor),
            OWNER,
            "factor",
            self.factor,
            "at least 0 and below 1",
        )?;
        ScheduleError::check_not_negative(OWNER, "threshold", self.threshold)?;
        ScheduleError::check_not_negative(OWNER, "min_lr", self.min_lr)?;
        ScheduleError::check_not_negative(OWNER, "eps", self.eps)?;
        Ok(ReduceOnPlateau {
            config: self,
            scale: 1.0,
            best: None,
            bad_values: 0,
            cooldown_left: 0,
        })
    }
}

/// Cuts the rate when a metric has stopped improving. PyTorch's `ReduceLROnPlateau`.
///
/// A value improves on the best one so far if it is better by more than the threshold. After
/// more than `patience` values in a row that don't, the rate is multiplied with `factor`, and
/// the next `cooldown` values are not counted. Every cut multiplies all that the schedule
/// underneath gives from then on: `rate = scheduled · factor^cuts`, though no cut takes it below
/// `min_lr` (a rate that the schedule itself puts lower stays as it is).
///
/// A value that is NaN or infinite is never an improvement: it counts against the rate, as a
/// value that is merely bad. (PyTorch takes an infinity of the better sign for the best value,
/// which nothing improves on afterwards.)
///
/// A relative threshold is a share of the best value's *size*, so it works for negative metrics
/// too, where PyTorch's goes the wrong way
/// ([pytorch#47513](https://github.com/pytorch/pytorch/issues/47513)).
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let mut rule = ReduceOnPlateauConfig::new().with_patience(1).build()?;
/// let scheduled = 0.1;
/// for loss in [1.0, 0.5, 0.5, 0.5] {
///     rule.observe(loss, scheduled);
/// }
/// assert!((rule.rate(scheduled) - 0.01).abs() < 1e-15);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ReduceOnPlateau {
    config: ReduceOnPlateauConfig,
    scale: f64,
    best: Option<f64>,
    bad_values: u64,
    cooldown_left: u64,
}

impl ReduceOnPlateau {
    const NAME: &str = "reduce_on_plateau";

    /// PyTorch's `ReduceLROnPlateau(mode)`; for other options see [`ReduceOnPlateauConfig`].
    pub fn new(mode: Mode) -> Self {
        or_panic(ReduceOnPlateauConfig::new().with_mode(mode).build())
    }

    fn improves(&self, metric: f64) -> bool {
        if !metric.is_finite() {
            return false;
        }
        let Some(best) = self.best else {
            return true;
        };
        let threshold = self.config.threshold;
        // Away from zero or towards it: `best` moved by a share of its size, the better way.
        let share = |better_is_up: bool| match (best < 0.0) ^ better_is_up {
            true => best * (1.0 + threshold),
            false => best * (1.0 - threshold),
        };
        match (self.config.mode, self.config.threshold_mode) {
            (Mode::Min, ThresholdMode::Rel) => metric < share(false),
            (Mode::Min, ThresholdMode::Abs) => metric < best - threshold,
            (Mode::Max, ThresholdMode::Rel) => metric > share(true),
            (Mode::Max, ThresholdMode::Abs) => metric > best + threshold,
        }
    }

    fn reduce(&mut self, scheduled: f64) {
        let scale = self.scale * self.config.factor;
        if self.rate(scheduled) - self.scaled(scheduled, scale) > self.config.eps {
            self.scale = scale;
        }
    }

    fn scaled(&self, scheduled: f64, scale: f64) -> f64 {
        (scheduled * scale).max(self.config.min_lr.min(scheduled))
    }
}

impl Feedback for ReduceOnPlateau {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn observe(&mut self, metric: f64, scheduled: f64) {
        if self.improves(metric) {
            self.best = Some(metric);
            self.bad_values = 0;
        } else {
            self.bad_values = self.bad_values.saturating_add(1);
        }
        if self.cooldown_left > 0 {
            self.cooldown_left -= 1;
            self.bad_values = 0;
        }
        if self.bad_values > self.config.patience {
            self.reduce(scheduled);
            self.cooldown_left = self.config.cooldown;
            self.bad_values = 0;
        }
    }

    fn rate(&self, scheduled: f64) -> f64 {
        self.scaled(scheduled, self.scale)
    }

    fn state(&self) -> State {
        let state = State::new()
            .with("scale", Value::Number(self.scale))
            .with("bad_values", Value::Count(self.bad_values))
            .with("cooldown_left", Value::Count(self.cooldown_left));
        match self.best {
            Some(best) => state.with("best", Value::Number(best)),
            None => state,
        }
    }

    fn restore(&mut self, stored: &Stored<'_>) -> Result<(), StateError> {
        let check = |name, number: f64, valid, allowed| match valid {
            true => Ok(number),
            false => Err(StateError::invalid(name, Value::Number(number), allowed)),
        };
        let scale = stored.number("scale")?;
        let best = stored.optional_number("best")?;
        *self = Self {
            config: self.config,
            scale: check(
                "scale",
                scale,
                (0.0..=1.0).contains(&scale),
                "between 0 and 1",
            )?,
            best: best
                .map(|best| check("best", best, best.is_finite(), "finite"))
                .transpose()?,
            bad_values: stored.count("bad_values")?,
            cooldown_left: stored.count("cooldown_left")?,
        };
        Ok(())
    }

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::ReduceOnPlateau(self.config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restore(rule: &mut ReduceOnPlateau, state: &State) -> Result<(), StateError> {
        rule.restore(&Stored::new(&|name| state.get(name)))
    }

    fn cut_after(rule: &mut ReduceOnPlateau, metrics: impl IntoIterator<Item = f64>) -> bool {
        let before = rule.rate(1.0);
        for metric in metrics {
            rule.observe(metric, 1.0);
        }
        rule.rate(1.0) < before
    }

    #[test]
    fn a_negative_metric_that_improves_is_no_plateau() {
        // A tenth better each time, with a threshold of a hundredth of its size.
        let config = ReduceOnPlateauConfig::new()
            .with_patience(0)
            .with_threshold(0.01);
        let mut rule = config.build().unwrap();
        assert!(!cut_after(&mut rule, (0..20).map(|i| -(1.1f64.powi(i)))));
        let mut rule = config.with_mode(Mode::Max).build().unwrap();
        assert!(!cut_after(&mut rule, (0..20).map(|i| -0.9f64.powi(i))));
        // Equal values are one, whatever their sign.
        for value in [-1.0, 0.0, 1.0] {
            let mut rule = ReduceOnPlateauConfig::new()
                .with_patience(0)
                .build()
                .unwrap();
            assert!(cut_after(&mut rule, [value, value]));
        }
    }

    #[test]
    fn values_that_are_not_finite_count_as_bad_and_are_never_the_best() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut rule = ReduceOnPlateauConfig::new()
                .with_patience(2)
                .build()
                .unwrap();
            assert!(!cut_after(&mut rule, [1.0, value, value]));
            assert!(cut_after(&mut rule, [value]));
            assert_eq!(rule.best, Some(1.0));
        }
    }

    #[test]
    fn a_floor_does_not_lift_what_the_schedule_puts_below_it() {
        let mut rule = ReduceOnPlateauConfig::new()
            .with_patience(0)
            .with_min_lr(0.05)
            .build()
            .unwrap();
        assert!(cut_after(&mut rule, [1.0, 1.0]));
        assert_eq!(rule.rate(0.01), 0.01);
        assert_eq!(rule.rate(0.2), 0.05);
        assert_eq!(rule.rate(2.0), 0.2);
    }

    #[test]
    fn a_restored_rule_goes_on_as_the_one_that_was_stored() {
        let config = ReduceOnPlateauConfig::new()
            .with_patience(3)
            .with_cooldown(2);
        let metrics = |i: i32| 1.0 + 0.1 * f64::from(i % 5);
        let mut rule = config.build().unwrap();
        for i in 0..40 {
            let mut other = config.build().unwrap();
            restore(&mut other, &rule.state()).unwrap();
            assert_eq!(other, rule, "after {i} values");
            rule.observe(metrics(i), 0.1);
        }
        assert!(rule.rate(0.1) < 0.1);
    }

    #[test]
    fn an_impossible_state_is_refused_and_changes_nothing() {
        let mut rule = ReduceOnPlateau::new(Mode::Min);
        let before = rule.clone();
        let scale = |scale| before.state().with("scale", Value::Number(scale));
        for (state, message) in [
            (State::new(), "`scale` is missing"),
            (
                scale(-1.0),
                "`scale` must be between 0 and 1, got the number -1",
            ),
            (
                scale(f64::NAN),
                "`scale` must be between 0 and 1, got the number NaN",
            ),
            (
                before.state().with("bad_values", Value::Number(1.5)),
                "`bad_values` must be a count, got the number 1.5",
            ),
            (
                before.state().with("best", Value::Number(f64::INFINITY)),
                "`best` must be finite, got the number inf",
            ),
        ] {
            assert_eq!(restore(&mut rule, &state).unwrap_err().to_string(), message);
            assert_eq!(rule, before);
        }
    }
}

use alloc::collections::VecDeque;
use alloc::format;

use super::improvement::Improvement;
use super::{Dialect, Feedback, Mode, State, StateError, Stored, ThresholdMode, Value};
use crate::error::{ScheduleError, or_panic};
use crate::math::{finite, float};
use crate::spec::RuleSpec;

/// Options of [`Greedy`], with transformers' names and defaults.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let rule = GreedyConfig::new()
///     .with_factor(0.9)
///     .with_patience(3)
///     .with_min_lr(1e-4)
///     .with_max_lr(0.5)
///     .with_window(Some(50))
///     .build()?;
/// # let _ = rule;
///
/// let error = GreedyConfig::new().with_factor(1.0).build().unwrap_err();
/// assert_eq!(error.to_string(), "greedy.factor: must be above 0 and below 1, got 1");
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct GreedyConfig {
    pub(crate) mode: Mode,
    pub(crate) factor: f64,
    pub(crate) patience: u64,
    pub(crate) threshold: f64,
    pub(crate) threshold_mode: ThresholdMode,
    pub(crate) cooldown: u64,
    pub(crate) warmup: u64,
    pub(crate) min_lr: f64,
    pub(crate) max_lr: f64,
    pub(crate) eps: f64,
    pub(crate) window: Option<u64>,
    pub(crate) reset_start: u64,
    pub(crate) dialect: Dialect,
}

impl Default for GreedyConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl GreedyConfig {
    pub(crate) const DEFAULT: Self = Self {
        mode: Mode::Min,
        factor: 0.95,
        patience: 10,
        threshold: 1e-6,
        threshold_mode: ThresholdMode::Abs,
        cooldown: 0,
        warmup: 0,
        min_lr: 1e-3,
        max_lr: 1.0,
        eps: 1e-8,
        window: None,
        reset_start: 500,
        dialect: Dialect::Correct,
    };

    /// transformers' defaults.
    pub fn new() -> Self {
        Self::DEFAULT
    }

    /// Which way the metric is better. Default: [`Mode::Min`].
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// A cut multiplies the rate with this, a raise divides it. Default: 0.95.
    pub fn with_factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// How many values in a row may be better, or not; the next one raises or cuts the rate.
    /// Default: 10.
    pub fn with_patience(mut self, patience: u64) -> Self {
        self.patience = patience;
        self
    }

    /// By how much a value must be better than the best one to count. Default: 1e-6.
    pub fn with_threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }

    /// The measure of the threshold. Default: [`ThresholdMode::Abs`].
    pub fn with_threshold_mode(mut self, threshold_mode: ThresholdMode) -> Self {
        self.threshold_mode = threshold_mode;
        self
    }

    /// How many values after a cut are not counted. Default: 0.
    pub fn with_cooldown(mut self, cooldown: u64) -> Self {
        self.cooldown = cooldown;
        self
    }

    /// How many values after a raise are not counted. Default: 0.
    pub fn with_warmup(mut self, warmup: u64) -> Self {
        self.warmup = warmup;
        self
    }

    /// Cuts don't take the rate below this. Default: 1e-3.
    pub fn with_min_lr(mut self, min_lr: f64) -> Self {
        self.min_lr = min_lr;
        self
    }

    /// Raises don't take the rate above this. Default: 1.
    pub fn with_max_lr(mut self, max_lr: f64) -> Self {
        self.max_lr = max_lr;
        self
    }

    /// A change of the rate by no more than this is not made. Default: 1e-8.
    pub fn with_eps(mut self, eps: f64) -> Self {
        self.eps = eps;
        self
    }

    /// Over how many of the last values the mean is heard rather than each value. Default: none.
    /// transformers' `smooth` and `window_size`.
    pub fn with_window(mut self, window: Option<u64>) -> Self {
        self.window = window;
        self
    }

    /// At which cut in vain, while the rate is at its lowest, all begins anew. Default: 500.
    pub fn with_reset_start(mut self, reset_start: u64) -> Self {
        self.reset_start = reset_start;
        self
    }

    /// Whose way of comparing is followed. Default: [`Dialect::Correct`].
    pub fn with_dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// The rule, which has heard nothing yet.
    ///
    /// # Errors
    ///
    /// A factor outside 0 to 1, a window of no values, a `max_lr` that is not above 0, or another
    /// number that is negative or not finite.
    pub fn build(self) -> Result<Greedy, ScheduleError> {
        const OWNER: &str = Greedy::NAME;
        let valid = self.factor > 0.0 && self.factor < 1.0;
        ScheduleError::check(valid, OWNER, "factor", self.factor, "above 0 and below 1")?;
        ScheduleError::check_not_negative(OWNER, "threshold", self.threshold)?;
        ScheduleError::check_not_negative(OWNER, "min_lr", self.min_lr)?;
        ScheduleError::check_positive(OWNER, "max_lr", self.max_lr)?;
        ScheduleError::check_not_negative(OWNER, "eps", self.eps)?;
        ScheduleError::check_steps(OWNER, "window", self.window.unwrap_or(1))?;
        Ok(Greedy::at_first(self))
    }
}

/// Cuts the rate when a metric has stopped improving, and raises it while the metric does.
/// transformers' `GreedyLR`.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/greedy.svg"))]
///
/// More than `patience` values in a row that are better than the best one divide the rate by
/// `factor`, up to `max_lr`; more than `patience` that aren't multiply it, down to `min_lr`. The
/// `warmup` values after a raise and the `cooldown` values after a cut are not counted. When it has
/// been cut in vain `reset_start` times, being at `min_lr`, the rate is the schedule's again and the
/// rule forgets all it has heard. Over a schedule that changes, all of that holds for a factor of
/// it: `rate = scheduled · factor^(cuts - raises)`.
///
/// A value that is NaN or infinite counts as one that is not better, and is left out of a mean over
/// a window.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let mut rule = GreedyConfig::new().with_patience(1).with_factor(0.5).build()?;
/// for loss in [1.0, 0.9] {
///     rule.observe(loss, 0.1); // better twice in a row
/// }
/// assert_eq!(rule.rate(0.1), 0.2);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Greedy {
    config: GreedyConfig,
    scale: f64,
    best: Option<f64>,
    good_values: u64,
    bad_values: u64,
    cooldown_left: u64,
    warmup_left: u64,
    resets_in: u64,
    /// The values in the window, and their sum as it was added up.
    window: VecDeque<f64>,
    sum: f64,
}

impl Greedy {
    const NAME: &str = "greedy";

    /// transformers' `GreedyLR(mode)`; for other options see [`GreedyConfig`].
    pub fn new(mode: Mode) -> Self {
        or_panic(GreedyConfig::new().with_mode(mode).build())
    }

    fn at_first(config: GreedyConfig) -> Self {
        Self {
            config,
            scale: 1.0,
            best: None,
            good_values: 0,
            bad_values: 0,
            cooldown_left: 0,
            warmup_left: 0,
            resets_in: config.reset_start,
            window: VecDeque::new(),
            sum: 0.0,
        }
    }

    fn improvement(&self) -> Improvement {
        let (rel, abs) = match self.config.threshold_mode {
            ThresholdMode::Rel => (self.config.threshold, 0.0),
            ThresholdMode::Abs => (0.0, self.config.threshold),
        };
        Improvement {
            mode: self.config.mode,
            dialect: self.config.dialect,
            rel,
            abs,
        }
    }

    /// The value that counts: the given one, or the mean of the last ones.
    fn smooth(&mut self, metric: f64) -> f64 {
        let Some(window) = self.config.window else {
            return metric;
        };
        if self.config.dialect == Dialect::Correct && !metric.is_finite() {
            return metric;
        }
        self.window.push_back(metric);
        self.sum += metric;
        if self.window.len() as u64 > window {
            self.sum -= self.window.pop_front().unwrap_or(0.0);
        }
        self.sum / float(self.window.len() as u64)
    }

    fn cut(&mut self, scheduled: f64) {
        let (old, min) = (self.rate(scheduled), self.config.min_lr);
        let new = (old * self.config.factor).max(min);
        let cuts = old - new > self.config.eps;
        if cuts {
            self.scale = finite(new / scheduled);
        }
        // A rate that was brought to the lowest is a rounded factor of it.
        let lowest = min * (1.0 + 1e-12);
        if (if cuts { new } else { old }) <= lowest {
            self.resets_in = self.resets_in.saturating_sub(1);
            if self.resets_in == 0 {
                *self = Self::at_first(self.config);
            }
        }
    }

    fn raise(&mut self, scheduled: f64) {
        let old = self.rate(scheduled);
        let new = (old / self.config.factor).min(self.config.max_lr);
        if new - old > self.config.eps {
            self.scale = finite(new / scheduled);
        }
        self.resets_in = self.config.reset_start;
    }
}

impl Feedback for Greedy {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn observe(&mut self, metric: f64, scheduled: f64) {
        let metric = self.smooth(metric);
        let counted = match (self.cooldown_left, self.warmup_left) {
            (0, 0) => true,
            (0, _) => {
                self.warmup_left -= 1;
                false
            }
            _ => {
                self.cooldown_left -= 1;
                false
            }
        };
        if !counted {
            (self.good_values, self.bad_values) = (0, 0);
            return;
        }
        if self.improvement().is_better(metric, self.best) {
            self.best = Some(metric);
            (self.good_values, self.bad_values) = (self.good_values.saturating_add(1), 0);
        } else {
            (self.good_values, self.bad_values) = (0, self.bad_values.saturating_add(1));
        }
        if self.good_values > self.config.patience {
            self.raise(scheduled);
            self.warmup_left = self.config.warmup;
            self.good_values = 0;
        } else if self.bad_values > self.config.patience {
            self.cut(scheduled);
            self.cooldown_left = self.config.cooldown;
            self.bad_values = 0;
        }
    }

    fn rate(&self, scheduled: f64) -> f64 {
        finite(scheduled * self.scale)
    }

    fn state(&self) -> State {
        let mut state = State::new()
            .with("scale", Value::Number(self.scale))
            .with("good_values", Value::Count(self.good_values))
            .with("bad_values", Value::Count(self.bad_values))
            .with("cooldown_left", Value::Count(self.cooldown_left))
            .with("warmup_left", Value::Count(self.warmup_left))
            .with("resets_in", Value::Count(self.resets_in));
        if let Some(best) = self.best {
            state = state.with("best", Value::Number(best));
        }
        if self.config.window.is_some() {
            state = state
                .with("sum", Value::Number(self.sum))
                .with("window", Value::Count(self.window.len() as u64));
            for (i, value) in self.window.iter().enumerate() {
                state = state.with(format!("window_{i}"), Value::Number(*value));
            }
        }
        state
    }

    fn restore(&mut self, stored: &Stored<'_>) -> Result<(), StateError> {
        let scale = stored.number("scale")?;
        if !(scale.is_finite() && scale >= 0.0) {
            let allowed = "finite and at least 0";
            return Err(StateError::invalid("scale", Value::Number(scale), allowed));
        }
        let mut restored = Self {
            scale,
            best: stored.optional_number("best")?,
            good_values: stored.count("good_values")?,
            bad_values: stored.count("bad_values")?,
            cooldown_left: stored.count("cooldown_left")?,
            warmup_left: stored.count("warmup_left")?,
            resets_in: stored.count("resets_in")?,
            ..Self::at_first(self.config)
        };
        self.improvement().check_stored(restored.best)?;
        if let Some(longest) = self.config.window {
            restored.sum = stored.number("sum")?;
            self.improvement().check_heard("sum", restored.sum)?;
            let length = stored.count("window")?;
            if length > longest {
                let allowed = "at most the length of the rule's window";
                return Err(StateError::invalid("window", Value::Count(length), allowed));
            }
            for i in 0..length {
                let name = format!("window_{i}");
                let value = stored.number(&name)?;
                self.improvement().check_heard(&name, value)?;
                restored.window.push_back(value);
            }
        }
        *self = restored;
        Ok(())
    }

    fn mode(&self) -> Option<Mode> {
        Some(self.config.mode)
    }

    fn to_spec(&self) -> Option<RuleSpec> {
        let GreedyConfig {
            mode,
            factor,
            patience,
            threshold,
            threshold_mode,
            cooldown,
            warmup,
            min_lr,
            max_lr,
            eps,
            window,
            reset_start,
            dialect,
        } = self.config;
        Some(RuleSpec::Greedy {
            mode,
            factor,
            patience,
            threshold,
            threshold_mode,
            cooldown,
            warmup,
            min_lr,
            max_lr,
            eps,
            window,
            reset_start,
            dialect: (dialect != Dialect::Correct).then_some(dialect),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restored_rule_goes_on_as_the_one_that_was_stored() {
        let config = GreedyConfig::new()
            .with_patience(2)
            .with_cooldown(1)
            .with_warmup(2)
            .with_window(Some(3))
            .with_reset_start(2);
        let mut rule = config.build().unwrap();
        let (mut lowest, mut highest) = (f64::MAX, 0.0f64);
        for i in 0..400 {
            let mut other = config.build().unwrap();
            let state = rule.state();
            other
                .restore(&Stored::new(&|name| state.get(name)))
                .unwrap();
            assert_eq!(other, rule, "after {i} values");
            let falling = 10.0 - f64::from(i) / 20.0;
            rule.observe(if i < 60 { falling } else { 7.0 }, 0.1);
            (lowest, highest) = (lowest.min(rule.rate(0.1)), highest.max(rule.rate(0.1)));
        }
        assert!(highest > 0.1 && lowest < 0.01, "{lowest} to {highest}");
    }

    #[test]
    fn a_window_that_can_not_be_is_refused() {
        let config = GreedyConfig::new().with_window(Some(3));
        let mut rule = config.build().unwrap();
        rule.observe(1.0, 0.1);
        let state = rule.state().with("window", Value::Count(4));
        let error = rule.restore(&Stored::new(&|name| state.get(name)));
        assert_eq!(
            error.unwrap_err().to_string(),
            "`window` must be at most the length of the rule's window, got the count 4"
        );
    }

    #[test]
    fn what_is_no_number_counts_as_bad_and_stays_out_of_the_mean() {
        let config = GreedyConfig::new().with_patience(0).with_window(Some(4));
        let mut rule = config.build().unwrap();
        rule.observe(1.0, 0.1);
        let raised = rule.rate(0.1);
        rule.observe(f64::NAN, 0.1);
        assert!(rule.rate(0.1) < raised);
        rule.observe(0.5, 0.1);
        assert_eq!(rule.best, Some(0.75));
    }
}

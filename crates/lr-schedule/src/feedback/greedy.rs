use alloc::collections::VecDeque;
use alloc::format;

use super::improvement::{Dialect, Improvement, Mode, ThresholdMode, written};
use super::rule::Feedback;
use super::state::{State, StateError, Value};
use crate::data::{Data, table};
use crate::error::{ScheduleError, or_panic};
use crate::math::{finite, float};

options! {
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
    pub struct GreedyConfig: "greedy" builds Greedy {
    }
    /// transformers' defaults.
    new;
    /// The direction in which the metric is better.
    with_mode, mode: Mode = Mode::Min => Any;
    /// A cut multiplies the rate with this, a raise divides it.
    with_factor, factor: f64 = 0.95 => Any;
    /// The number of values in a row that may be better, or not; the next one raises or cuts the rate.
    with_patience, patience: u64 = 10 => Any;
    /// The amount by which a value must be better than the best one to count.
    with_threshold, threshold: f64 = 1e-6 => AtLeast0;
    /// The measure of the threshold.
    with_threshold_mode, threshold_mode: ThresholdMode = ThresholdMode::Abs => Any;
    /// The number of values after a cut that are not counted.
    with_cooldown, cooldown: u64 = 0 => Any;
    /// The number of values after a raise that are not counted.
    with_warmup, warmup: u64 = 0 => Any;
    /// Cuts don't take the rate below this.
    with_min_lr, min_lr: f64 = 1e-3 => AtLeast0;
    /// Raises don't take the rate above this.
    with_max_lr, max_lr: f64 = 1.0 => Above0;
    /// A change of the rate by no more than this is not made.
    with_eps, eps: f64 = 1e-8 => AtLeast0;
    /// Over how many of the last values the mean is heard rather than each value. transformers'
    /// `smooth` and `window_size`.
    with_window, window: Option<u64> = None => AtLeast1;
    /// The number of cuts in vain, while the rate is at its lowest, after which all begins anew.
    with_reset_start, reset_start: u64 = 500 => Any;
    /// The library whose way of comparing is followed.
    with_dialect, dialect: Dialect = Dialect::Correct => Any;
}

impl Default for GreedyConfig {
    fn default() -> Self {
        Self::new()
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

    fn of(config: GreedyConfig) -> Result<Self, ScheduleError> {
        let valid = config.factor > 0.0 && config.factor < 1.0;
        let allowed = "above 0 and below 1";
        ScheduleError::check(valid, Self::NAME, "factor", config.factor, allowed)?;
        Ok(Self::at_first(config))
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
        let left = match self.cooldown_left {
            0 => &mut self.warmup_left,
            _ => &mut self.cooldown_left,
        };
        if *left > 0 {
            *left -= 1;
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

    fn restore(&mut self, stored: &State) -> Result<(), StateError> {
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

    fn description(&self) -> Option<Data> {
        let defaults = GreedyConfig::DEFAULT.fields();
        let options = written(self.config.fields(), defaults, &["dialect"]);
        Some(table(Self::NAME, options))
    }
}

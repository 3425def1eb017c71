use super::improvement::{Dialect, Improvement, Mode, ThresholdMode, written};
use super::rule::Feedback;
use super::state::{State, StateError, Value};
use crate::data::{Data, table};
use crate::error::{ScheduleError, or_panic};
use crate::math::float;

options! {
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
    pub struct ReduceOnPlateauConfig: "reduce_on_plateau" builds ReduceOnPlateau {
    }
    /// PyTorch's defaults.
    new;
    /// The direction in which the metric is better.
    with_mode, mode: Mode = Mode::Min => Any;
    /// The factor of a cut.
    with_factor, factor: f64 = 0.1 => Any;
    /// The number of values in a row that may fail to improve; the next one cuts the rate.
    with_patience, patience: u64 = 10 => Any;
    /// The amount by which a value must be better than the best one to count.
    with_threshold, threshold: f64 = 1e-4 => AtLeast0;
    /// The measure of the threshold.
    with_threshold_mode, threshold_mode: ThresholdMode = ThresholdMode::Rel => Any;
    /// The number of values after a cut that are not held against the rate.
    with_cooldown, cooldown: u64 = 0 => Any;
    /// Cuts don't take the rate below this.
    with_min_lr, min_lr: f64 = 0.0 => AtLeast0;
    /// A cut that changes the rate by no more than this is not made.
    with_eps, eps: f64 = 1e-8 => AtLeast0;
    /// The amount, in the metric's own unit and in addition to the threshold, by which a value must be
    /// better. optax's `atol`.
    with_threshold_abs, threshold_abs: f64 = 0.0 => AtLeast0;
    /// Cuts don't take the rate below this share of what the schedule gives. optax's `min_scale`.
    with_min_scale, min_scale: f64 = 0.0 => Share;
    /// The number of values whose mean counts as one value. optax's
    /// `accumulation_size`, for a metric that comes with every step.
    with_accumulation, accumulation: u64 = 1 => AtLeast1;
    /// The number of values at the beginning that are passed over, such as those of a warm-up.
    with_skip, skip: u64 = 0 => Any;
    /// The library whose way of comparing is followed.
    with_dialect, dialect: Dialect = Dialect::Correct => Any;
}

impl Default for ReduceOnPlateauConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// Cuts the rate when a metric has stopped improving. PyTorch's `ReduceLROnPlateau`.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/reduce_on_plateau.svg"))]
///
/// A value improves on the best one so far if it is better by more than the threshold. After
/// more than `patience` values in a row that don't, the rate is multiplied with `factor`, and
/// the next `cooldown` values are not counted. Every cut multiplies all that the schedule
/// underneath gives from then on: `rate = scheduled · factor^cuts`, though no cut takes it below
/// `min_lr` (a rate that the schedule itself puts lower stays as it is).
///
/// A value that is NaN or infinite is never an improvement: it counts against the rate, as a
/// value that is merely bad. One of several that are averaged makes the mean such a value. PyTorch
/// and optax take such values, and negative metrics, in another way: see [`Dialect`].
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
    /// The number of values that were passed over so far.
    skipped: u64,
    /// The mean so far of the values that are heard as one, and how many that is of.
    mean: f64,
    averaged: u64,
}

impl ReduceOnPlateau {
    const NAME: &str = "reduce_on_plateau";

    /// PyTorch's `ReduceLROnPlateau(mode)`; for other options see [`ReduceOnPlateauConfig`].
    pub fn new(mode: Mode) -> Self {
        or_panic(ReduceOnPlateauConfig::new().with_mode(mode).build())
    }

    fn of(config: ReduceOnPlateauConfig) -> Result<Self, ScheduleError> {
        let valid = (0.0..1.0).contains(&config.factor);
        let allowed = "at least 0 and below 1";
        ScheduleError::check(valid, Self::NAME, "factor", config.factor, allowed)?;
        Ok(Self::at_first(config))
    }

    fn at_first(config: ReduceOnPlateauConfig) -> Self {
        Self {
            config,
            scale: 1.0,
            best: None,
            bad_values: 0,
            cooldown_left: 0,
            skipped: 0,
            mean: 0.0,
            averaged: 0,
        }
    }

    fn improvement(&self) -> Improvement {
        let (rel, abs) = match self.config.threshold_mode {
            ThresholdMode::Rel => (self.config.threshold, self.config.threshold_abs),
            ThresholdMode::Abs => (0.0, self.config.threshold + self.config.threshold_abs),
        };
        Improvement {
            mode: self.config.mode,
            dialect: self.config.dialect,
            rel,
            abs,
        }
    }

    /// Hears a value, or the mean of several.
    fn hear(&mut self, metric: f64, scheduled: f64) {
        if self.improvement().is_better(metric, self.best) {
            self.best = Some(metric);
            self.bad_values = 0;
        } else {
            self.bad_values = self.bad_values.saturating_add(1);
        }
        let plateau = match self.config.dialect {
            Dialect::Optax => self.bad_values == self.config.patience,
            _ => self.bad_values > self.config.patience,
        };
        if self.cooldown_left > 0 {
            self.cooldown_left -= 1;
            self.bad_values = 0;
        } else if plateau {
            self.reduce(scheduled);
            self.cooldown_left = self.config.cooldown;
            self.bad_values = 0;
        }
    }

    fn reduce(&mut self, scheduled: f64) {
        let scale = (self.scale * self.config.factor).max(self.config.min_scale);
        let cut = self.rate(scheduled) - self.scaled(scheduled, scale);
        if cut > self.config.eps || self.config.dialect == Dialect::Optax {
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
        if self.skipped < self.config.skip {
            self.skipped += 1;
            return;
        }
        if self.config.accumulation == 1 {
            return self.hear(metric, scheduled);
        }
        let count = float(self.averaged);
        self.mean = (count * self.mean + metric) / (count + 1.0);
        self.averaged += 1;
        if self.averaged >= self.config.accumulation {
            let mean = self.mean;
            (self.mean, self.averaged) = (0.0, 0);
            self.hear(mean, scheduled);
        }
    }

    fn rate(&self, scheduled: f64) -> f64 {
        self.scaled(scheduled, self.scale)
    }

    fn state(&self) -> State {
        let mut state = State::new()
            .with("scale", Value::Number(self.scale))
            .with("bad_values", Value::Count(self.bad_values))
            .with("cooldown_left", Value::Count(self.cooldown_left));
        if let Some(best) = self.best {
            state = state.with("best", Value::Number(best));
        }
        if self.config.skip > 0 {
            state = state.with("skipped", Value::Count(self.skipped));
        }
        if self.config.accumulation > 1 {
            state = state
                .with("mean", Value::Number(self.mean))
                .with("averaged", Value::Count(self.averaged));
        }
        state
    }

    fn restore(&mut self, stored: &State) -> Result<(), StateError> {
        let scale = stored.number("scale")?;
        if !(0.0..=1.0).contains(&scale) {
            let scale = Value::Number(scale);
            return Err(StateError::invalid("scale", scale, "between 0 and 1"));
        }
        let mut restored = Self {
            scale,
            best: stored.optional_number("best")?,
            bad_values: stored.count("bad_values")?,
            cooldown_left: stored.count("cooldown_left")?,
            ..Self::at_first(self.config)
        };
        self.improvement().check_stored(restored.best)?;
        if self.config.skip > 0 {
            restored.skipped = stored.count("skipped")?;
        }
        if self.config.accumulation > 1 {
            restored.mean = stored.number("mean")?;
            restored.averaged = stored.count("averaged")?;
            if restored.averaged >= self.config.accumulation {
                let allowed = "below the number of values that are averaged";
                let averaged = Value::Count(restored.averaged);
                return Err(StateError::invalid("averaged", averaged, allowed));
            }
        }
        *self = restored;
        Ok(())
    }

    fn mode(&self) -> Option<Mode> {
        Some(self.config.mode)
    }

    fn description(&self) -> Option<Data> {
        let later = [
            "threshold_abs",
            "min_scale",
            "accumulation",
            "skip",
            "dialect",
        ];
        let defaults = ReduceOnPlateauConfig::DEFAULT.fields();
        Some(table(
            Self::NAME,
            written(self.config.fields(), defaults, &later),
        ))
    }
}

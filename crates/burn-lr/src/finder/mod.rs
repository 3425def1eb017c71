//! Smith's learning-rate range test: see [`LrFinder`].

mod error;
mod range_test;
mod suggestion;
#[cfg(feature = "train")]
mod supervised;

pub use error::FinderError;
pub use range_test::{Outcome, Point, RangeTest};
pub use suggestion::Suggestion;
#[cfg(feature = "train")]
pub use supervised::FinderRunError;

use crate::curves::{Geometric, Linear};
use crate::{DynSchedule, Schedule, ScheduleError};

/// How the rate goes from the start to the end of a [range test](LrFinder).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sweep {
    /// By the same factor at every step, as [`Geometric`] does: over orders of magnitude.
    #[default]
    Exponential,
    /// By the same amount at every step, as [`Linear`] does: Smith's own, once the order of
    /// magnitude is known.
    Linear,
}

/// Options of [`LrFinder`], with fastai's defaults.
///
/// ```
/// use burn_lr::finder::{LrFinderConfig, Sweep};
///
/// let finder = LrFinderConfig::new()
///     .with_start(1e-4)
///     .with_end(0.1)
///     .with_steps(200)
///     .with_sweep(Sweep::Linear)
///     .with_smoothing(0.9)
///     .with_divergence(Some(10.0))
///     .build()?;
/// assert_eq!(finder.next_rate(), Some(1e-4));
///
/// let error = LrFinderConfig::new().with_end(1e-9).build().unwrap_err();
/// assert_eq!(error.to_string(), "lr_finder.end: must be finite and above the start, got 0.000000001");
/// # Ok::<(), burn_lr::ScheduleError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LrFinderConfig {
    start: f64,
    end: f64,
    steps: u64,
    sweep: Sweep,
    smoothing: f64,
    divergence: Option<f64>,
}

impl Default for LrFinderConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl LrFinderConfig {
    /// fastai's defaults.
    pub fn new() -> Self {
        Self {
            start: 1e-7,
            end: 10.0,
            steps: 100,
            sweep: Sweep::Exponential,
            smoothing: 0.98,
            divergence: Some(4.0),
        }
    }

    /// The rate of the first step. Default: 1e-7.
    pub fn with_start(mut self, start: f64) -> Self {
        self.start = start;
        self
    }

    /// The rate that the step after the last one would have. Default: 10.
    pub fn with_end(mut self, end: f64) -> Self {
        self.end = end;
        self
    }

    /// How many steps there are at most. Default: 100.
    pub fn with_steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }

    /// How the rate goes from start to end. Default: [`Sweep::Exponential`].
    pub fn with_sweep(mut self, sweep: Sweep) -> Self {
        self.sweep = sweep;
        self
    }

    /// The weight `b` of what came before in the smoothed loss: that of step `n`, counted from 0,
    /// is `s(n) / (1 - b^(n + 1))` with `s(n) = b · s(n - 1) + (1 - b) · loss(n)` and `s(-1) = 0`. At
    /// 0 nothing is smoothed. Default: 0.98.
    pub fn with_smoothing(mut self, smoothing: f64) -> Self {
        self.smoothing = smoothing;
        self
    }

    /// The test ends where the smoothed loss is above this many times the best one so far, or, so
    /// that it holds for losses below 0 too, above `best + (divergence - 1) · |best|`. `None`: it goes
    /// on for as long as the loss is a finite number. Default: 4.
    pub fn with_divergence(mut self, divergence: Option<f64>) -> Self {
        self.divergence = divergence;
        self
    }

    /// The finder, which has taken no step yet.
    ///
    /// # Errors
    ///
    /// A start that is not above 0, an end that is not above the start, fewer than 10 steps, a
    /// smoothing outside 0 to 1, a divergence that is not above 1, or a number that is not finite.
    pub fn build(self) -> Result<LrFinder, ScheduleError> {
        let check = |valid, field: &str, value: &dyn std::fmt::Display, allowed| match valid {
            true => Ok(()),
            false => {
                let place = format!("lr_finder.{field}");
                Err(ScheduleError::invalid(place, value, allowed))
            }
        };
        let Self { start, end, .. } = self;
        let valid = start.is_finite() && start > 0.0;
        check(valid, "start", &start, "finite and above 0")?;
        let valid = end.is_finite() && end > start;
        check(valid, "end", &end, "finite and above the start")?;
        check(self.steps >= 10, "steps", &self.steps, "at least 10")?;
        let valid = (0.0..1.0).contains(&self.smoothing);
        check(
            valid,
            "smoothing",
            &self.smoothing,
            "at least 0 and below 1",
        )?;
        if let Some(factor) = self.divergence {
            let valid = factor.is_finite() && factor > 1.0;
            check(valid, "divergence", &factor, "finite and above 1")?;
        }
        let rates = match self.sweep {
            Sweep::Exponential => Geometric::try_new(start, end, self.steps)?.into_dyn(),
            Sweep::Linear => Linear::try_new(start, end, self.steps)?.into_dyn(),
        };
        Ok(LrFinder {
            config: self,
            rates,
            average: 0.0,
            best: f64::INFINITY,
            points: vec![],
            ended: None,
        })
    }
}

/// Smith's learning-rate range test ([arXiv 1506.01186](https://arxiv.org/abs/1506.01186)), as
/// fastai's `lr_find` does it: train for some steps at a rate that grows from far too low to far too
/// high, watch the loss, and read from it which rates train.
///
/// In a loop of your own, on clones of the model and the optimizer, so that both stay as they are:
///
/// ```
/// # use burn::nn::LinearConfig;
/// # use burn::nn::loss::{MseLoss, Reduction};
/// use burn::optim::{GradientsParams, SgdConfig};
/// # use burn::tensor::{Device, Distribution, Tensor};
/// use burn_lr::finder::LrFinder;
///
/// # let device = Device::flex().autodiff();
/// # device.seed(42);
/// # let model = LinearConfig::new(4, 1).init(&device);
/// # let optimizer: burn::optim::ModuleOptimizer = SgdConfig::new().build().into();
/// let mut finder = LrFinder::new();
/// let (mut trial, mut trial_optimizer) = (model.clone(), optimizer.clone());
/// while let Some(rate) = finder.next_rate() {
/// #   let inputs = Tensor::<2>::random([16, 4], Distribution::Normal(0.0, 1.0), &device);
/// #   let targets = inputs.clone().sum_dim(1);
///     let loss = MseLoss::new().forward(trial.forward(inputs), targets, Reduction::Mean);
///     let grads = GradientsParams::from_grads(loss.backward(), &trial);
///     trial = trial_optimizer.step(rate, trial, grads);
///     finder.observe(loss.into_scalar::<f32>().into());
/// }
/// let found = finder.finish();
/// let max_lr = found.minimum()?.rate; // of a 1cycle, say
/// # assert!((1e-3..1.0).contains(&max_lr), "{max_lr}");
/// # Ok::<(), burn_lr::finder::FinderError>(())
/// ```
///
/// or by a closure that takes a step ([`sweep`](Self::sweep)), or, with burn-train's `TrainStep` (feature
/// `train`), by [`run`](Self::run), which makes the clones itself.
///
/// Rates and losses alone decide what is found, so it is the same whenever they are: with the same
/// weights, the same batches, and, where the model draws random numbers, the same seed of the device
/// (to the last bit on CPUs; GPU backends choose kernels by what is fast, which may round otherwise).
///
/// A *clone* of a module with a running state (Burn's batch norm) shares that state with the
/// original; `model.valid().train()` is a copy that doesn't, and what [`run`](Self::run) trains.
#[derive(Debug, Clone)]
pub struct LrFinder {
    config: LrFinderConfig,
    rates: DynSchedule,
    /// The average of the losses, whose bias is not corrected.
    average: f64,
    /// The lowest smoothed loss.
    best: f64,
    points: Vec<Point>,
    ended: Option<Outcome>,
}

impl Default for LrFinder {
    fn default() -> Self {
        Self::new()
    }
}

impl LrFinder {
    /// With fastai's defaults: in 100 steps from 1e-7 to 10. Others: [`LrFinderConfig`].
    pub fn new() -> Self {
        let config = LrFinderConfig::new();
        config.build().expect("the defaults are in their bounds")
    }

    /// The rate to take the next step at; `None` once the test has ended. Asked twice without a
    /// loss in between, it is the same.
    pub fn next_rate(&self) -> Option<f64> {
        match self.ended {
            None => Some(self.rates.at(self.points.len() as u64)),
            Some(_) => None,
        }
    }

    /// Hears the loss of the step that was taken at [`next_rate`](Self::next_rate): of its batch,
    /// before the weights changed. Once the test has ended, losses are not heard any more.
    pub fn observe(&mut self, loss: f64) {
        let Some(rate) = self.next_rate() else { return };
        let step = self.points.len() as u64;
        let weight = self.config.smoothing;
        self.average = weight * self.average + (1.0 - weight) * loss;
        let smoothed = self.average / (1.0 - weight.powf(step as f64 + 1.0));
        if !(loss.is_finite() && smoothed.is_finite()) {
            self.ended = Some(Outcome::NotFinite { step, rate, loss });
            return;
        }
        self.points.push(Point {
            step,
            rate,
            loss,
            smoothed,
        });
        self.best = self.best.min(smoothed);
        let limit = |factor: f64| self.best + (factor - 1.0) * self.best.abs();
        if self.config.divergence.is_some_and(|f| smoothed > limit(f)) {
            self.ended = Some(Outcome::Diverged);
        } else if step + 1 == self.config.steps {
            self.ended = Some(Outcome::Complete);
        }
    }

    /// What was found: the curve, and what it suggests.
    pub fn finish(self) -> RangeTest {
        RangeTest {
            planned: self.config.steps,
            outcome: self.ended.unwrap_or(Outcome::Unfinished),
            points: self.points,
        }
    }

    /// Takes all the steps: `step` trains one at the rate that it is given, and answers with the
    /// loss.
    ///
    /// ```
    /// use burn_lr::finder::LrFinder;
    ///
    /// // a step down a parabola
    /// let mut weight = 1.0_f64;
    /// let found = LrFinder::new().sweep(|rate| {
    ///     let loss = weight * weight;
    ///     weight -= rate * 2.0 * weight;
    ///     Ok::<_, std::convert::Infallible>(loss)
    /// });
    /// let found = found.unwrap();
    /// assert_eq!(found.points().len(), 100); // it never diverged
    /// assert!((1e-4..0.01).contains(&found.valley()?.rate));
    /// # Ok::<(), burn_lr::finder::FinderError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The closure's, which end the test.
    pub fn sweep<E>(mut self, mut step: impl FnMut(f64) -> Result<f64, E>) -> Result<RangeTest, E> {
        while let Some(rate) = self.next_rate() {
            self.observe(step(rate)?);
        }
        Ok(self.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(losses: &[f64], config: LrFinderConfig) -> RangeTest {
        let mut losses = losses.iter();
        let mut finder = config.build().unwrap();
        while let (Some(_), Some(&loss)) = (finder.next_rate(), losses.next()) {
            finder.observe(loss);
        }
        finder.finish()
    }

    #[test]
    fn rates_go_from_start_to_one_step_before_the_end() {
        let config = LrFinderConfig::new().with_steps(10);
        let found = of(&[1.0; 10], config.with_start(1e-3).with_end(1e-1));
        let rates: Vec<f64> = found.points().iter().map(|point| point.rate).collect();
        for (step, rate) in (0..10).zip(rates) {
            let expected = 1e-3 * 100f64.powf(f64::from(step) / 10.0);
            assert!((rate / expected - 1.0).abs() < 1e-14);
        }
        assert_eq!(found.outcome(), Outcome::Complete);
        let config = config.with_start(0.1).with_end(1.1);
        let found = of(&[1.0; 10], config.with_sweep(Sweep::Linear));
        assert!((found.points()[9].rate - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_smoothed_loss_has_no_bias() {
        let config = LrFinderConfig::new().with_smoothing(0.5);
        let found = of(&[4.0, 1.0, 2.0], config);
        let smoothed: Vec<f64> = found.points().iter().map(|point| point.smoothed).collect();
        // 2 / 0.5, (1 + 0.5) / 0.75, (0.75 + 1) / 0.875
        assert_eq!(smoothed, [4.0, 2.0, 2.0]);
        assert_eq!(found.outcome(), Outcome::Unfinished);
        let found = of(&[4.0, 1.0, 2.0], config.with_smoothing(0.0));
        assert!(
            found
                .points()
                .iter()
                .all(|point| point.loss == point.smoothed)
        );
    }

    #[test]
    fn it_ends_where_the_loss_diverges() {
        let raw = LrFinderConfig::new().with_smoothing(0.0);
        let found = of(&[1.0, 0.5, 2.0, 2.1, 0.1], raw);
        assert_eq!(
            (found.points().len(), found.outcome()),
            (4, Outcome::Diverged)
        );
        let found = of(&[1.0, 0.5, 2.0, 2.1, 0.1], raw.with_divergence(Some(5.0)));
        assert_eq!(found.points().len(), 5);
        // -2 is lower than -1, and 3 times 1 above -1 is 2
        let found = of(&[-1.0, -0.5, 1.9, 2.1, 3.0], raw);
        assert_eq!(
            (found.points().len(), found.outcome()),
            (4, Outcome::Diverged)
        );
        let found = of(&[1.0, 1e9, f64::NAN], raw.with_divergence(None));
        let Outcome::NotFinite { step: 2, loss, .. } = found.outcome() else {
            panic!("{:?}", found.outcome());
        };
        assert!(loss.is_nan() && found.points().len() == 2);
    }

    #[test]
    fn nothing_is_heard_after_the_end() {
        let mut finder = LrFinder::new();
        finder.observe(f64::INFINITY);
        assert_eq!(finder.next_rate(), None);
        finder.observe(1.0);
        assert_eq!(finder.finish().points().len(), 0);
    }

    #[test]
    fn options_have_bounds() {
        let config = LrFinderConfig::new();
        for (bad, field) in [
            (config.with_start(0.0), "start"),
            (config.with_start(f64::NAN), "start"),
            (config.with_end(1e-7), "end"),
            (config.with_end(f64::INFINITY), "end"),
            (config.with_steps(9), "steps"),
            (config.with_smoothing(1.0), "smoothing"),
            (config.with_smoothing(-0.1), "smoothing"),
            (config.with_divergence(Some(1.0)), "divergence"),
        ] {
            assert_eq!(bad.build().unwrap_err().place, format!("lr_finder.{field}"));
        }
    }
}

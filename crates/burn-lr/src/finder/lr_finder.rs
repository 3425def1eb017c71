use lr_schedule::curves::{Geometric, LinearRamp};
use lr_schedule::{DynSchedule, Schedule, ScheduleError};

use super::config::{LrFinderConfig, Sweep};
use super::range_test::{Outcome, Point, RangeTest};

impl LrFinderConfig {
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
            Sweep::Linear => LinearRamp::try_new(start, end, self.steps)?.into_dyn(),
        };
        Ok(LrFinder {
            config: self,
            rates,
            average: 0.0,
            best: f64::INFINITY,
            found: RangeTest {
                points: vec![],
                planned: self.steps,
                outcome: Outcome::Unfinished,
            },
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
    found: RangeTest,
}

impl Default for LrFinder {
    fn default() -> Self {
        Self::new()
    }
}

impl LrFinder {
    /// Creates a finder with fastai's defaults: 100 steps from 1e-7 to 10. Others: [`LrFinderConfig`].
    pub fn new() -> Self {
        let config = LrFinderConfig::new();
        config.build().expect("the defaults are in their bounds")
    }

    /// The rate to take the next step at; `None` once the test has ended. Asked twice without a
    /// loss in between, it is the same.
    pub fn next_rate(&self) -> Option<f64> {
        let under_way = self.found.outcome == Outcome::Unfinished;
        under_way.then(|| self.rates.at(self.found.points.len() as u64))
    }

    /// Observes the loss of the step that was taken at [`next_rate`](Self::next_rate): of its batch,
    /// before the weights changed. Once the test has ended, losses change nothing.
    pub fn observe(&mut self, loss: f64) {
        let Some(rate) = self.next_rate() else { return };
        let step = self.found.points.len() as u64;
        let weight = self.config.smoothing;
        self.average = weight * self.average + (1.0 - weight) * loss;
        let smoothed = self.average / (1.0 - weight.powf(step as f64 + 1.0));
        if !(loss.is_finite() && smoothed.is_finite()) {
            self.found.outcome = Outcome::NotFinite { step, rate, loss };
            return;
        }
        self.found.points.push(Point {
            step,
            rate,
            loss,
            smoothed,
        });
        self.best = self.best.min(smoothed);
        let limit = |factor: f64| self.best + (factor - 1.0) * self.best.abs();
        if self.config.divergence.is_some_and(|f| smoothed > limit(f)) {
            self.found.outcome = Outcome::Diverged;
        } else if step + 1 == self.config.steps {
            self.found.outcome = Outcome::Complete;
        }
    }

    /// Ends the test: the curve, and the rates that it suggests.
    pub fn finish(self) -> RangeTest {
        self.found
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

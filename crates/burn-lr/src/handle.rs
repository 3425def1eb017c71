use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use lr_schedule::feedback::Mode;
use lr_schedule::{ScheduleError, Shape};

use crate::timeline::Timeline;
use crate::timeline::event::Action;

/// A handle to a scheduler that is under way: reads its rate and changes it by hand, from any
/// thread, wherever Burn has moved the scheduler to.
///
/// A change takes effect at the scheduler's next step, is part of its saved state, and holds
/// until it is [released](Self::release). Steps are counted all the while, so that a released
/// schedule goes on where it would have been.
///
/// ```
/// use burn_lr::prelude::*;
///
/// let mut lr = Scheduler::new(LinearRamp::new(0.1, 0.0, 4));
/// let handle = lr.handle();
/// assert_eq!(lr.step(), 0.1);
///
/// handle.set(0.01)?; // PyTorch: optimizer.param_groups[0]["lr"] = 0.01
/// assert_eq!(lr.step(), 0.01);
/// handle.scale(0.5)?;
/// assert_eq!(lr.step(), 0.005);
/// assert_eq!((handle.lr(), handle.steps()), (0.005, 3));
///
/// handle.release(); // the schedule again, at its fourth step
/// assert_eq!(lr.step(), 0.025);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// A scheduler's clones share its handle. Those that have stepped are of one run, and a change counts for all of them
/// from the same step on; when the last of them is dropped, it goes ([guide](crate::guide::control#clones)).
/// [`lr`](Self::lr) is the rate of the one that stepped last. ([`Scheduler::detached`](crate::Scheduler::detached) gives a copy with handles of its own.)
///
/// Every change is logged (through the `log` crate, level `info`) with the step from which on it
/// holds.
#[derive(Clone)]
pub struct LrHandle {
    timeline: Arc<Timeline>,
}

impl LrHandle {
    pub(crate) fn new(timeline: Arc<Timeline>) -> Self {
        Self { timeline }
    }

    /// The rate of the scheduler's last step; before its first one, the schedule's for that.
    pub fn lr(&self) -> f64 {
        self.timeline.rate()
    }

    /// The number of steps the scheduler has taken that count.
    pub fn steps(&self) -> u64 {
        self.timeline.steps()
    }

    /// Sets the rate to `lr` from the next step on, whatever the schedule says.
    ///
    /// # Errors
    ///
    /// A rate that is negative or not finite; nothing is changed then.
    pub fn set(&self, lr: f64) -> Result<(), ScheduleError> {
        check_rate("lr", lr)?;
        self.timeline.append(Action::Set(lr));
        Ok(())
    }

    /// Holds the rate from the next step on as it is: [`set`](Self::set) to [`lr`](Self::lr),
    /// which is returned.
    ///
    /// # Errors
    ///
    /// A schedule that gave a rate that is negative or not finite; nothing is changed then.
    pub fn freeze(&self) -> Result<f64, ScheduleError> {
        let lr = self.lr();
        self.set(lr)?;
        Ok(lr)
    }

    /// Multiplies the rate with `factor` from the next step on: the one that was
    /// [`set`](Self::set), or else every rate of the schedule. Scaling twice multiplies twice.
    ///
    /// # Errors
    ///
    /// A factor that is negative or not finite, or that makes the product of all so; nothing is
    /// changed then.
    pub fn scale(&self, factor: f64) -> Result<(), ScheduleError> {
        check_rate("factor", factor)?;
        self.timeline.append_checked(Action::Scale(factor), |over| {
            check_rate("product of all factors", over.scaled(factor))
        })
    }

    /// Takes the rate down to 0 from the next step on, in a straight line over `steps` steps, where
    /// it stays: the cooldown of a warm-up-stable-decay schedule whose end was not known when it
    /// began. The step that it begins with is part of the saved state.
    ///
    /// It takes back a rate that is [`set`](Self::set): what decays is the schedule's.
    ///
    /// ```
    /// use burn_lr::prelude::*;
    ///
    /// let mut lr = Scheduler::new(Constant::new(0.1).warmup(2)); // and on, for as long as it pays
    /// let handle = lr.handle();
    /// let rates: Vec<f64> = (0..4).map(|_| lr.step()).collect();
    /// assert_eq!(rates, [0.0, 0.05, 0.1, 0.1]);
    ///
    /// handle.start_decay(4);
    /// let rates: Vec<f64> = (0..6).map(|_| lr.step()).collect();
    /// assert_eq!(rates, [0.1, 0.1 * 0.75, 0.05, 0.1 * 0.25, 0.0, 0.0]);
    /// assert_eq!(handle.decay_start(), Some(4));
    /// ```
    pub fn start_decay(&self, steps: u64) {
        self.timeline.append(Action::StartDecay {
            steps,
            end: 0.0,
            shape: Shape::Linear,
        });
    }

    /// Takes the rate down to `end` from the next step on, over `steps` steps in `shape`, where it
    /// stays. The schedule's own rates are what it goes down from, step for step; a factor that was
    /// [scaled](Self::scale) by holds on top of it. A decay that is under way begins anew.
    ///
    /// # Errors
    ///
    /// An end that is negative or not finite, or a shape with a number outside its bounds; nothing
    /// is changed then.
    pub fn start_decay_with(
        &self,
        steps: u64,
        end: f64,
        shape: Shape,
    ) -> Result<(), ScheduleError> {
        check_rate("start_decay.end", end)?;
        shape.check("start_decay.shape")?;
        let decay = Action::StartDecay { steps, end, shape };
        self.timeline.append(decay);
        Ok(())
    }

    /// The step that the last decay begins with, unless it was [released](Self::release).
    pub fn decay_start(&self) -> Option<u64> {
        let decay = self.timeline.expected().decay;
        decay.map(|decay| decay.start)
    }

    /// Gives the rate back to the schedule from the next step on, with nothing set or scaled, and
    /// without a decay that was asked for.
    pub fn release(&self) {
        self.timeline.append(Action::Release);
    }

    /// The rate that is [`set`](Self::set) in place of the schedule's, if one is.
    pub fn held(&self) -> Option<f64> {
        self.timeline.expected().set
    }

    /// The factor that the schedule's rates are multiplied with.
    pub fn factor(&self) -> f64 {
        self.timeline.expected().factor
    }

    /// The last step does not count: [`Scheduler::skip_step`](crate::Scheduler::skip_step) for where
    /// the scheduler itself is out of reach, as in a `Learner`, whose model can leave out the
    /// optimizer in its `TrainStep::optimize`.
    ///
    /// On a thread that steps the scheduler or
    /// a clone, the last step is the one that was taken there, so that several workers that skip the
    /// same step, each when it comes to it, take back that one, all of them alike; on another
    /// thread, it is the last step of the worker in front.
    ///
    /// ```
    /// use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
    /// use burn_lr::prelude::*;
    ///
    /// let lr = Scheduler::new(LinearRamp::new(0.1, 0.0, 4));
    /// let handle = lr.handle();
    /// let mut lr = ModuleLrScheduler::new(lr);
    /// assert_eq!(lr.step().base(), 0.1);
    /// handle.skip_step(); // a gradient was infinite
    /// assert_eq!(lr.step().base(), 0.1);
    /// assert_eq!(handle.steps(), 1);
    /// ```
    pub fn skip_step(&self) {
        self.timeline.skip();
    }
}

impl fmt::Debug for LrHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LrHandle")
            .field("lr", &self.lr())
            .field("steps", &self.steps())
            .field("override", &self.timeline.expected())
            .finish()
    }
}

/// A handle that passes a scheduler's rule its metric, wherever Burn has moved the scheduler to, and
/// all clones of it alike: before the same step, the first that none of them has begun. (Inside burn-train, use
/// `train::MetricFeedback`, which does.)
///
/// ```
/// use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
/// use burn_lr::prelude::*;
///
/// let rule = ReduceOnPlateauConfig::new().with_patience(0).build()?;
/// let lr = Scheduler::with_feedback(Constant::new(0.1), rule);
/// let metric = lr.metric_handle();
/// let mut lr = ModuleLrScheduler::new(lr);
/// let mut clone = lr.clone();
/// for (epoch, valid_loss) in [(1, 0.5), (2, 0.7)] {
///     assert_eq!(lr.step().base(), clone.step().base());
///     metric.post(epoch, valid_loss);
///     metric.post(epoch, valid_loss); // the same epoch again changes nothing
/// }
/// let (rate, clones) = (lr.step().base(), clone.step().base());
/// assert!((rate - 0.01).abs() < 1e-15 && rate == clones);
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Debug, Clone)]
pub struct MetricHandle {
    timeline: Arc<Timeline>,
    mode: Option<Mode>,
    /// The last run that was posted for, and its epoch.
    last: Arc<Mutex<Option<(u64, u64)>>>,
}

impl MetricHandle {
    pub(crate) fn new(timeline: Arc<Timeline>, mode: Option<Mode>) -> Self {
        Self {
            timeline,
            mode,
            last: Arc::default(),
        }
    }

    /// Posts the value of the metric in an epoch, for the rule to observe before the next step; a record
    /// that is made until then has observed it too. An epoch that was posted already, through this handle or a clone of
    /// it, is left as it is; returns whether it was not.
    ///
    /// Epochs are counted in a run: where a record is loaded, or a clone steps after those that
    /// have stepped were dropped, they may begin anew.
    pub fn post(&self, epoch: u64, value: f64) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let run = self.timeline.run();
        let new = last.is_none_or(|(of_run, until)| run != of_run || epoch > until);
        if new {
            *last = Some((run, epoch));
            self.timeline.append(Action::Metric(value));
        }
        new
    }

    /// The direction in which the rule takes the metric to be better, where it says so.
    pub fn mode(&self) -> Option<Mode> {
        self.mode
    }
}

/// Checks a rate, or what rates are multiplied with, called `place`.
pub(crate) fn check_rate(place: &str, value: f64) -> Result<(), ScheduleError> {
    match value.is_finite() && value >= 0.0 {
        true => Ok(()),
        false => Err(ScheduleError::invalid(
            place,
            value,
            "finite and at least 0",
        )),
    }
}

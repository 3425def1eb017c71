use std::sync::{Arc, Mutex, PoisonError};

use burn::lr_scheduler::{LrScheduler, LrSchedulerRecord};
use burn::optim::LearningRate;
use burn_pack::Scalar;

use crate::clock::{Heard, Now};
use crate::control::LrHandle;
use crate::feedback::{DynFeedback, Feedback, Mode, Stored, Value};
use crate::mailbox::Mailbox;
use crate::record::{Kind, LoadError, Resumable, fingerprint, load_or_panic, to_json};
use crate::{DynSchedule, Schedule, ScheduleError, Scheduler, Spec};

/// A schedule with a position, and a feedback rule over it that hears a metric.
///
/// PyTorch's `ReduceLROnPlateau`, over any schedule: the rate is what the rule makes of what the
/// schedule gives. Its state holds both.
///
/// ```
/// use burn_lr::prelude::*;
///
/// // warm up, stay there, and cut tenfold whenever three epochs in a row bring nothing
/// let rule = ReduceOnPlateauConfig::new().with_patience(2).build()?;
/// let mut lr = FeedbackScheduler::new(Constant::new(0.1).warmup(4), rule);
///
/// for valid_loss in [1.0, 0.5, 0.5, 0.5, 0.5] {
///     for _batch in 0..4 {
///         lr.step();
///     }
///     lr.observe(valid_loss); // once per epoch
/// }
/// assert!((lr.step() - 0.01).abs() < 1e-15);
/// # Ok::<(), ScheduleError>(())
/// ```
///
/// Every rate that the rule changes is logged (through the `log` crate, level `info`) with its step.
#[derive(Debug, Clone)]
pub struct FeedbackScheduler<S, F> {
    pub(crate) scheduler: Scheduler<S>,
    rule: F,
    accepts_another_rule: bool,
}

impl FeedbackScheduler<DynSchedule, DynFeedback> {
    /// At step 0 of what a text describes: a rule over a schedule.
    ///
    /// ```
    /// use burn_lr::prelude::*;
    ///
    /// let text = r#"{"feedback": {
    ///     "rule": {"reduce_on_plateau": {"patience": 3}},
    ///     "of": {"warmup": {"steps": 10, "of": {"cosine": {"start": 0.1, "steps": 90}}}}
    /// }}"#;
    /// # let parse = |text| -> Result<Spec, Box<dyn std::error::Error>> { Ok(serde_json::from_str(text)?) };
    /// let spec: Spec = parse(text)?; // serde_json::from_str(text)?
    /// let mut lr = FeedbackScheduler::from_spec(&spec)?;
    /// assert_eq!(lr.step(), 0.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Numbers that make no schedule or no rule, and anything but a `feedback`.
    pub fn from_spec(spec: &Spec) -> Result<Self, ScheduleError> {
        let (schedule, rule) = spec.build_feedback()?;
        Ok(Self::new(schedule, rule))
    }
}

impl<S: Schedule, F: Feedback> FeedbackScheduler<S, F> {
    /// At step 0 of `schedule`, under `rule`.
    pub fn new(schedule: S, rule: F) -> Self {
        let first_rate = rule.rate(schedule.at(0));
        Self {
            scheduler: Scheduler::beginning_with(schedule, first_rate),
            rule,
            accepts_another_rule: false,
        }
    }

    /// Lets records of another schedule load: position, rule and what was set by hand are taken
    /// over, and the rates are what this schedule gives from there on. The same goes for the
    /// schedules of other quantities ([`ScheduledOptimizer`](crate::ScheduledOptimizer)).
    pub fn accept_another_schedule(mut self) -> Self {
        self.scheduler = self.scheduler.accept_another_schedule();
        self
    }

    /// Lets records of another rule, or of other options of it, load: the position is taken over,
    /// and this rule stays as it is.
    pub fn accept_another_rule(mut self) -> Self {
        self.accepts_another_rule = true;
        self
    }

    /// Tells the rule one value of its metric, measured after the last step. It counts from the
    /// next step on.
    ///
    /// The rule goes by what the schedule gives. While a rate is [set](LrHandle::set) by hand, it
    /// hears and counts all the same, and what it has cut shows once the rate is released.
    ///
    /// Clones of the scheduler don't hear it; what is sent through a
    /// [`metric_handle`](Self::metric_handle), all of them do.
    pub fn observe(&mut self, metric: f64) {
        if self.scheduler.clock.is_behind() {
            self.take_up();
        }
        let heard = Heard {
            value: metric,
            first: true,
        };
        self.hear([heard]);
    }

    /// A handle through which the rule hears its metric where the scheduler itself is out of reach,
    /// as inside a `Learner`.
    pub fn metric_handle(&self) -> MetricHandle {
        MetricHandle {
            mailbox: self.scheduler.clock.mailbox().clone(),
            mode: self.rule.mode(),
            last: Arc::default(),
        }
    }

    /// The schedule underneath.
    pub fn schedule(&self) -> &S {
        self.scheduler.schedule()
    }

    /// The rule, with what it has heard until the last step.
    pub fn rule(&self) -> &F {
        &self.rule
    }

    /// How many steps were taken that count, which is the number of the next one.
    pub fn position(&self) -> u64 {
        self.scheduler.position()
    }

    /// How many steps were taken that [don't count](Self::skip_step).
    pub fn skipped(&self) -> u64 {
        self.scheduler.skipped()
    }

    /// The last step does not count; see [`Scheduler::skip_step`].
    pub fn skip_step(&mut self) {
        self.scheduler.skip_step();
    }

    /// A handle that reads and changes the rate from elsewhere.
    pub fn handle(&self) -> LrHandle {
        self.scheduler.handle()
    }

    /// Takes up what was posted.
    fn take_up(&mut self) {
        let heard = self.scheduler.clock.catch_up();
        self.hear(heard);
    }

    fn hear(&mut self, heard: impl IntoIterator<Item = Heard>) {
        let Self {
            scheduler, rule, ..
        } = self;
        hear(rule, scheduler.schedule(), scheduler.clock.now(), heard);
    }

    /// The same at the same position, but nothing that is done to the one is done to the other; see
    /// [`Scheduler::detached`].
    pub fn detached(&self) -> Self
    where
        S: Clone,
        F: Clone,
    {
        Self {
            scheduler: self.scheduler.detached(),
            rule: self.rule.clone(),
            accepts_another_rule: self.accepts_another_rule,
        }
    }

    /// By what the rule is recognised: its name and, where it has a description, its options.
    fn rule_fingerprint(&self) -> u64 {
        match self.rule.to_spec() {
            Some(spec) => fingerprint(&to_json(&spec)),
            None => fingerprint(self.rule.name()),
        }
    }
}

/// Lets `rule` hear all values, the last of `schedule`'s steps being behind it.
fn hear(
    rule: &mut impl Feedback,
    schedule: &impl Schedule,
    now: &Now,
    heard: impl IntoIterator<Item = Heard>,
) {
    for Heard { value, first } in heard {
        let scheduled = now.scheduled(schedule);
        let before = rule.rate(scheduled);
        rule.observe(value, scheduled);
        let after = rule.rate(scheduled);
        if first && after != before {
            let (name, step) = (rule.name(), now.position());
            log::info!(
                "learning rate from step {step} on: {after}, not {before}: {name} has heard {value}"
            );
        }
    }
}

/// Tells a scheduler's rule its metric, wherever Burn has moved the scheduler to, and all clones of
/// it alike: from the same step on, the first that none of them has begun. (Inside burn-train, use
/// `train::MetricFeedback`, which does.)
///
/// ```
/// use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
/// use burn_lr::prelude::*;
///
/// let rule = ReduceOnPlateauConfig::new().with_patience(0).build()?;
/// let lr = FeedbackScheduler::new(Constant::new(0.1), rule);
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
    mailbox: Mailbox,
    mode: Option<Mode>,
    /// The last run that was posted for, and its epoch.
    last: Arc<Mutex<Option<(u64, u64)>>>,
}

impl MetricHandle {
    /// The value of the metric in an epoch, for the rule to hear before the next step, and in what
    /// is saved until then. An epoch that was posted already, through this handle or a clone of
    /// it, is left as it is; returns whether it was not.
    ///
    /// Epochs are counted in a run: where a record is loaded, or a clone steps after those that
    /// have stepped were dropped, they may begin anew.
    pub fn post(&self, epoch: u64, value: f64) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let run = self.mailbox.run();
        let new = match *last {
            Some((last_run, last_epoch)) => run != last_run || epoch > last_epoch,
            None => true,
        };
        if new {
            *last = Some((run, epoch));
            self.mailbox.metric(value);
        }
        new
    }

    /// Which way the rule takes the metric to be better, where it says so.
    pub fn mode(&self) -> Option<Mode> {
        self.mode
    }
}

/// The child record that the rule's numbers are in.
const RULE: &str = "feedback";
/// The name of the rule's fingerprint there.
const FINGERPRINT: &str = "fingerprint";

impl<S, F> Resumable for FeedbackScheduler<S, F>
where
    S: Schedule + Clone + Send + Sync + 'static,
    F: Feedback + Clone + Send + Sync + 'static,
{
    fn record(&self) -> LrSchedulerRecord {
        let mut standing = self.scheduler.clock.standing();
        let mut rule = self.rule.clone();
        let heard = std::mem::take(&mut standing.heard);
        hear(&mut rule, self.schedule(), &standing.now, heard);
        let stored = LrSchedulerRecord::new().with_scalar(FINGERPRINT, self.rule_fingerprint());
        let stored = rule
            .state()
            .iter()
            .fold(stored, |stored, (name, value)| match value {
                Value::Count(count) => stored.with_scalar(name, count),
                Value::Number(number) => stored.with_scalar(name, number),
            });
        let record = self.scheduler.state(Kind::FeedbackScheduler, standing);
        record.with_record(RULE, stored)
    }

    fn try_load_record(&mut self, record: &LrSchedulerRecord) -> Result<(), LoadError> {
        let state = self.scheduler.check(Kind::FeedbackScheduler, record)?;
        let stored = record.record(RULE);
        if stored.scalar(FINGERPRINT) == Some(self.rule_fingerprint()) {
            let value = |name: &str| match stored.scalar(name)? {
                Scalar::Float(number) => Some(Value::Number(number)),
                scalar => u64::try_from(scalar).ok().map(Value::Count),
            };
            self.rule.restore(&Stored::new(&value))?;
        } else if !self.accepts_another_rule {
            return Err(LoadError::AnotherRule);
        }
        self.scheduler.clock.restore(state.into());
        Ok(())
    }

    fn description(&self) -> Option<String> {
        let spec = Spec::Feedback {
            rule: self.rule.to_spec()?,
            of: Box::new(self.schedule().to_spec()?),
        };
        Some(to_json(&spec))
    }
}

impl<S, F> LrScheduler for FeedbackScheduler<S, F>
where
    S: Schedule + Clone + Send + Sync + 'static,
    F: Feedback + Clone + Send + Sync + 'static,
{
    fn step(&mut self) -> LearningRate {
        if self.scheduler.clock.begin() {
            self.take_up();
        }
        let Self {
            scheduler, rule, ..
        } = self;
        scheduler.end_step(|scheduled| rule.rate(scheduled))
    }

    fn to_record(&self) -> LrSchedulerRecord {
        self.record()
    }

    fn load_record(&mut self, record: LrSchedulerRecord) {
        load_or_panic(self, &record);
    }
}

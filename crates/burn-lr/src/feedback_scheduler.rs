use std::sync::OnceLock;

use burn::lr_scheduler::{LrScheduler, LrSchedulerRecord};
use burn::optim::LearningRate;
use burn_pack::Scalar;

use crate::clock::Clock;
use crate::control::LrHandle;
use crate::feedback::{Feedback, Stored, Value};
use crate::record::{
    Identity, Kind, LoadError, Resumable, SchedulerState, fingerprint, load_or_panic, to_json,
};
use crate::{Schedule, Spec};

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
#[derive(Debug, Clone)]
pub struct FeedbackScheduler<S, F> {
    schedule: S,
    rule: F,
    clock: Clock,
    /// Of the schedule, from when it was first asked for.
    identity: OnceLock<Identity>,
    accepts_another_schedule: bool,
    accepts_another_rule: bool,
}

impl<S: Schedule, F: Feedback> FeedbackScheduler<S, F> {
    /// At step 0 of `schedule`, under `rule`.
    pub fn new(schedule: S, rule: F) -> Self {
        Self {
            clock: Clock::new(rule.rate(schedule.at(0))),
            schedule,
            rule,
            identity: OnceLock::new(),
            accepts_another_schedule: false,
            accepts_another_rule: false,
        }
    }

    /// Lets records of another schedule load: position, rule and what was set by hand are taken
    /// over, and the rates are what this schedule gives from there on.
    pub fn accept_another_schedule(mut self) -> Self {
        self.accepts_another_schedule = true;
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
    pub fn observe(&mut self, metric: f64) {
        let scheduled = self.clock.scheduled(&self.schedule);
        self.rule.observe(metric, scheduled);
    }

    /// The schedule underneath.
    pub fn schedule(&self) -> &S {
        &self.schedule
    }

    /// The rule, with what it has heard.
    pub fn rule(&self) -> &F {
        &self.rule
    }

    /// How many steps were taken, which is the number of the next one.
    pub fn position(&self) -> u64 {
        self.clock.position()
    }

    /// A handle that reads and changes the rate from elsewhere.
    pub fn handle(&self) -> LrHandle {
        self.clock.handle()
    }

    fn identity(&self) -> &Identity {
        self.identity.get_or_init(|| Identity::of(&self.schedule))
    }

    /// By what the rule is recognised: its name and, where it has a description, its options.
    fn rule_fingerprint(&self) -> u64 {
        match self.rule.to_spec() {
            Some(spec) => fingerprint(&to_json(&spec)),
            None => fingerprint(self.rule.name()),
        }
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
    fn try_load_record(&mut self, record: &LrSchedulerRecord) -> Result<(), LoadError> {
        let state = SchedulerState::from_record(record)?;
        state.check_kind(Kind::FeedbackScheduler)?;
        let checked = state.check_schedule(self.identity(), self.accepts_another_schedule)?;
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
        state.restore(&mut self.clock, checked);
        Ok(())
    }

    fn description(&self) -> Option<String> {
        let spec = Spec::Feedback {
            rule: self.rule.to_spec()?,
            of: Box::new(self.schedule.to_spec()?),
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
        self.clock
            .step(&self.schedule, |scheduled| self.rule.rate(scheduled))
    }

    fn to_record(&self) -> LrSchedulerRecord {
        let identity = self.identity().clone();
        let state = SchedulerState::new(Kind::FeedbackScheduler, &self.clock, identity);
        let rule = LrSchedulerRecord::new().with_scalar(FINGERPRINT, self.rule_fingerprint());
        let rule = self
            .rule
            .state()
            .iter()
            .fold(rule, |rule, (name, value)| match value {
                Value::Count(count) => rule.with_scalar(name, count),
                Value::Number(number) => rule.with_scalar(name, number),
            });
        LrSchedulerRecord::from_state(&state).with_record(RULE, rule)
    }

    fn load_record(&mut self, record: LrSchedulerRecord) {
        load_or_panic(self, &record);
    }
}

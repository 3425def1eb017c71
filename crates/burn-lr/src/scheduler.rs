use std::sync::{Arc, OnceLock};

use burn::lr_scheduler::{LrScheduler, LrSchedulerRecord};
use burn::optim::LearningRate;

use crate::Schedule;
use crate::clock::{Clock, Standing};
use crate::control::LrHandle;
use crate::record::{
    Driven, Identity, Kind, LoadError, Resumable, SchedulerState, load_or_panic, to_json,
};

/// A schedule with a position: a scheduler that Burn can step, save and resume.
///
/// The first step has the rate of the schedule's step 0. It goes wherever Burn takes an
/// `LrScheduler`: into a hand-written loop, a `ModuleLrScheduler` and its groups, or
/// `Learner::new`.
///
/// ```
/// use burn_lr::prelude::*;
///
/// let schedule = MultiStep::new(0.1, [2], 0.5);
/// let mut lr = Scheduler::new(schedule.clone());
/// assert_eq!([lr.step(), lr.step(), lr.step()], [0.1, 0.1, 0.05]);
///
/// // what was saved goes on, and only with the schedule that it began with
/// let record = lr.to_record();
/// let mut resumed = Scheduler::new(schedule);
/// resumed.try_load_record(&record)?;
/// assert_eq!(resumed.position(), 3);
///
/// let mut other = Scheduler::new(Constant::new(0.1));
/// assert!(other.try_load_record(&record).is_err());
/// assert_eq!(other.position(), 0);
/// # Ok::<(), burn_lr::LoadError>(())
/// ```
///
/// A clone goes on by itself from where this one is. What is done through [handles](LrHandle) counts
/// for both; [`detached`](Self::detached) gives a copy for which it doesn't.
///
/// Burn's own `load_record` can't fail, and so panics with that error rather than restart at
/// step 0 without a word.
#[derive(Debug, Clone)]
pub struct Scheduler<S> {
    schedule: S,
    pub(crate) clock: Clock,
    /// Of the schedule, from when it was first asked for.
    identity: OnceLock<Identity>,
    /// The schedules of other quantities that follow this one's steps.
    driven: Arc<Vec<Driven>>,
    pub(crate) accepts_another_schedule: bool,
}

impl<S: Schedule> Scheduler<S> {
    /// At step 0 of `schedule`.
    pub fn new(schedule: S) -> Self {
        let first_rate = schedule.at(0);
        Self::beginning_with(schedule, first_rate)
    }

    /// The same, with a rule that makes `first_rate` of the schedule's first one.
    pub(crate) fn beginning_with(schedule: S, first_rate: f64) -> Self {
        Self {
            clock: Clock::new(first_rate),
            schedule,
            identity: OnceLock::new(),
            driven: Arc::default(),
            accepts_another_schedule: false,
        }
    }

    /// Lets records of another schedule load: the position and what was set by hand are taken
    /// over, and the rates are this schedule's from there on. The same goes for the schedules of
    /// other quantities ([`ScheduledOptimizer`](crate::ScheduledOptimizer)).
    pub fn accept_another_schedule(mut self) -> Self {
        self.accepts_another_schedule = true;
        self
    }

    /// The schedule.
    pub fn schedule(&self) -> &S {
        &self.schedule
    }

    /// How many steps were taken that count, which is the number of the next one.
    pub fn position(&self) -> u64 {
        self.clock.position()
    }

    /// How many steps were taken that [don't count](Self::skip_step).
    pub fn skipped(&self) -> u64 {
        self.clock.standing().now.skipped
    }

    /// The last step does not count: the optimizer was not stepped, since a gradient was not
    /// finite, say. The next step has that step's number again, and its rate. Called twice between
    /// two steps, it takes back one.
    ///
    /// How many there were is saved ([`skipped`](Self::skipped)).
    ///
    /// ```
    /// use burn_lr::prelude::*;
    ///
    /// let mut lr = Scheduler::new(Linear::new(0.1, 0.0, 4));
    /// assert_eq!([lr.step(), lr.step()], [0.1, 0.1 * 0.75]);
    /// // if the gradients are finite: model = optimizer.step(rate, model, grads); else:
    /// lr.skip_step();
    /// assert_eq!((lr.step(), lr.position(), lr.skipped()), (0.1 * 0.75, 2, 1));
    /// ```
    pub fn skip_step(&mut self) {
        self.clock.skip_step();
    }

    /// A handle that reads and changes the rate from elsewhere.
    pub fn handle(&self) -> LrHandle {
        LrHandle::new(self.clock.mailbox().clone())
    }

    /// From now on, the schedule of another quantity follows this one's steps.
    pub(crate) fn drive(&mut self, name: &str, schedule: &impl Schedule) {
        Arc::make_mut(&mut self.driven).push(Driven::new(name, schedule));
    }

    /// The same at the same position, but nothing that is done to the one is done to the other:
    /// they share no [handle](Self::handle), as clones do.
    ///
    /// For several runs side by side, or for a copy of one that goes on by itself.
    ///
    /// ```
    /// use burn_lr::prelude::*;
    ///
    /// let mut lr = Scheduler::new(Constant::new(0.1));
    /// let (mut clone, mut other) = (lr.clone(), lr.detached());
    /// lr.handle().set(0.5)?;
    /// assert_eq!([lr.step(), clone.step(), other.step()], [0.5, 0.5, 0.1]);
    /// # Ok::<(), burn_lr::ControlError>(())
    /// ```
    pub fn detached(&self) -> Self
    where
        S: Clone,
    {
        Self {
            schedule: self.schedule.clone(),
            clock: self.clock.detached(),
            identity: self.identity.clone(),
            driven: self.driven.clone(),
            accepts_another_schedule: self.accepts_another_schedule,
        }
    }

    /// Ends a step that was begun: its rate, from what `rule` makes of the scheduled one.
    #[inline]
    pub(crate) fn end_step(&mut self, rule: impl FnOnce(f64) -> f64) -> f64 {
        self.clock.end(&self.schedule, rule)
    }

    fn identity(&self) -> &Identity {
        self.identity.get_or_init(|| Identity::of(&self.schedule))
    }

    /// What a record of a scheduler of `kind` holds, which stands so.
    pub(crate) fn state(&self, kind: Kind, standing: Standing) -> LrSchedulerRecord {
        let state = SchedulerState::new(kind, standing, self.identity().clone());
        let record = LrSchedulerRecord::from_state(&state);
        Driven::store(&self.driven, record)
    }

    /// The state that `record` holds, if it is one of this schedule and of `kind`.
    pub(crate) fn check(
        &self,
        kind: Kind,
        record: &LrSchedulerRecord,
    ) -> Result<SchedulerState, LoadError> {
        let state = SchedulerState::from_record(record)?;
        state.check_kind(kind)?;
        let accepts = self.accepts_another_schedule;
        if !accepts {
            Driven::check(&self.driven, record)?;
        }
        state.for_schedule(self.identity(), accepts)
    }
}

impl<S: Schedule + Clone + Send + Sync + 'static> Resumable for Scheduler<S> {
    fn record(&self) -> LrSchedulerRecord {
        self.state(Kind::Scheduler, self.clock.standing())
    }

    fn try_load_record(&mut self, record: &LrSchedulerRecord) -> Result<(), LoadError> {
        let state = self.check(Kind::Scheduler, record)?;
        self.clock.restore(state.into());
        Ok(())
    }

    fn description(&self) -> Option<String> {
        self.schedule.to_spec().as_ref().map(to_json)
    }
}

impl<S: Schedule + Clone + Send + Sync + 'static> LrScheduler for Scheduler<S> {
    fn step(&mut self) -> LearningRate {
        if self.clock.begin() {
            self.clock.catch_up(); // nobody here has to hear a metric
        }
        self.end_step(|scheduled| scheduled)
    }

    fn to_record(&self) -> LrSchedulerRecord {
        self.record()
    }

    fn load_record(&mut self, record: LrSchedulerRecord) {
        load_or_panic(self, &record);
    }
}

use std::sync::OnceLock;

use burn::lr_scheduler::{LrScheduler, LrSchedulerRecord};
use burn::optim::LearningRate;

use crate::Schedule;
use crate::clock::Clock;
use crate::control::LrHandle;
use crate::record::{Identity, Kind, LoadError, Resumable, SchedulerState, load_or_panic, to_json};

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
/// Burn's own `load_record` can't fail, and so panics with that error rather than restart at
/// step 0 without a word.
#[derive(Debug, Clone)]
pub struct Scheduler<S> {
    schedule: S,
    clock: Clock,
    /// Of the schedule, from when it was first asked for.
    identity: OnceLock<Identity>,
    accepts_another_schedule: bool,
}

impl<S: Schedule> Scheduler<S> {
    /// At step 0 of `schedule`.
    pub fn new(schedule: S) -> Self {
        Self {
            clock: Clock::new(schedule.at(0)),
            schedule,
            identity: OnceLock::new(),
            accepts_another_schedule: false,
        }
    }

    /// Lets records of another schedule load: the position and what was set by hand are taken
    /// over, and the rates are this schedule's from there on.
    pub fn accept_another_schedule(mut self) -> Self {
        self.accepts_another_schedule = true;
        self
    }

    /// The schedule.
    pub fn schedule(&self) -> &S {
        &self.schedule
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
}

impl<S: Schedule + Clone + Send + Sync + 'static> Resumable for Scheduler<S> {
    fn try_load_record(&mut self, record: &LrSchedulerRecord) -> Result<(), LoadError> {
        let state = SchedulerState::from_record(record)?;
        state.check_kind(Kind::Scheduler)?;
        let checked = state.check_schedule(self.identity(), self.accepts_another_schedule)?;
        state.restore(&mut self.clock, checked);
        Ok(())
    }

    fn description(&self) -> Option<String> {
        self.schedule.to_spec().as_ref().map(to_json)
    }
}

impl<S: Schedule + Clone + Send + Sync + 'static> LrScheduler for Scheduler<S> {
    fn step(&mut self) -> LearningRate {
        self.clock.step(&self.schedule, |scheduled| scheduled)
    }

    fn to_record(&self) -> LrSchedulerRecord {
        let identity = self.identity().clone();
        LrSchedulerRecord::from_state(&SchedulerState::new(Kind::Scheduler, &self.clock, identity))
    }

    fn load_record(&mut self, record: LrSchedulerRecord) {
        load_or_panic(self, &record);
    }
}

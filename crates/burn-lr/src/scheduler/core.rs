use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use lr_schedule::Schedule;
use lr_schedule::feedback::{Feedback, NoFeedback};

use crate::handle::{LrHandle, MetricHandle};
use crate::on_thread;
use crate::record::{Driven, Identity, Progress};
use crate::timeline::Cursor;
use crate::timeline::event::Action;

/// A schedule with a position, under a feedback rule or none: a scheduler that Burn can step, save
/// and resume.
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
/// // a saved one goes on, and only with the schedule that it began with
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
/// # With a feedback rule
///
/// PyTorch's `ReduceLROnPlateau`, over any schedule ([guide](crate::guide::metrics)): the rate is the one that the rule
/// makes of the schedule's. The state holds both. Every rate that the rule changes is logged (through the `log` crate,
/// level `info`) with its step.
///
/// # Clones
///
/// A clone goes on by itself from where this one is. Changes through [handles](LrHandle) count
/// for both; [`detached`](Self::detached) gives a copy for which they don't.
///
/// Burn's own `load_record` can't fail, and so panics with that error rather than restart at
/// step 0 without a word.
#[derive(Debug, Clone)]
pub struct Scheduler<S, F = NoFeedback> {
    pub(super) schedule: S,
    pub(super) rule: F,
    pub(super) progress: Progress,
    pub(super) cursor: Cursor,
    /// The number under which it announces its steps on their thread, the same for clones; `None` while
    /// nothing follows it.
    pub(super) family: Option<u64>,
    /// The schedule's, from when it was first asked for.
    pub(super) identity: OnceLock<Identity>,
    /// The schedules of other quantities that follow this one's steps.
    pub(super) driven: Arc<Vec<Driven>>,
    pub(super) accepts_another_schedule: bool,
    pub(super) accepts_another_rule: bool,
}

impl<S: Schedule> Scheduler<S> {
    /// Creates a scheduler at step 0 of `schedule`.
    pub fn new(schedule: S) -> Self {
        Self::with_feedback(schedule, NoFeedback)
    }
}

impl<S: Schedule, F: Feedback> Scheduler<S, F> {
    /// Creates a scheduler at step 0 of `schedule`, under `rule`.
    pub fn with_feedback(schedule: S, rule: F) -> Self {
        let first_rate = rule.rate(schedule.at(0));
        let cursor = Cursor::new();
        cursor.timeline().publish(first_rate);
        Self {
            schedule,
            rule,
            progress: Progress::at(0, first_rate),
            cursor,
            family: None,
            identity: OnceLock::new(),
            driven: Arc::default(),
            accepts_another_schedule: false,
            accepts_another_rule: false,
        }
    }

    /// Lets records of another schedule load: position, rule and changes by hand are taken over, and
    /// the rates are this schedule's from there on. The same goes for the schedules of other
    /// quantities ([`ScheduledOptimizer`](crate::ScheduledOptimizer)).
    #[must_use]
    pub fn accept_another_schedule(mut self) -> Self {
        self.accepts_another_schedule = true;
        self
    }

    /// Lets records of another rule, or of other options of it, load: the position is taken over,
    /// and this rule stays as it is.
    #[must_use]
    pub fn accept_another_rule(mut self) -> Self {
        self.accepts_another_rule = true;
        self
    }

    /// The schedule.
    pub fn schedule(&self) -> &S {
        &self.schedule
    }

    /// The rule, with the metrics that it observed until the last step.
    pub fn rule(&self) -> &F {
        &self.rule
    }

    /// The number of steps that were taken and count, which is the number of the next one.
    pub fn position(&self) -> u64 {
        self.current().position()
    }

    /// The number of steps that were taken and [don't count](Self::skip_step).
    pub fn skipped(&self) -> u64 {
        self.current().applied.skipped
    }

    /// Takes back the last step, which does not count: the optimizer was not stepped, since a gradient
    /// was not finite, say. The next step has that step's number again, and its rate. Called twice
    /// between two steps, it takes back one.
    ///
    /// The number of these steps is saved ([`skipped`](Self::skipped)).
    ///
    /// ```
    /// use burn_lr::prelude::*;
    ///
    /// let mut lr = Scheduler::new(LinearRamp::new(0.1, 0.0, 4));
    /// assert_eq!([lr.step(), lr.step()], [0.1, 0.1 * 0.75]);
    /// // if the gradients are finite: model = optimizer.step(rate, model, grads); else:
    /// lr.skip_step();
    /// assert_eq!((lr.step(), lr.position(), lr.skipped()), (0.1 * 0.75, 2, 1));
    /// ```
    pub fn skip_step(&mut self) {
        self.cursor.skip();
    }

    /// Passes the rule one value of its metric, measured after the last step. It counts from the next
    /// step on.
    ///
    /// The rule goes by the schedule's rates. While a rate is [set](LrHandle::set) by hand, it
    /// observes and counts all the same, and its cuts show once the rate is released.
    ///
    /// Clones of the scheduler don't observe it; a value that is sent through a
    /// [`metric_handle`](Self::metric_handle), all of them do.
    pub fn observe(&mut self, metric: f64) {
        if !self.cursor.is_up_to_date() {
            self.apply_events(false);
        }
        observe(&mut self.rule, &self.schedule, &self.progress, metric, true);
    }

    /// Returns a handle that reads and changes the rate from elsewhere.
    pub fn handle(&self) -> LrHandle {
        LrHandle::new(self.cursor.timeline().clone())
    }

    /// A handle that passes the rule its metric where the scheduler itself is out of reach, as inside
    /// a `Learner`.
    pub fn metric_handle(&self) -> MetricHandle {
        MetricHandle::new(self.cursor.timeline().clone(), self.rule.mode())
    }

    /// Lets the schedule of another quantity follow this one's steps.
    pub(crate) fn drive(&mut self, name: &str, schedule: &impl Schedule) {
        Arc::make_mut(&mut self.driven).push(Driven::new(name, schedule));
    }

    /// The progress before the next step.
    fn current(&self) -> Progress {
        self.before_next_step(|_, _| ()).0
    }

    /// Announces each step on its thread from now on; returns under which number.
    pub(crate) fn announce(&mut self) -> u64 {
        static FAMILIES: AtomicU64 = AtomicU64::new(0);
        let next = || FAMILIES.fetch_add(1, Ordering::Relaxed);
        *self.family.get_or_insert_with(next)
    }

    /// A copy at the same position that shares no [handle](Self::handle) with this one, as clones do:
    /// for several runs side by side, or for one that goes on by itself.
    ///
    /// ```
    /// use burn_lr::prelude::*;
    ///
    /// let mut lr = Scheduler::new(Constant::new(0.1));
    /// let (mut clone, mut other) = (lr.clone(), lr.detached());
    /// lr.handle().set(0.5)?;
    /// assert_eq!([lr.step(), clone.step(), other.step()], [0.5, 0.5, 0.1]);
    /// # Ok::<(), ScheduleError>(())
    /// ```
    pub fn detached(&self) -> Self
    where
        S: Clone,
        F: Clone,
    {
        Self {
            schedule: self.schedule.clone(),
            rule: self.rule.clone(),
            cursor: self.cursor.detached(),
            family: None,
            identity: self.identity.clone(),
            driven: self.driven.clone(),
            ..*self
        }
    }

    /// Takes a step, and returns its rate.
    #[inline]
    pub(super) fn take_step(&mut self) -> f64 {
        if !self.cursor.begin(self.progress.taken) {
            self.apply_events(true);
        }
        let progress = &mut self.progress;
        let position = progress.position();
        let scheduled = match progress.scheduled {
            Some(previous) => self.schedule.advance(position, previous),
            None => self.schedule.at(position),
        };
        let rate = self.rule.rate(scheduled);
        progress.scheduled = Some(scheduled);
        progress.rate = progress.applied.over.rate(position, rate);
        progress.taken = progress.taken.saturating_add(1);
        self.cursor.timeline().publish(progress.rate);
        if let Some(family) = self.family {
            on_thread::announce(family, position, progress.rate);
        }
        progress.rate
    }

    /// Moves to `progress`, with events of later steps.
    pub(crate) fn restore(&mut self, progress: Progress, later: Vec<(u64, Action)>) {
        self.cursor.restore(progress.taken, progress.applied, later);
        self.cursor.timeline().publish(progress.rate);
        self.progress = progress;
    }

    /// Applies the events before the next step, which it begins if it `begins`.
    #[cold]
    fn apply_events(&mut self, begins: bool) {
        for event in self.cursor.take(self.progress.taken, begins) {
            let (step, first) = (self.progress.position(), event.is_first());
            self.progress.apply(&event.action);
            match &event.action {
                Action::Metric(value) => {
                    let (rule, schedule) = (&mut self.rule, &self.schedule);
                    observe(rule, schedule, &self.progress, *value, first);
                }
                Action::Skip if first => {
                    let step = self.progress.position();
                    log::info!("step {step} does not count and comes again");
                }
                action if first => log::info!("learning rate from step {step} on: {action}"),
                _ => (),
            }
        }
    }

    /// The progress with all events before the next step applied, whose metrics `observe` gets; and the
    /// events of later steps, each with how many steps are left before it.
    pub(super) fn before_next_step(
        &self,
        mut observe: impl FnMut(&Progress, f64),
    ) -> (Progress, Vec<(u64, Action)>) {
        let mut progress = self.progress;
        let mut later = vec![];
        for event in self.cursor.pending() {
            let left = event.at.saturating_sub(progress.taken);
            match event.action {
                ref action if left > 0 || !later.is_empty() => later.push((left, action.clone())),
                Action::Metric(value) => observe(&progress, value),
                ref action => progress.apply(action),
            }
        }
        (progress, later)
    }
}

/// Passes `rule` a value of its metric, measured after the last step of `schedule`.
pub(super) fn observe(
    rule: &mut impl Feedback,
    schedule: &impl Schedule,
    progress: &Progress,
    metric: f64,
    logs: bool,
) {
    let step = progress.position();
    let last = step.saturating_sub(1);
    let scheduled = progress.scheduled.unwrap_or_else(|| schedule.at(last));
    let before = rule.rate(scheduled);
    rule.observe(metric, scheduled);
    let after = rule.rate(scheduled);
    if logs && after != before {
        let name = rule.name();
        log::info!(
            "learning rate from step {step} on: {after}, not {before}: {name} has observed {metric}"
        );
    }
}

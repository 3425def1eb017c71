//! The timeline of a run: events in order, each at a step, for all clones of a scheduler.
//!
//! Clones that step are of one run, from their first step until they are dropped or loaded anew; the
//! run is over when none of them is left. An event of a run is at the first step that no clone of
//! the run has begun, and each clone applies it before that step. Clones that have not stepped get
//! it too, since they may be workers that come late; if they have not stepped when the run is over,
//! they lose it again. Without a run, an event is for the next step of every clone.
//!
//! Steps are told apart by how many were taken, skipped ones included.
//!
//! All of this is behind one lock. A clone without others has nobody to agree with, so that it looks
//! at a counter of events instead, and locks when there is a new one. With several clones, a step is
//! begun and its events are found under one lock, the one under which events are appended: an event
//! is before a step for all clones, or for none.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::event::{Action, Applied, Override};
use crate::on_thread;
use crate::sync::{
    Arc, AtomicBool, AtomicU64, AtomicUsize, Mutex, MutexGuard, Ordering, PoisonError,
};

/// How many changes by hand wait for a clone at most: of more, the oldest two become one. Metrics
/// and skipped steps all wait.
pub(crate) const MAX_BY_HAND: usize = 1024;

/// An event, and how many steps are taken before it.
#[derive(Debug)]
pub(crate) struct Event {
    pub at: u64,
    pub action: Action,
    applied: AtomicBool,
}

impl Event {
    pub fn new(at: u64, action: Action) -> Self {
        let applied = AtomicBool::new(false);
        Self {
            at,
            action,
            applied,
        }
    }

    /// Whether no clone has applied it before, and so nobody has logged it.
    pub fn is_first(&self) -> bool {
        !self.applied.swap(true, Ordering::Relaxed)
    }
}

/// An event that a clone has not applied.
#[derive(Debug, Clone)]
struct Pending {
    event: Arc<Event>,
    /// Whether it goes when the run is over, since the clone has no part in that yet.
    for_run: bool,
}

/// The events of a scheduler's clones, shared by them and by its handles.
#[derive(Debug, Clone)]
pub(crate) struct Timeline {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// The bits of the last rate.
    rate: AtomicU64,
    /// How many events there were.
    events: AtomicU64,
    clones: AtomicUsize,
    runs: Mutex<Runs>,
}

#[derive(Debug, Default)]
struct Runs {
    clones: BTreeMap<u64, Member>,
    /// How many clones there ever were.
    ever: u64,
    /// The number of the run, the one under way or the last.
    run: u64,
    /// The steps of the run that don't count.
    skipped: BTreeSet<u64>,
    /// The last clone, once it is dropped.
    last: Option<Member>,
}

/// How far a clone has come, and on which thread.
#[derive(Debug, Default)]
struct Pace {
    begun: AtomicU64,
    thread: AtomicU64,
}

/// A clone, as the others and the handles see it.
#[derive(Debug)]
struct Member {
    pace: Arc<Pace>,
    in_run: bool,
    applied: Applied,
    pending: VecDeque<Pending>,
}

/// A clone's place in its timeline.
#[derive(Debug)]
pub(crate) struct Cursor {
    timeline: Timeline,
    id: u64,
    pace: Arc<Pace>,
    in_run: bool,
    /// The count of events up to which all are applied.
    seen: Option<u64>,
}

impl Timeline {
    fn with(member: Member) -> Cursor {
        let timeline = Self {
            shared: Arc::new(Shared {
                rate: AtomicU64::new(0),
                events: AtomicU64::new(0),
                clones: AtomicUsize::new(0),
                runs: Mutex::new(Runs::default()),
            }),
        };
        timeline.enter(&mut timeline.lock(), member)
    }

    fn lock(&self) -> MutexGuard<'_, Runs> {
        let runs = self.shared.runs.lock();
        runs.unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, runs: &mut Runs, member: Member) -> Cursor {
        let (id, pace) = (runs.ever, member.pace.clone());
        runs.ever += 1;
        runs.clones.insert(id, member);
        self.count(runs);
        Cursor {
            timeline: self.clone(),
            id,
            pace,
            in_run: false,
            seen: None,
        }
    }

    fn count(&self, runs: &Runs) {
        let clones = runs.clones.len();
        self.shared.clones.store(clones, Ordering::Relaxed);
    }

    #[inline]
    fn events(&self) -> u64 {
        self.shared.events.load(Ordering::Relaxed)
    }

    /// Appends `action`, unless `check` fails for the override of a clone.
    pub fn append<E>(
        &self,
        action: Action,
        check: impl Fn(&Override) -> Result<(), E>,
    ) -> Result<(), E> {
        let runs = &mut *self.lock();
        let all = runs.clones.values().chain(&runs.last);
        all.map(|member| check(&member.expected().over))
            .collect::<Result<(), E>>()?;
        self.push(runs, action);
        Ok(())
    }

    /// Appends a metric's value.
    pub fn observe(&self, value: f64) {
        self.push(&mut self.lock(), Action::Metric(value));
    }

    fn push(&self, runs: &mut Runs, action: Action) {
        self.shared.events.fetch_add(1, Ordering::Relaxed);
        let run_at = runs.first_step_not_begun();
        let event = Arc::new(Event::new(run_at.unwrap_or(0), action));
        for member in runs.clones.values_mut() {
            member.push(Pending {
                event: event.clone(),
                for_run: run_at.is_some() && !member.in_run,
            });
        }
        if let Some(last) = &mut runs.last {
            last.applied.apply(&event.action, last.begun());
        }
    }

    /// Appends that a clone's last step does not count, unless it doesn't already. The clone is the
    /// one of the run that stepped on this thread, or else the one in front.
    pub fn skip(&self) {
        let runs = &mut *self.lock();
        if let Some(id) = runs.stepped_here().or_else(|| runs.front()) {
            self.skip_of(runs, id);
        }
    }

    fn skip_of(&self, runs: &mut Runs, id: u64) {
        let member = runs.member(id);
        let Some(step) = member.begun().checked_sub(1) else {
            return;
        };
        if member.in_run {
            if runs.skipped.insert(step) {
                self.push(runs, Action::Skip);
            }
        } else if !member.pending.iter().any(Pending::is_own_skip) {
            self.shared.events.fetch_add(1, Ordering::Relaxed);
            member.push(Pending {
                event: Arc::new(Event::new(0, Action::Skip)),
                for_run: false,
            });
        }
    }

    /// The rate of the last step.
    pub fn rate(&self) -> f64 {
        f64::from_bits(self.shared.rate.load(Ordering::Relaxed))
    }

    /// How many steps were taken that count, by the clone in front.
    pub fn steps(&self) -> u64 {
        let runs = self.lock();
        let position = |member: &Member| member.expected().position(member.begun());
        runs.in_front().map_or(0, position)
    }

    /// The override of the clone in front once it has applied all events.
    pub fn expected(&self) -> Override {
        let runs = self.lock();
        let expected = runs.in_front().map(|member| member.expected().over);
        expected.unwrap_or_default()
    }

    /// The number of the run, the one under way or the last.
    pub fn run(&self) -> u64 {
        self.lock().run
    }
}

impl Runs {
    fn member(&mut self, id: u64) -> &mut Member {
        let member = self.clones.get_mut(&id);
        member.expect("a clone is a member until it is dropped")
    }

    fn in_run(&self) -> impl Iterator<Item = (u64, &Member)> {
        let clones = self.clones.iter().map(|(id, member)| (*id, member));
        clones.filter(|(_, member)| member.in_run)
    }

    fn first_step_not_begun(&self) -> Option<u64> {
        self.in_run().map(|(_, member)| member.begun()).max()
    }

    /// The clone of the run that is in front; without a run, the one that was made last.
    fn front(&self) -> Option<u64> {
        let front = self.in_run().max_by_key(|(_, member)| member.begun());
        let newest = self.clones.last_key_value();
        front.map(|(id, _)| id).or(newest.map(|(id, _)| *id))
    }

    fn in_front(&self) -> Option<&Member> {
        let front = self.front().and_then(|id| self.clones.get(&id));
        front.or(self.last.as_ref())
    }

    /// The clone of the run that stepped on this thread; of several, the one in front.
    fn stepped_here(&self) -> Option<u64> {
        let here = on_thread::id();
        let here = self
            .in_run()
            .filter(|(_, member)| member.pace.thread.load(Ordering::Relaxed) == here);
        let front = here.max_by_key(|(_, member)| member.begun());
        front.map(|(id, _)| id)
    }

    /// Ends the run if no clone of it is left.
    fn end_run(&mut self) {
        if self.in_run().next().is_none() {
            self.skipped.clear();
            let clones = self.clones.values_mut();
            clones.for_each(|member| member.pending.retain(|pending| !pending.for_run));
        }
    }
}

impl Pending {
    fn is_own_skip(&self) -> bool {
        self.event.action == Action::Skip && !self.for_run
    }
}

impl Member {
    fn new(taken: u64, applied: Applied, pending: VecDeque<Pending>) -> Self {
        let pace = Pace::default();
        pace.begun.store(taken, Ordering::Relaxed);
        Self {
            pace: Arc::new(pace),
            in_run: false,
            applied,
            pending,
        }
    }

    /// How many steps it has taken or begun.
    fn begun(&self) -> u64 {
        self.pace.begun.load(Ordering::Relaxed)
    }

    /// The state once the next `count` events are applied.
    fn after(&self, count: usize) -> Applied {
        let begun = self.begun();
        let mut applied = self.applied;
        for Pending { event, .. } in self.pending.iter().take(count) {
            applied.apply(&event.action, event.at.max(begun));
        }
        applied
    }

    /// The state once all events are applied.
    fn expected(&self) -> Applied {
        self.after(self.pending.len())
    }

    fn join_run(&mut self) {
        self.in_run = true;
        let pending = self.pending.iter_mut();
        pending.for_each(|pending| pending.for_run = false);
    }

    /// Takes the events that are at or before the step after `taken` ones, and whether these are all.
    fn take(&mut self, taken: u64) -> (Vec<Arc<Event>>, bool) {
        let mut reached = vec![];
        let is_reached = |pending: &mut Pending| pending.event.at <= taken;
        while let Some(Pending { event, .. }) = self.pending.pop_front_if(is_reached) {
            self.applied.apply(&event.action, taken);
            reached.push(event);
        }
        (reached, self.pending.is_empty())
    }

    fn push(&mut self, pending: Pending) {
        let for_run = pending.for_run;
        self.pending.push_back(pending);
        if self.pending.len() <= MAX_BY_HAND {
            return;
        }
        let waiting = self.pending.iter().enumerate();
        let by_hand: Vec<usize> = waiting
            .filter(|(_, other)| other.for_run == for_run && other.event.action.is_by_hand())
            .map(|(index, _)| index)
            .collect();
        if let [first, second, ..] = by_hand[..]
            && by_hand.len() > MAX_BY_HAND
        {
            let sum = Action::Override(self.after(second + 1).over);
            let last = &mut self.pending[second].event;
            let sum = Event::new(last.at, sum);
            let applied = last.applied.load(Ordering::Relaxed);
            sum.applied.store(applied, Ordering::Relaxed);
            *last = Arc::new(sum);
            self.pending.remove(first);
        }
    }
}

impl Cursor {
    /// The cursor of a new timeline.
    pub fn new() -> Self {
        Timeline::with(Member::new(0, Applied::default(), VecDeque::new()))
    }

    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Begins the step after `taken` ones. Returns the events to apply before it, if there can be any.
    #[inline]
    pub fn begin(&mut self, taken: u64) -> Option<Vec<Arc<Event>>> {
        self.pace.thread.store(on_thread::id(), Ordering::Relaxed);
        let shared = &self.timeline.shared;
        let alone = shared.clones.load(Ordering::Relaxed) == 1;
        if alone && self.in_run && self.is_up_to_date() {
            self.pace
                .begun
                .store(taken.saturating_add(1), Ordering::Relaxed);
            return None;
        }
        Some(self.begin_with_others(taken))
    }

    #[cold]
    fn begin_with_others(&mut self, taken: u64) -> Vec<Arc<Event>> {
        let runs = &mut *self.timeline.lock();
        if !self.in_run {
            if runs.in_run().next().is_none() {
                runs.run += 1;
            }
            runs.member(self.id).join_run();
            self.in_run = true;
        }
        self.pace
            .begun
            .store(taken.saturating_add(1), Ordering::Relaxed);
        let (reached, all) = runs.member(self.id).take(taken);
        self.seen = all.then(|| self.timeline.events());
        reached
    }

    /// Takes the events that are at or before the step after `taken` ones.
    pub fn catch_up(&mut self, taken: u64) -> Vec<Arc<Event>> {
        let runs = &mut *self.timeline.lock();
        let (reached, all) = runs.member(self.id).take(taken);
        self.seen = all.then(|| self.timeline.events());
        reached
    }

    /// Whether every event is applied.
    #[inline]
    pub fn is_up_to_date(&self) -> bool {
        self.seen == Some(self.timeline.events())
    }

    /// The events that are not applied.
    pub fn pending(&self) -> Vec<Arc<Event>> {
        if self.is_up_to_date() {
            return vec![];
        }
        let mut runs = self.timeline.lock();
        let pending = runs.member(self.id).pending.iter();
        pending.map(|pending| pending.event.clone()).collect()
    }

    /// Publishes the rate of the last step for handles.
    #[inline]
    pub fn publish(&self, rate: f64) {
        let shared = &self.timeline.shared;
        shared.rate.store(rate.to_bits(), Ordering::Relaxed);
    }

    /// Appends that this clone's last step does not count.
    pub fn skip(&self) {
        self.timeline.skip_of(&mut self.timeline.lock(), self.id);
    }

    /// Moves to where a saved run was, with its events.
    pub fn restore(&mut self, taken: u64, applied: Applied, events: Vec<Event>) {
        let runs = &mut *self.timeline.lock();
        let pending = events.into_iter().map(|event| Pending {
            event: Arc::new(event),
            for_run: false,
        });
        let member = runs.member(self.id);
        (member.applied, member.pending) = (applied, pending.collect());
        member.in_run = false;
        member.pace.begun.store(taken, Ordering::Relaxed);
        (self.in_run, self.seen) = (false, None);
        runs.end_run();
        runs.run += 1;
    }

    /// A copy of this clone for `runs`, or for a timeline of its own.
    fn copy(&self, runs: &mut Runs, detached: bool) -> Member {
        let member = runs.member(self.id);
        let mut pending = member.pending.clone();
        if detached {
            pending.retain(|pending| !pending.for_run);
        }
        Member::new(member.begun(), member.applied, pending)
    }

    /// The cursor of a copy in a timeline of its own.
    pub fn detached(&self) -> Self {
        let member = self.copy(&mut self.timeline.lock(), true);
        let detached = Timeline::with(member);
        detached.publish(self.timeline.rate());
        detached
    }
}

impl Clone for Cursor {
    fn clone(&self) -> Self {
        let runs = &mut *self.timeline.lock();
        let copy = self.copy(runs, false);
        self.timeline.enter(runs, copy)
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        let runs = &mut *self.timeline.lock();
        if let Some(mut member) = runs.clones.remove(&self.id)
            && runs.clones.is_empty()
        {
            member.applied = member.expected();
            member.pending.clear();
            runs.last = Some(member);
        }
        runs.end_run();
        self.timeline.count(runs);
    }
}

//! What a scheduler's clones and handles have in common: an inbox for each clone, and what tells
//! from which step on a change holds.
//!
//! Clones that step are of one run, from their first step until they are dropped or loaded anew; the
//! run is over when none of them is left. A change that is posted in a run holds from the first step
//! that no clone of it has begun, which is the same one for all of them. The clones that have not
//! stepped get it too, since they may turn out to be workers that come late; if they have not
//! stepped when the run is over, they lose it again. Without a run, a change is for every clone's
//! next step. So what a clone goes on from is what was in force for the one that it was made of.
//!
//! Steps are told apart by how many were taken, skipped ones included. Where there are several
//! clones, a step is claimed (its number stored) before the version is read, and a change raises the
//! version before the claims are read; all four in one order that every thread sees alike. So either
//! the step finds the change, or the change finds the step and comes after it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::control::Override;
use crate::inbox::{Change, Inbox, What};
use crate::on_thread;

/// Shared by a scheduler's clones and handles.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mailbox {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// The bits of the last rate and how many steps were taken that count, for handles to read.
    rate: AtomicU64,
    steps: AtomicU64,
    /// Counts what is posted, so that a step which finds nothing new takes no lock.
    version: AtomicU64,
    /// How many clones there are.
    clones: AtomicUsize,
    posted: Mutex<Posted>,
}

#[derive(Debug, Default)]
struct Posted {
    clones: BTreeMap<u64, Entry>,
    /// How many clones there ever were.
    ever: u64,
    /// Which run it is, the one under way or the last.
    run: u64,
    /// The steps that don't count, of that run.
    skipped: BTreeSet<u64>,
    /// What was wanted when the last clone was dropped.
    left: Override,
}

/// How far a clone has come, and where.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// How many steps it has taken or begun.
    claim: AtomicU64,
    /// The thread of its last step.
    thread: AtomicU64,
}

impl Pace {
    /// Another step is begun, after so many.
    #[inline]
    pub fn begin(&self, taken: u64) {
        self.claim.store(taken.saturating_add(1), Ordering::SeqCst);
    }

    /// So many steps are taken, the last one on this thread.
    #[inline]
    pub fn end(&self, taken: u64) {
        self.claim.store(taken, Ordering::Relaxed);
        self.thread.store(on_thread::id(), Ordering::Relaxed);
    }
}

/// What is known of a clone.
#[derive(Debug)]
pub(crate) struct Entry {
    pace: Arc<Pace>,
    /// Whether it is of the run under way.
    running: bool,
    /// What is in force for it, before its inbox.
    pub in_force: Override,
    pub inbox: Inbox,
}

impl Entry {
    fn claim(&self) -> u64 {
        self.pace.claim.load(Ordering::SeqCst)
    }

    /// What is in force once all is taken up.
    fn wanted(&self) -> Override {
        self.inbox.wanted(&self.in_force)
    }

    /// A copy that has not stepped, with what is this one's own. What was posted in a run that this
    /// one has no part in goes along only `with_anothers`.
    fn copy(&self, taken: u64, with_anothers: bool) -> Self {
        let mut inbox = self.inbox.clone();
        match (self.running, with_anothers) {
            (true, _) => inbox.own_all(),
            (false, true) => (),
            (false, false) => inbox.keep_own(),
        }
        Self::new(taken, self.in_force, inbox)
    }

    fn new(taken: u64, in_force: Override, inbox: Inbox) -> Self {
        let pace = Pace::default();
        pace.claim.store(taken, Ordering::SeqCst);
        Self {
            pace: Arc::new(pace),
            running: false,
            in_force,
            inbox,
        }
    }
}

/// A clone's place among the others.
#[derive(Debug)]
pub(crate) struct Seat {
    pub id: u64,
    pub pace: Arc<Pace>,
}

impl Mailbox {
    /// One with a single clone, for which nothing is in force.
    pub fn new() -> (Self, Seat) {
        Self::with(Entry::new(0, Override::default(), Inbox::default()))
    }

    fn with(entry: Entry) -> (Self, Seat) {
        let mailbox = Self::default();
        let seat = mailbox.enter(&mut mailbox.posted(), entry);
        (mailbox, seat)
    }

    fn posted(&self) -> MutexGuard<'_, Posted> {
        let posted = self.shared.posted.lock();
        posted.unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, posted: &mut Posted, entry: Entry) -> Seat {
        let (id, pace) = (posted.ever, entry.pace.clone());
        posted.ever += 1;
        posted.clones.insert(id, entry);
        self.count(posted);
        Seat { id, pace }
    }

    fn count(&self, posted: &Posted) {
        let clones = posted.clones.len();
        self.shared.clones.store(clones, Ordering::Relaxed);
    }

    /// A seat for a copy of the clone `id`, which has taken so many steps.
    pub fn join(&self, id: u64, taken: u64) -> Seat {
        let posted = &mut *self.posted();
        let entry = posted.clone_of(id).copy(taken, true);
        self.enter(posted, entry)
    }

    /// A mailbox of its own for such a copy.
    pub fn detach(&self, id: u64, taken: u64) -> (Self, Seat) {
        let entry = self.posted().clone_of(id).copy(taken, false);
        Self::with(entry)
    }

    /// The clone `id` is dropped.
    pub fn leave(&self, id: u64) {
        let posted = &mut *self.posted();
        if let Some(entry) = posted.clones.remove(&id) {
            if posted.clones.is_empty() {
                posted.left = entry.wanted();
            }
            posted.stop(entry.running);
        }
        self.count(posted);
    }

    /// The clone `id` begins its first step, after so many that were taken before it was made.
    pub fn start(&self, id: u64, taken: u64) {
        let posted = &mut *self.posted();
        if posted.run_at().is_none() {
            posted.run += 1;
        }
        let entry = posted.clone_of(id);
        entry.running = true;
        entry.pace.begin(taken);
    }

    /// The clone `id` is as a saved one was, after so many steps.
    pub fn restore(&self, id: u64, taken: u64, in_force: Override, inbox: Inbox) {
        let posted = &mut *self.posted();
        let entry = posted.clone_of(id);
        entry.pace.claim.store(taken, Ordering::SeqCst);
        (entry.in_force, entry.inbox) = (in_force, inbox);
        let was_running = std::mem::take(&mut entry.running);
        posted.stop(was_running);
        posted.run += 1;
    }

    #[inline]
    pub fn is_shared(&self) -> bool {
        self.shared.clones.load(Ordering::Relaxed) > 1
    }

    #[inline]
    pub fn version(&self) -> u64 {
        self.shared.version.load(Ordering::SeqCst)
    }

    #[inline]
    pub fn publish(&self, rate: f64, steps: u64) {
        self.shared.rate.store(rate.to_bits(), Ordering::Relaxed);
        self.shared.steps.store(steps, Ordering::Relaxed);
    }

    pub fn rate(&self) -> f64 {
        f64::from_bits(self.shared.rate.load(Ordering::Relaxed))
    }

    pub fn steps(&self) -> u64 {
        self.shared.steps.load(Ordering::Relaxed)
    }

    /// Which run it is, the one under way or the last.
    pub fn run(&self) -> u64 {
        self.posted().run
    }

    /// What handles asked for last, whether or not a step has taken it up.
    pub fn wanted(&self) -> Override {
        self.posted().wanted()
    }

    /// Looks at what is known of the clone `id`, and the version that it has.
    pub fn visit<T>(&self, id: u64, visit: impl FnOnce(&mut Entry, u64) -> T) -> T {
        let mut posted = self.posted();
        let version = self.version();
        visit(posted.clone_of(id), version)
    }

    fn post<T>(&self, change: impl FnOnce(&mut Posted) -> T) -> T {
        let mut posted = self.posted();
        self.shared.version.fetch_add(1, Ordering::SeqCst);
        change(&mut posted)
    }

    /// Posts for every clone what `change` makes of what was wanted for it, unless that fails; a log
    /// will say that it is `done`.
    pub fn override_with<E>(
        &self,
        done: String,
        change: impl Fn(&mut Override) -> Result<(), E>,
    ) -> Result<(), E> {
        let done: Arc<str> = done.into();
        self.post(|posted| {
            if posted.clones.is_empty() {
                return change(&mut posted.left);
            }
            let run_at = posted.run_at();
            let make = |entry: &Entry| {
                let mut wanted = entry.wanted();
                change(&mut wanted)?;
                if let Some(decay) = &mut wanted.decay
                    && decay.start.is_none()
                {
                    decay.after.get_or_insert(run_at.unwrap_or(entry.claim()));
                }
                Ok(What::Override(Box::new(wanted), done.clone()))
            };
            let made = posted.clones.values().map(make);
            let made = made.collect::<Result<Vec<_>, E>>()?;
            posted.push(made);
            Ok(())
        })
    }

    /// Posts a value for a feedback rule.
    pub fn metric(&self, value: f64) {
        self.post(|posted| posted.push(std::iter::repeat(What::Metric(value))));
    }

    /// Posts that the last step of the clone `id` does not count; without one, that of the clone
    /// which has stepped on this thread, or else of the one in front. A step that doesn't count
    /// already is left as it is.
    pub fn skip(&self, id: Option<u64>) {
        self.post(|posted| {
            let Some(id) = id.or_else(|| posted.stepped_here()).or(posted.leader()) else {
                return;
            };
            let entry = posted.clone_of(id);
            let Some(step) = entry.claim().checked_sub(1) else {
                return;
            };
            let new = match entry.running {
                true => posted.skipped.insert(step),
                false => !entry.inbox.has_own_skip(),
            };
            if !new {
                return;
            }
            let entry = posted.clone_of(id);
            match entry.running {
                true => posted.push(std::iter::repeat(What::Skip)),
                // it is a copy's own
                false => entry.inbox.push(Change::new(step + 1, What::Skip)),
            }
            let steps = self.steps().saturating_sub(1);
            self.shared.steps.store(steps, Ordering::Relaxed);
        });
    }
}

impl Posted {
    fn clone_of(&mut self, id: u64) -> &mut Entry {
        let entry = self.clones.get_mut(&id);
        entry.expect("a clone has its entry until it is dropped")
    }

    fn running(&self) -> impl Iterator<Item = (u64, &Entry)> {
        let clones = self.clones.iter().map(|(id, entry)| (*id, entry));
        clones.filter(|(_, entry)| entry.running)
    }

    /// The first step that no clone of the run has begun, if there is a run.
    fn run_at(&self) -> Option<u64> {
        self.running().map(|(_, entry)| entry.claim()).max()
    }

    /// A clone has stopped, which `was_running`.
    fn stop(&mut self, was_running: bool) {
        if was_running && self.run_at().is_none() {
            self.skipped.clear();
            let clones = self.clones.values_mut();
            clones.for_each(|entry| entry.inbox.keep_own());
        }
    }

    /// The clone of the run that is in front; without a run, the one that was made last.
    fn leader(&self) -> Option<u64> {
        let running = self.running().max_by_key(|(_, entry)| entry.claim());
        let last = self.clones.last_key_value();
        running.map(|(id, _)| id).or(last.map(|(id, _)| *id))
    }

    /// The clone of the run that has stepped on this thread, and the one in front if several have.
    fn stepped_here(&self) -> Option<u64> {
        let here = on_thread::id();
        let here = self
            .running()
            .filter(|(_, entry)| entry.pace.thread.load(Ordering::Relaxed) == here);
        let front = here.max_by_key(|(_, entry)| entry.claim());
        front.map(|(id, _)| id)
    }

    fn wanted(&self) -> Override {
        let leader = self.leader().and_then(|id| self.clones.get(&id));
        leader.map_or(self.left, Entry::wanted)
    }

    /// One change, which is `what` for each of the clones.
    fn push(&mut self, what: impl IntoIterator<Item = What>) {
        let run_at = self.run_at();
        let mut first: Option<Change> = None;
        for (entry, what) in self.clones.values_mut().zip(what) {
            let at = run_at.unwrap_or(entry.claim());
            let of_another = run_at.is_some() && !entry.running;
            let first = first.get_or_insert_with(|| Change::new(at, what.clone()));
            let change = first.copy(at, what, of_another);
            entry.inbox.push(change);
        }
    }
}

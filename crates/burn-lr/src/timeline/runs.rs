use std::collections::{BTreeMap, BTreeSet};

use super::event::{Action, Override};
use super::member::{Event, Member, Pending};
use crate::on_thread;
use crate::sync::{Arc, AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};

/// The events of a scheduler's clones, shared by them and by its handles.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// The bits of the last rate.
    rate: AtomicU64,
    /// The number of events and clones that there ever were.
    changes: AtomicU64,
    runs: Mutex<Runs>,
}

#[derive(Debug, Default)]
pub(crate) struct Runs {
    clones: BTreeMap<u64, Member>,
    /// The number of clones that there ever were.
    ever: u64,
    /// The number of the run, the one under way or the last.
    run: u64,
    /// The steps of the run that don't count.
    skipped: BTreeSet<u64>,
    /// The last clone, once it is dropped.
    last: Option<Member>,
    /// The number of steps that count in the last run, once it is over.
    steps: u64,
}

impl Timeline {
    pub fn lock(&self) -> MutexGuard<'_, Runs> {
        let runs = self.runs.lock();
        runs.unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts that there is something to look for: an event, or another clone.
    pub fn announce(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    #[inline]
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Appends `action`.
    pub fn append(&self, action: Action) {
        self.push(&mut self.lock(), action);
    }

    /// Appends `action`, unless `check` fails for the override of a clone.
    pub fn append_checked<E>(
        &self,
        action: Action,
        check: impl Fn(&Override) -> Result<(), E>,
    ) -> Result<(), E> {
        let runs = &mut *self.lock();
        let mut all = runs.clones.values().chain(&runs.last);
        all.try_for_each(|member| check(&member.expected().over))?;
        self.push(runs, action);
        Ok(())
    }

    fn push(&self, runs: &mut Runs, action: Action) {
        self.announce();
        let run_at = runs.leader().map(Member::begun);
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
        if let Some(member) = runs.stepped_here().or_else(|| runs.front()) {
            let id = member.id;
            self.skip_of(runs, id);
        }
    }

    /// Appends that the last step of the clone `id` does not count, unless it doesn't already.
    pub fn skip_of(&self, runs: &mut Runs, id: u64) {
        let member = runs.member(id);
        let Some(step) = member.begun().checked_sub(1) else {
            return;
        };
        let is_own = |other: &Pending| other.event.action == Action::Skip && !other.for_run;
        if member.in_run {
            if runs.skipped.insert(step) {
                self.push(runs, Action::Skip);
            }
        } else if !member.pending.iter().any(is_own) {
            runs.steps = runs.steps.saturating_sub(1);
            let member = runs.member(id);
            self.announce();
            member.push(Pending {
                event: Arc::new(Event::new(0, Action::Skip)),
                for_run: false,
            });
        }
    }

    /// Publishes the rate of the last step.
    #[inline]
    pub fn publish(&self, rate: f64) {
        self.rate.store(rate.to_bits(), Ordering::Relaxed);
    }

    /// The rate of the last step.
    pub fn rate(&self) -> f64 {
        f64::from_bits(self.rate.load(Ordering::Relaxed))
    }

    /// The number of steps that the run, or the last one, has taken and that count: those of the clone in front.
    pub fn steps(&self) -> u64 {
        let runs = self.lock();
        runs.leader().map_or(runs.steps, Member::position)
    }

    /// The override of the clone in front once it has applied all events.
    pub fn expected(&self) -> Override {
        let runs = self.lock();
        let front = runs.front().or(runs.last.as_ref());
        front.map(Member::expected).unwrap_or_default().over
    }

    /// The number of the run, the one under way or the last.
    pub fn run(&self) -> u64 {
        self.lock().run
    }
}

impl Runs {
    /// Adds a clone; returns its number.
    pub fn enter(&mut self, mut member: Member) -> u64 {
        let id = self.ever;
        self.ever += 1;
        member.id = id;
        if self.clones.is_empty() {
            self.steps = member.position();
        }
        self.clones.insert(id, member);
        id
    }

    /// Whether there is one clone only.
    pub fn is_single(&self) -> bool {
        self.clones.len() == 1
    }

    /// Starts the clone `id`, in the run under way or in a new one.
    pub fn start(&mut self, id: u64) {
        if self.leader().is_none() {
            self.run += 1;
        }
        self.member(id).join_run();
    }

    /// Removes the clone `id`, and ends the run if it was the last one of it.
    pub fn leave(&mut self, id: u64) {
        let Some(mut member) = self.clones.remove(&id) else {
            return;
        };
        if member.in_run {
            self.steps = member.position();
        }
        if self.clones.is_empty() {
            member.applied = member.expected();
            member.pending.clear();
            self.last = Some(member);
        }
        self.end_run();
    }

    /// Takes the clone `id` out of its run, so that the next one is another.
    pub fn restart(&mut self, id: u64) {
        let member = self.member(id);
        member.in_run = false;
        self.steps = member.position();
        self.end_run();
        self.run += 1;
    }

    pub fn member(&mut self, id: u64) -> &mut Member {
        let member = self.clones.get_mut(&id);
        member.expect("a clone is a member until it is dropped")
    }

    fn in_run(&self) -> impl Iterator<Item = &Member> {
        self.clones.values().filter(|member| member.in_run)
    }

    /// The clone of the run that is in front.
    fn leader(&self) -> Option<&Member> {
        self.in_run().max_by_key(|member| member.begun())
    }

    /// The leader; without a run, the clone that was made last.
    fn front(&self) -> Option<&Member> {
        self.leader().or_else(|| self.clones.values().next_back())
    }

    /// The clone of the run that stepped on this thread; of several, the one in front.
    fn stepped_here(&self) -> Option<&Member> {
        let here = on_thread::id();
        let is_here = |member: &&Member| member.pace.thread.load(Ordering::Relaxed) == here;
        let stepped = self.in_run().filter(is_here);
        stepped.max_by_key(|member| member.begun())
    }

    /// Ends the run if no clone of it is left.
    fn end_run(&mut self) {
        if self.leader().is_none() {
            self.skipped.clear();
            let clones = self.clones.values_mut();
            clones.for_each(|member| member.pending.retain(|pending| !pending.for_run));
        }
    }
}

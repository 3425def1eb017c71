use super::event::{Action, Applied};
use super::member::{Event, Member, Pace, Pending};
use super::runs::{Runs, Timeline};
use crate::on_thread;
use crate::sync::{Arc, Ordering};

/// A clone's place in its timeline.
#[derive(Debug)]
pub(crate) struct Cursor {
    timeline: Arc<Timeline>,
    id: u64,
    pace: Arc<Pace>,
    /// The count of changes when it was alone in its run and had applied every event.
    seen: Option<u64>,
}

impl Cursor {
    /// The cursor of a new timeline.
    pub fn new() -> Self {
        Self::first(Member::default())
    }

    fn first(member: Member) -> Self {
        let timeline = Arc::<Timeline>::default();
        let runs = &mut *timeline.lock();
        Self::enter(&timeline, runs, member)
    }

    fn enter(timeline: &Arc<Timeline>, runs: &mut Runs, member: Member) -> Self {
        let pace = member.pace.clone();
        let id = runs.enter(member);
        timeline.announce();
        Self {
            timeline: timeline.clone(),
            id,
            pace,
            seen: None,
        }
    }

    pub fn timeline(&self) -> &Arc<Timeline> {
        &self.timeline
    }

    /// Begins the step after `taken` ones, if there can be no event before it; otherwise
    /// [`take`](Self::take) begins it.
    #[inline]
    pub fn begin(&mut self, taken: u64) -> bool {
        self.pace.thread.store(on_thread::id(), Ordering::Relaxed);
        let begins = self.is_up_to_date();
        if begins {
            self.pace
                .begun
                .store(taken.saturating_add(1), Ordering::Relaxed);
        }
        begins
    }

    /// Takes the events to apply before the step after `taken` ones, and begins that step if it
    /// `begins`.
    pub fn take(&mut self, taken: u64, begins: bool) -> Vec<Arc<Event>> {
        let runs = &mut *self.timeline.lock();
        if begins {
            runs.start(self.id);
            let begun = taken.saturating_add(1);
            self.pace.begun.store(begun, Ordering::Relaxed);
        }
        let single = runs.is_single();
        let member = runs.member(self.id);
        let events = member.take(taken);
        // A first step has a run to join, whether or not there are events before it.
        let up_to_date = single && member.in_run && member.pending.is_empty();
        self.seen = up_to_date.then(|| self.timeline.changes());
        events
    }

    /// Whether it is alone in its run, and every event is applied.
    #[inline]
    pub fn is_up_to_date(&self) -> bool {
        self.seen == Some(self.timeline.changes())
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

    /// Appends that this clone's last step does not count.
    pub fn skip(&self) {
        self.timeline.skip_of(&mut self.timeline.lock(), self.id);
    }

    /// Moves to where a saved run was, with events of later steps, each with how many steps are left
    /// before it.
    pub fn restore(&mut self, taken: u64, applied: Applied, later: Vec<(u64, Action)>) {
        let runs = &mut *self.timeline.lock();
        let pending = later.into_iter().map(|(left, action)| Pending {
            event: Arc::new(Event::new(taken.saturating_add(left), action)),
            for_run: false,
        });
        let member = runs.member(self.id);
        (member.applied, member.pending) = (applied, pending.collect());
        member.pace.begun.store(taken, Ordering::Relaxed);
        runs.restart(self.id);
        self.seen = None;
    }

    /// The cursor of a copy in a timeline of its own.
    pub fn detached(&self) -> Self {
        let detached = Self::first(self.timeline.lock().member(self.id).copy(true));
        detached.timeline.publish(self.timeline.rate());
        detached
    }
}

impl Clone for Cursor {
    fn clone(&self) -> Self {
        let runs = &mut *self.timeline.lock();
        let copy = runs.member(self.id).copy(false);
        Self::enter(&self.timeline, runs, copy)
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        self.timeline.lock().leave(self.id);
    }
}

use std::collections::VecDeque;

use super::event::Applied;
use super::member::{Event, Member, Pace, Pending};
use super::runs::{Runs, Timeline};
use crate::on_thread;
use crate::sync::{Arc, Ordering};

/// A clone's place in its timeline.
#[derive(Debug)]
pub(crate) struct Cursor {
    timeline: Timeline,
    id: u64,
    pace: Arc<Pace>,
    in_run: bool,
    /// The count of changes when there was no other clone and every event was applied.
    seen: Option<u64>,
}

impl Cursor {
    /// The cursor of a new timeline.
    pub fn new() -> Self {
        Self::first(Member::new(0, Applied::default(), VecDeque::new()))
    }

    fn first(member: Member) -> Self {
        let timeline = Timeline::new();
        let runs = &mut *timeline.lock();
        Self::enter(&timeline, runs, member)
    }

    fn enter(timeline: &Timeline, runs: &mut Runs, member: Member) -> Self {
        let pace = member.pace.clone();
        let id = runs.enter(member);
        timeline.announce();
        Self {
            timeline: timeline.clone(),
            id,
            pace,
            in_run: false,
            seen: None,
        }
    }

    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Begins the step after `taken` ones, if there can be no event before it; otherwise
    /// [`begin_with_events`](Self::begin_with_events) begins it.
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

    /// Begins the step after `taken` ones. Returns the events to apply before it.
    #[cold]
    pub fn begin_with_events(&mut self, taken: u64) -> Vec<Arc<Event>> {
        let runs = &mut *self.timeline.lock();
        if !self.in_run {
            runs.start(self.id);
            self.in_run = true;
        }
        let begun = taken.saturating_add(1);
        self.pace.begun.store(begun, Ordering::Relaxed);
        let (events, seen) = take(&self.timeline, runs, self.id, taken);
        self.seen = seen;
        events
    }

    /// Takes the events that are at or before the step after `taken` ones.
    pub fn catch_up(&mut self, taken: u64) -> Vec<Arc<Event>> {
        let runs = &mut *self.timeline.lock();
        let (events, seen) = take(&self.timeline, runs, self.id, taken);
        self.seen = seen;
        events
    }

    /// Whether there is no other clone, and no event that is not applied.
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

    /// Publishes the rate of the last step for handles.
    #[inline]
    pub fn publish(&self, rate: f64) {
        self.timeline.publish(rate);
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
        member.pace.begun.store(taken, Ordering::Relaxed);
        runs.restart(self.id);
        (self.in_run, self.seen) = (false, None);
    }

    /// The cursor of a copy in a timeline of its own.
    pub fn detached(&self) -> Self {
        let detached = Self::first(self.timeline.lock().member(self.id).copy(true));
        detached.publish(self.timeline.rate());
        detached
    }
}

/// Takes the events of the clone `id` that are at or before the step after `taken` ones. Returns also the
/// count of changes, if nothing is left to look for.
fn take(
    timeline: &Timeline,
    runs: &mut Runs,
    id: u64,
    taken: u64,
) -> (Vec<Arc<Event>>, Option<u64>) {
    let single = runs.is_single();
    let (events, all) = runs.member(id).take(taken);
    (events, (single && all).then(|| timeline.changes()))
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

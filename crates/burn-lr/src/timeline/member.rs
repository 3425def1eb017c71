use std::collections::VecDeque;

use super::event::{Action, Applied};
use crate::sync::{Arc, AtomicBool, AtomicU64, Ordering};

/// The most changes by hand that wait for a clone: of more, the oldest two become one. Metrics
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
pub(crate) struct Pending {
    pub event: Arc<Event>,
    /// Whether it goes when the run is over, since the clone has no part in that yet.
    pub for_run: bool,
}

/// The steps that a clone has taken, and its thread.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    pub begun: AtomicU64,
    pub thread: AtomicU64,
}

/// A clone, as the others and the handles see it.
#[derive(Debug, Default)]
pub(crate) struct Member {
    /// Its number, once it has one.
    pub id: u64,
    pub pace: Arc<Pace>,
    pub in_run: bool,
    pub applied: Applied,
    pub pending: VecDeque<Pending>,
}

impl Member {
    /// The number of steps it has taken or begun.
    pub fn begun(&self) -> u64 {
        self.pace.begun.load(Ordering::Relaxed)
    }

    /// The number of steps it has taken that count.
    pub fn position(&self) -> u64 {
        self.expected().position(self.begun())
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
    pub fn expected(&self) -> Applied {
        self.after(self.pending.len())
    }

    pub fn join_run(&mut self) {
        self.in_run = true;
        let pending = self.pending.iter_mut();
        pending.for_each(|pending| pending.for_run = false);
    }

    /// Takes the events that are at or before the step after `taken` ones.
    pub fn take(&mut self, taken: u64) -> Vec<Arc<Event>> {
        let mut reached = vec![];
        let is_reached = |pending: &mut Pending| pending.event.at <= taken;
        while let Some(Pending { event, .. }) = self.pending.pop_front_if(is_reached) {
            self.applied.apply(&event.action, taken);
            reached.push(event);
        }
        reached
    }

    pub fn push(&mut self, pending: Pending) {
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

    /// A copy that has not stepped; without the events of runs that it has no part in if `detached`.
    pub fn copy(&self, detached: bool) -> Self {
        let mut pending = self.pending.clone();
        pending.retain(|pending| !(detached && pending.for_run));
        let copy = Self {
            applied: self.applied,
            pending,
            ..Self::default()
        };
        copy.pace.begun.store(self.begun(), Ordering::Relaxed);
        copy
    }
}

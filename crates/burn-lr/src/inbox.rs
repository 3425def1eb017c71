//! What one clone of a scheduler has yet to take up.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::control::Override;

/// How many changes by hand are kept for a clone that has not come to them: of more, the oldest
/// give way. What a rule has to hear and steps that don't count are all kept.
const KEPT: usize = 1024;

/// A change, and the number of taken steps after which it holds.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub at: u64,
    pub what: What,
    /// Whether it was posted in a run that this clone had no part in.
    pub of_another: bool,
    /// Whether a clone has come to it, which is when it is logged.
    noted: Arc<AtomicBool>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// What is in force by hand from here on, and what a log says about it.
    Override(Box<Override>, Arc<str>),
    /// The step before does not count.
    Skip,
    /// A feedback rule hears a value.
    Metric(f64),
}

impl Change {
    pub fn new(at: u64, what: What) -> Self {
        Self {
            at,
            what,
            of_another: false,
            noted: Arc::default(),
        }
    }

    /// The same change, for a clone to which it comes `at` another step perhaps.
    pub fn copy(&self, at: u64, what: What, of_another: bool) -> Self {
        Self {
            at,
            what,
            of_another,
            noted: self.noted.clone(),
        }
    }

    /// Whether no clone has come to it before.
    pub fn note(&self) -> bool {
        !self.noted.swap(true, Ordering::Relaxed)
    }

    /// The same, where `in_force` is before it.
    pub fn begun_by(mut self, in_force: &Override) -> Self {
        if let What::Override(over, _) = &mut self.what {
            **over = over.after(in_force);
        }
        self
    }

    /// With every number of taken steps in it as `shift` makes it.
    pub fn shifted(mut self, shift: impl Fn(u64) -> u64) -> Self {
        if let What::Override(over, _) = &mut self.what
            && let Some(decay) = &mut over.decay
            && decay.start.is_none()
        {
            decay.after = Some(shift(decay.after.unwrap_or(self.at)));
        }
        self.at = shift(self.at);
        self
    }
}

impl PartialEq for Change {
    fn eq(&self, other: &Self) -> bool {
        (self.at, &self.what) == (other.at, &other.what)
    }
}

/// Changes in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inbox {
    changes: VecDeque<Change>,
}

impl Inbox {
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter()
    }

    pub fn push(&mut self, change: Change) {
        let of_another = change.of_another;
        let by_hand = |other: &&Change| {
            matches!(other.what, What::Override(..)) && other.of_another == of_another
        };
        if by_hand(&&change) && self.iter().filter(by_hand).count() >= KEPT {
            let oldest = self.iter().position(|other| by_hand(&other));
            oldest.map(|index| self.changes.remove(index));
        }
        self.changes.push_back(change);
    }

    /// Takes out the next change, if it holds after `taken` steps.
    pub fn next_due(&mut self, taken: u64) -> Option<Change> {
        self.changes.pop_front_if(|change| change.at <= taken)
    }

    /// What is in force by hand after all of it, where `in_force` is before.
    pub fn wanted(&self, in_force: &Override) -> Override {
        let mut newest_first = self.changes.iter().rev();
        let last = newest_first.find_map(|change| match &change.what {
            What::Override(over, _) => Some(over),
            _ => None,
        });
        last.map_or(*in_force, |over| over.after(in_force))
    }

    /// Whether the step before does not count already, but for what was posted in runs that the
    /// clone had no part in.
    pub fn has_own_skip(&self) -> bool {
        self.iter()
            .any(|change| change.what == What::Skip && !change.of_another)
    }

    /// Without what was posted in runs that the clone had no part in.
    pub fn keep_own(&mut self) {
        self.changes.retain(|change| !change.of_another);
    }

    /// All of it becomes the clone's own.
    pub fn own_all(&mut self) {
        let changes = self.changes.iter_mut();
        changes.for_each(|change| change.of_another = false);
    }
}

impl FromIterator<Change> for Inbox {
    fn from_iter<T: IntoIterator<Item = Change>>(changes: T) -> Self {
        Self {
            changes: changes.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_by_hand_give_way() {
        let mut inbox = Inbox::default();
        inbox.push(Change::new(0, What::Skip));
        inbox.push(Change::new(0, What::Metric(0.5)));
        let set = |n: u64| Override {
            set: Some(n as f64),
            ..Override::default()
        };
        for n in 0..3 * KEPT as u64 {
            let by_hand = What::Override(Box::new(set(n)), "set".into());
            inbox.push(Change::new(n, by_hand));
            inbox.push(Change::new(n, What::Metric(n as f64)));
        }
        let count = |is: fn(&What) -> bool| inbox.iter().filter(|change| is(&change.what)).count();
        assert_eq!(count(|what| matches!(what, What::Skip)), 1);
        assert_eq!(count(|what| matches!(what, What::Metric(_))), 1 + 3 * KEPT);
        assert_eq!(count(|what| matches!(what, What::Override(..))), KEPT);
        let last = set(3 * KEPT as u64 - 1);
        assert_eq!(inbox.wanted(&Override::default()), last);
    }

    #[test]
    fn what_is_a_clones_own_gives_no_way_to_anothers() {
        let over = || What::Override(Box::default(), "released".into());
        let mut inbox = Inbox::default();
        inbox.push(Change::new(0, over()));
        for n in 0..2 * KEPT as u64 {
            let change = Change::new(n, over());
            inbox.push(change.copy(n, over(), true));
        }
        assert_eq!(inbox.iter().count(), 1 + KEPT);
        inbox.keep_own();
        assert_eq!(inbox.iter().count(), 1);
    }
}

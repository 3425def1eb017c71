//! What a scheduler's clones and handles have in common: what was asked for, and from which step
//! on it holds.
//!
//! A change that is posted holds from the first step that no clone has begun, which is the same
//! one for all of them. Steps are told apart by how many were taken, skipped ones included. Where
//! there are several clones, a step is claimed (its number stored) before the version is read, and
//! a change raises the version before the claims are read; all four in one order that every thread
//! sees alike. So either the step finds the change, or the change finds the step and comes after it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::control::Override;

/// How many changes are kept for clones that have not come to them.
pub(crate) const KEPT: usize = 1024;

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
    posted: Mutex<Posted>,
}

/// What was posted.
#[derive(Debug, Default)]
pub(crate) struct Posted {
    /// What handles asked for last, whether or not a step has taken it up.
    pub wanted: Override,
    changes: VecDeque<Change>,
    /// How many changes there were before those.
    forgotten: u64,
    /// The last step that doesn't count.
    last_skipped: Option<u64>,
    decays: u64,
    /// How many steps each clone has taken or begun.
    claims: Vec<Weak<AtomicU64>>,
}

/// A change, and the number of taken steps after which it holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub at: u64,
    pub what: What,
    /// Whether a clone has come to it, which is when it is logged.
    pub noted: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// What is in force by hand from here on, and what a log says about it.
    Override(Override, String),
    /// The step before does not count.
    Skip,
    /// A feedback rule hears a value.
    Metric(f64),
}

impl Mailbox {
    fn posted(&self) -> MutexGuard<'_, Posted> {
        let posted = self.shared.posted.lock();
        posted.unwrap_or_else(PoisonError::into_inner)
    }

    /// The place in which a new clone stores its claims.
    pub fn join(&self, taken: u64) -> Arc<AtomicU64> {
        let claim = Arc::new(AtomicU64::new(taken));
        let mut posted = self.posted();
        posted.claims.retain(|claim| claim.strong_count() > 0);
        posted.claims.push(Arc::downgrade(&claim));
        claim
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

    pub fn read<T>(&self, read: impl FnOnce(&mut Posted) -> T) -> T {
        read(&mut self.posted())
    }

    /// Posts what `change` makes, from what was posted so far and how many steps were taken.
    fn post<T>(&self, change: impl FnOnce(&mut Posted, u64) -> T) -> T {
        let mut posted = self.posted();
        self.shared.version.fetch_add(1, Ordering::SeqCst);
        let taken = posted.furthest();
        change(&mut posted, taken)
    }

    /// Posts another override than the one that was wanted, unless `change` fails; a log will say
    /// that it is `done`.
    pub fn override_with<E>(
        &self,
        done: String,
        change: impl FnOnce(&mut Override) -> Result<(), E>,
    ) -> Result<(), E> {
        self.post(|posted, at| {
            let mut wanted = posted.wanted;
            change(&mut wanted)?;
            posted.decays += 1;
            if let Some(decay) = &mut wanted.decay {
                decay.number.get_or_insert(posted.decays);
            }
            posted.wanted = wanted;
            posted.push(at, What::Override(wanted, done));
            Ok(())
        })
    }

    /// Posts that the step which was taken as number `step` does not count, if it does yet;
    /// without a number, that the last one doesn't.
    pub fn skip(&self, step: Option<u64>) {
        self.post(|posted, at| {
            let step = step.or(at.checked_sub(1));
            if step > posted.last_skipped {
                posted.last_skipped = step;
                posted.push(at, What::Skip);
                let steps = self.steps().saturating_sub(1);
                self.shared.steps.store(steps, Ordering::Relaxed);
            }
        });
    }

    /// Posts a value for a feedback rule.
    pub fn metric(&self, value: f64) {
        self.post(|posted, at| posted.push(at, What::Metric(value)));
    }

    pub fn steps(&self) -> u64 {
        self.shared.steps.load(Ordering::Relaxed)
    }

    /// Replaces all that was posted, as a loaded state does.
    pub fn replace(&self, over: Override, later: Vec<Change>) {
        self.post(|posted, _| {
            posted.forget(posted.end());
            posted.last_skipped = None;
            let now = What::Override(over, String::new());
            let now = Change {
                at: 0,
                what: now,
                noted: true,
            };
            posted.wanted = over;
            for change in [now].into_iter().chain(later) {
                if let What::Override(over, _) = change.what {
                    posted.wanted = over;
                }
                posted.changes.push_back(change);
            }
        });
    }
}

impl Posted {
    fn furthest(&self) -> u64 {
        let claims = self.claims.iter().filter_map(Weak::upgrade);
        let taken = claims.map(|claim| claim.load(Ordering::SeqCst));
        taken.max().unwrap_or_default()
    }

    fn push(&mut self, at: u64, what: What) {
        self.changes.push_back(Change {
            at,
            what,
            noted: false,
        });
        if self.changes.len() > KEPT {
            self.forget(self.forgotten + 1);
        }
    }

    /// The number of the change that will be posted next.
    pub fn end(&self) -> u64 {
        self.forgotten + self.changes.len() as u64
    }

    /// The change number `number`, or the first that is left after it, and its number.
    pub fn next(&mut self, number: u64) -> Option<(u64, &mut Change)> {
        let number = number.max(self.forgotten);
        let index = usize::try_from(number - self.forgotten).ok()?;
        Some((number, self.changes.get_mut(index)?))
    }

    /// Forgets all changes before number `end`.
    pub fn forget(&mut self, end: u64) {
        while self.forgotten < end && self.changes.pop_front().is_some() {
            self.forgotten += 1;
        }
    }

    /// The decay called `number` begins with `step`, wherever it is in force.
    pub fn begin_decay(&mut self, number: Option<u64>, step: u64) {
        let changes = self
            .changes
            .iter_mut()
            .filter_map(|change| match &mut change.what {
                What::Override(over, _) => Some(over),
                _ => None,
            });
        for over in changes.chain([&mut self.wanted]) {
            if let Some(decay) = &mut over.decay
                && decay.number == number
            {
                decay.start.get_or_insert(step);
            }
        }
    }
}

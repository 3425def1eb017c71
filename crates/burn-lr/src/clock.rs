use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Schedule;
use crate::control::Override;
use crate::mailbox::{Change, Mailbox, What};
use crate::on_thread;

/// What every scheduler has: a position, and what is in force over its schedule.
#[derive(Debug)]
pub(crate) struct Clock {
    now: Now,
    mailbox: Mailbox,
    /// Where this clone stores how many steps it has taken or begun.
    claim: Arc<AtomicU64>,
    /// Held by every clone, so that it tells how many there are.
    clones: Arc<()>,
    /// The number of the scheduler that this is a clone of.
    family: u64,
    /// Whether each step is announced to what follows this scheduler on its thread.
    announces: bool,
}

/// What is a clone's own.
#[derive(Debug, Clone)]
pub(crate) struct Now {
    /// How many steps were taken, and how many of those don't count.
    taken: u64,
    pub skipped: u64,
    /// The rate of the last step, or before the first one of that.
    pub rate: f64,
    /// What the schedule itself gave for the last step; `None` where that isn't known.
    pub scheduled: Option<f64>,
    pub in_force: Override,
    /// The version of the mailbox up to which all is taken up, and the number of the next change.
    seen: Option<u64>,
    next_change: u64,
}

impl Now {
    /// The number of the next step.
    #[inline]
    pub fn position(&self) -> u64 {
        self.taken - self.skipped
    }

    /// What `schedule`, whose position this is, gave for the last step, or before the first one
    /// gives for that.
    pub fn scheduled(&self, schedule: &impl Schedule) -> f64 {
        let last = self.position().saturating_sub(1);
        self.scheduled.unwrap_or_else(|| schedule.at(last))
    }

    /// Takes up what was posted for the next step. Returns the values that a rule has to hear.
    #[cold]
    fn catch_up(&mut self, mailbox: &Mailbox, who: Who) -> Vec<Heard> {
        let mut heard = vec![];
        mailbox.read(|posted| {
            self.seen = Some(mailbox.version());
            while let Some((number, change)) = posted.next(self.next_change) {
                if change.at > self.taken {
                    self.seen = None; // look again at every step until then
                    break;
                }
                self.next_change = number + 1;
                let note = who.steps && !change.noted;
                change.noted |= who.steps;
                let step = self.position();
                match &change.what {
                    What::Override(over, done) => {
                        self.in_force = *over;
                        if note {
                            log::info!("learning rate from step {step} on: {done}");
                        }
                        if let Some(decay) = &mut self.in_force.decay
                            && decay.start.is_none()
                        {
                            decay.start = Some(step);
                            if who.steps {
                                posted.begin_decay(decay.number, step);
                            }
                        }
                    }
                    What::Skip => {
                        self.skipped = self.taken.min(self.skipped + 1);
                        self.scheduled = None;
                        if note {
                            log::info!("step {} does not count and comes again", self.position());
                        }
                    }
                    What::Metric(value) => heard.push(Heard {
                        value: *value,
                        first: note,
                    }),
                }
            }
            if who.alone && who.steps {
                posted.forget(self.next_change);
            }
        });
        heard
    }
}

/// Who looks into the mailbox.
#[derive(Debug, Clone, Copy)]
struct Who {
    /// Whether there are no other clones, which might need what it has taken up.
    alone: bool,
    /// Whether it takes the next step then, rather than ask how that would be.
    steps: bool,
}

/// A value for a feedback rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    pub value: f64,
    /// Whether no other clone has heard it before.
    pub first: bool,
}

impl Clock {
    /// At step 0 of a schedule that begins with `first_rate`.
    pub fn new(first_rate: f64) -> Self {
        Self::with(Now {
            taken: 0,
            skipped: 0,
            rate: first_rate,
            scheduled: None,
            in_force: Override::default(),
            seen: Some(0),
            next_change: 0,
        })
    }

    fn with(now: Now) -> Self {
        static FAMILIES: AtomicU64 = AtomicU64::new(0);
        let mailbox = Mailbox::default();
        mailbox.publish(now.rate, now.position());
        Self {
            claim: mailbox.join(now.taken),
            mailbox,
            now,
            clones: Arc::default(),
            family: FAMILIES.fetch_add(1, Ordering::Relaxed),
            announces: false,
        }
    }

    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// From now on, what follows this scheduler hears of each step; returns the name to ask for.
    pub fn announce(&mut self) -> u64 {
        self.announces = true;
        self.family
    }

    #[inline]
    fn is_alone(&self) -> bool {
        Arc::strong_count(&self.clones) == 1
    }

    /// How it stands before the next step, with all that was posted until now; and what a rule has
    /// to hear.
    pub fn peek(&self) -> (Now, Vec<Heard>) {
        let mut now = self.now.clone();
        let heard = match now.seen == Some(self.mailbox.version()) {
            true => vec![],
            false => now.catch_up(&self.mailbox, self.who(false)),
        };
        (now, heard)
    }

    /// The number of the next step.
    pub fn position(&self) -> u64 {
        self.peek().0.position()
    }

    /// Begins a step: from here on, changes by hand hold for the next one. Whether something was
    /// posted that this step has to take up first.
    #[inline]
    pub fn begin(&mut self) -> bool {
        if !self.is_alone() {
            let claimed = self.now.taken.saturating_add(1);
            self.claim.store(claimed, Ordering::SeqCst);
        }
        self.now.seen != Some(self.mailbox.version())
    }

    /// Takes up what was posted.
    pub fn catch_up(&mut self) -> Vec<Heard> {
        self.now.catch_up(&self.mailbox, self.who(true))
    }

    fn who(&self, steps: bool) -> Who {
        Who {
            alone: self.is_alone(),
            steps,
        }
    }

    /// Ends a step of `schedule`: its rate from what `rule` makes of the scheduled one.
    #[inline]
    pub fn end(&mut self, schedule: &impl Schedule, rule: impl FnOnce(f64) -> f64) -> f64 {
        let now = &mut self.now;
        let position = now.position();
        let scheduled = match now.scheduled {
            Some(previous) => schedule.advance(position, previous),
            None => schedule.at(position),
        };
        now.scheduled = Some(scheduled);
        now.rate = now.in_force.apply(position, rule(scheduled));
        now.taken = now.taken.saturating_add(1);
        self.claim.store(now.taken, Ordering::Relaxed);
        self.mailbox.publish(now.rate, position.saturating_add(1));
        if self.announces {
            on_thread::announce(self.family, position, now.rate);
        }
        now.rate
    }

    /// The last step does not count.
    pub fn skip_step(&mut self) {
        if let Some(last) = self.now.taken.checked_sub(1) {
            self.mailbox.skip(Some(last));
        }
    }

    /// How it stands now.
    pub fn now(&self) -> &Now {
        &self.now
    }

    /// The changes that hold from a later step on, each with how many steps are left before it.
    pub fn later(&self, now: &Now) -> Vec<Change> {
        self.mailbox.read(|posted| {
            let mut number = now.next_change;
            let mut later = vec![];
            while let Some((found, change)) = posted.next(number) {
                number = found + 1;
                later.push(Change {
                    at: change.at.saturating_sub(now.taken),
                    ..change.clone()
                });
            }
            later
        })
    }

    /// Moves to where a saved run was.
    pub fn restore(&mut self, saved: Restored) {
        let taken = saved.position.saturating_add(saved.skipped);
        let later = saved.later.into_iter().map(|change| Change {
            at: taken.saturating_add(change.at),
            ..change
        });
        self.claim.store(taken, Ordering::SeqCst);
        self.mailbox.replace(saved.over, later.collect());
        self.mailbox.publish(saved.rate, saved.position);
        self.now = Now {
            taken,
            skipped: saved.skipped,
            rate: saved.rate,
            scheduled: saved.scheduled,
            in_force: saved.over,
            seen: None,
            next_change: 0,
        };
    }

    /// The same, with a mailbox and a family of its own.
    pub fn detached(&self) -> Self {
        let (mut now, _) = self.peek();
        (now.seen, now.next_change) = (Some(0), 0);
        Self::with(now)
    }
}

/// Where a saved run was.
#[derive(Debug, Clone)]
pub(crate) struct Restored {
    pub position: u64,
    pub skipped: u64,
    pub rate: f64,
    pub scheduled: Option<f64>,
    pub over: Override,
    /// Changes, each with how many steps are left before it.
    pub later: Vec<Change>,
}

impl Clone for Clock {
    fn clone(&self) -> Self {
        Self {
            now: self.now.clone(),
            mailbox: self.mailbox.clone(),
            claim: self.mailbox.join(self.now.taken),
            clones: self.clones.clone(),
            family: self.family,
            announces: self.announces,
        }
    }
}

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Schedule;
use crate::control::Override;
use crate::inbox::{Change, What};
use crate::mailbox::{Mailbox, Seat};
use crate::on_thread;

/// What every scheduler has: a position, and what is in force over its schedule.
#[derive(Debug)]
pub(crate) struct Clock {
    now: Now,
    mailbox: Mailbox,
    seat: Seat,
    /// Whether it has stepped, and so is of a run.
    running: bool,
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
    /// The version of the mailbox up to which all is taken up.
    seen: Option<u64>,
}

/// How a clone stands before its next step.
#[derive(Debug)]
pub(crate) struct Standing {
    pub now: Now,
    /// What a rule has to hear before.
    pub heard: Vec<Heard>,
    /// The changes that hold from a later step on, each with how many steps are left before it.
    pub later: Vec<Change>,
}

/// A value for a feedback rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    pub value: f64,
    /// Whether no other clone has heard it before.
    pub first: bool,
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

    /// Takes up a change before the next step. Returns what a log says about it, if anything, and
    /// the value that a rule has to hear.
    fn take_up(&mut self, what: &What) -> (Option<String>, Option<f64>) {
        let step = self.position();
        match what {
            What::Override(over, done) => {
                self.in_force = over.after(&self.in_force);
                if let Some(decay) = &mut self.in_force.decay {
                    decay.start.get_or_insert(step);
                }
                let line = format!("learning rate from step {step} on: {done}");
                (Some(line), None)
            }
            What::Skip => {
                self.skipped = self.taken.min(self.skipped.saturating_add(1));
                self.scheduled = None;
                let step = self.position();
                let line = format!("step {step} does not count and comes again");
                (Some(line), None)
            }
            What::Metric(value) => (None, Some(*value)),
        }
    }
}

impl Clock {
    /// At step 0 of a schedule that begins with `first_rate`.
    pub fn new(first_rate: f64) -> Self {
        let now = Now {
            taken: 0,
            skipped: 0,
            rate: first_rate,
            scheduled: None,
            in_force: Override::default(),
            seen: None,
        };
        Self::with(now, Mailbox::new())
    }

    /// The first one of a mailbox.
    fn with(now: Now, (mailbox, seat): (Mailbox, Seat)) -> Self {
        static FAMILIES: AtomicU64 = AtomicU64::new(0);
        mailbox.publish(now.rate, now.position());
        Self {
            now,
            mailbox,
            seat,
            running: false,
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

    /// How it stands before the next step, with all that was posted until now.
    pub fn standing(&self) -> Standing {
        let (mut heard, mut later) = (vec![], vec![]);
        let mut now = self.now.clone();
        if !self.is_behind() {
            return Standing { now, heard, later };
        }
        self.mailbox.visit(self.seat.id, |entry, _| {
            for change in entry.inbox.iter() {
                if later.is_empty() && change.at <= now.taken {
                    let (_, metric) = now.take_up(&change.what);
                    let unheard = |value| Heard {
                        value,
                        first: false, // it is only asked for
                    };
                    heard.extend(metric.map(unheard));
                } else {
                    let change = change.clone().begun_by(&now.in_force);
                    later.push(change.shifted(|at| at.saturating_sub(now.taken)));
                }
            }
        });
        Standing { now, heard, later }
    }

    /// The number of the next step.
    pub fn position(&self) -> u64 {
        self.standing().now.position()
    }

    /// Begins a step: from here on, changes by hand hold for the next one. Whether something was
    /// posted that this step has to take up first.
    #[inline]
    pub fn begin(&mut self) -> bool {
        if !self.running {
            self.start();
        } else if self.mailbox.is_shared() {
            self.seat.pace.begin(self.now.taken);
        }
        self.is_behind()
    }

    /// Whether something was posted that was not taken up, or waits for a later step.
    #[inline]
    pub fn is_behind(&self) -> bool {
        self.now.seen != Some(self.mailbox.version())
    }

    #[cold]
    fn start(&mut self) {
        self.mailbox.start(self.seat.id, self.now.taken);
        self.running = true;
        self.now.seen = None;
    }

    /// Takes up what was posted for the next step. Returns the values that a rule has to hear.
    #[cold]
    pub fn catch_up(&mut self) -> Vec<Heard> {
        let now = &mut self.now;
        let (mut heard, mut lines) = (vec![], vec![]);
        self.mailbox.visit(self.seat.id, |entry, version| {
            while let Some(change) = entry.inbox.next_due(now.taken) {
                let (line, metric) = now.take_up(&change.what);
                let first = change.note();
                heard.extend(metric.map(|value| Heard { value, first }));
                lines.extend(line.filter(|_| first));
            }
            entry.in_force = now.in_force;
            // with something left for later, look again at every step until then
            now.seen = entry.inbox.is_empty().then_some(version);
        });
        // what logs them may ask a handle, which asks the mailbox
        for line in lines {
            log::info!("{line}");
        }
        heard
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
        self.seat.pace.end(now.taken);
        self.mailbox.publish(now.rate, position.saturating_add(1));
        if self.announces {
            on_thread::announce(self.family, position, now.rate);
        }
        now.rate
    }

    /// The last step does not count.
    pub fn skip_step(&mut self) {
        self.mailbox.skip(Some(self.seat.id));
    }

    /// How it stood after its last step.
    pub fn now(&self) -> &Now {
        &self.now
    }

    /// Moves to where a saved run was.
    pub fn restore(&mut self, saved: Restored) {
        let taken = saved.position.saturating_add(saved.skipped);
        let later = saved.later.into_iter();
        let later = later.map(|change| change.shifted(|left| taken.saturating_add(left)));
        self.mailbox
            .restore(self.seat.id, taken, saved.over, later.collect());
        self.mailbox.publish(saved.rate, saved.position);
        self.running = false;
        self.now = Now {
            taken,
            skipped: saved.skipped,
            rate: saved.rate,
            scheduled: saved.scheduled,
            in_force: saved.over,
            seen: None,
        };
    }

    /// The same, with a mailbox and a family of its own.
    pub fn detached(&self) -> Self {
        let own = self.mailbox.detach(self.seat.id, self.now.taken);
        Self::with(self.fresh(), own)
    }

    /// Its state, as that of another one that has seen nothing.
    fn fresh(&self) -> Now {
        Now {
            seen: None,
            ..self.now.clone()
        }
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

impl Restored {
    /// After `position` steps, the last of which had `rate`, with nothing in force by hand.
    pub fn at(position: u64, rate: f64) -> Self {
        Self {
            position,
            skipped: 0,
            rate,
            scheduled: None,
            over: Override::default(),
            later: vec![],
        }
    }
}

impl Clone for Clock {
    fn clone(&self) -> Self {
        Self {
            now: self.fresh(),
            seat: self.mailbox.join(self.seat.id, self.now.taken),
            mailbox: self.mailbox.clone(),
            running: false,
            family: self.family,
            announces: self.announces,
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.mailbox.leave(self.seat.id);
    }
}

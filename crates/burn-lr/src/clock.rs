use crate::Schedule;
use crate::control::{LrHandle, Override};

/// What every scheduler has: a position, and what is in force over its schedule.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    position: u64,
    rate: f64,
    /// What the schedule itself gave for the last step; `None` where that isn't known.
    scheduled: Option<f64>,
    in_force: Override,
    /// The version of the handle's wishes that `in_force` is.
    seen: u64,
    handle: LrHandle,
}

impl Clock {
    /// At step 0 of a schedule that begins with `first_rate`.
    pub fn new(first_rate: f64) -> Self {
        let handle = LrHandle::new();
        handle.publish(first_rate, 0);
        Self {
            position: 0,
            rate: first_rate,
            scheduled: None,
            in_force: Override::default(),
            seen: handle.version(),
            handle,
        }
    }

    pub fn handle(&self) -> LrHandle {
        self.handle.clone()
    }

    /// The number of the next step.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The rate of the last step, or before the first one of that.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// What `schedule`, whose clock this is, gave for the last step, or before the first one gives
    /// for that.
    pub fn scheduled(&self, schedule: &impl Schedule) -> f64 {
        let last = self.position.saturating_sub(1);
        self.scheduled.unwrap_or_else(|| schedule.at(last))
    }

    /// The same as far as it is known without asking.
    pub fn known_scheduled(&self) -> Option<f64> {
        self.scheduled
    }

    /// What the handle asked for last, whether or not a step has taken it up.
    pub fn wanted(&self) -> Override {
        self.handle.wanted()
    }

    /// One step of `schedule`: its rate from what `rule` makes of the scheduled one.
    #[inline]
    pub fn step(&mut self, schedule: &impl Schedule, rule: impl FnOnce(f64) -> f64) -> f64 {
        let version = self.handle.version();
        if version != self.seen {
            self.in_force = self.handle.take_up(self.position);
            self.seen = version;
        }
        let scheduled = match self.scheduled {
            Some(previous) => schedule.advance(self.position, previous),
            None => schedule.at(self.position),
        };
        self.scheduled = Some(scheduled);
        self.rate = self.in_force.apply(self.position, rule(scheduled));
        self.position = self.position.saturating_add(1);
        self.handle.publish(self.rate, self.position);
        self.rate
    }

    /// Moves to where a saved run was.
    pub fn restore(&mut self, position: u64, rate: f64, scheduled: Option<f64>, over: Override) {
        self.position = position;
        self.rate = rate;
        self.scheduled = scheduled;
        self.handle.replace(over);
        self.handle.publish(rate, position);
    }
}

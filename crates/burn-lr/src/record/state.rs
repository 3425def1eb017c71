use burn::lr_scheduler::LrSchedulerRecord;

use super::error::LoadError;
use super::fields::{Fields, scalars};
use super::identity::Identity;
use crate::timeline::event::{Action, Applied, Decay, Override};
use lr_schedule::Shape;

/// The position of a scheduler, and the changes to its rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Progress {
    /// The number of steps that were taken, skipped ones included.
    pub taken: u64,
    pub applied: Applied,
    /// The rate of the last step, or before the first one of that.
    pub rate: f64,
    /// The rate that the schedule itself gave for the last step, from which a recurrence goes on;
    /// `None` where that isn't known.
    pub scheduled: Option<f64>,
}

impl Progress {
    /// The state after `position` steps, the last of which had `rate`.
    pub fn at(position: u64, rate: f64) -> Self {
        Self {
            taken: position,
            applied: Applied::default(),
            rate,
            scheduled: None,
        }
    }

    /// The number of the next step.
    #[inline]
    pub fn position(&self) -> u64 {
        self.applied.position(self.taken)
    }

    /// Applies `action` before the next step.
    pub fn apply(&mut self, action: &Action) {
        self.applied.apply(action, self.taken);
        if *action == Action::Skip {
            self.scheduled = None;
        }
    }
}

/// The child record that the rule's numbers are in.
pub(crate) const FEEDBACK: &str = "feedback";

/// A saved scheduler, but for its feedback rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SchedulerState {
    pub has_rule: bool,
    pub progress: Progress,
    /// Events of later steps, each with how many steps are left before it.
    pub later: Vec<(u64, Action)>,
    pub identity: Identity,
}

impl SchedulerState {
    const VERSION: u64 = 1;

    /// The state that `record` holds. (Burn's `into_state` would do, but it starts up the default
    /// device, and tells nobody what was wrong.)
    pub fn read(record: &LrSchedulerRecord) -> Result<Self, LoadError> {
        if record.is_empty() {
            return Err(LoadError::Empty);
        }
        let fields = Fields::of(record);
        if !fields.has("version") {
            let scalars = scalars(record).unwrap_or_default();
            let keys = scalars.into_keys().collect();
            return Err(LoadError::Foreign { keys });
        }
        let version = fields.count("version")?;
        if version != Self::VERSION {
            return Err(LoadError::Version {
                found: version,
                supported: Self::VERSION,
            });
        }
        let has_rule = match fields.count("kind")? {
            1 => false,
            2 => true,
            other => return Err(fields.invalid("kind", other, "1 or 2")),
        };
        let position = fields.count("position")?;
        let skipped = fields.optional("skipped", Fields::count)?.unwrap_or(0);
        let rate = fields.number("rate")?;
        let scheduled = fields.optional("scheduled", Fields::number)?;
        let over = Override::read(&fields.below("control."), position)?;
        Ok(Self {
            has_rule,
            progress: Progress {
                taken: position.saturating_add(skipped),
                applied: Applied { skipped, over },
                rate,
                scheduled,
            },
            later: read_later(&fields, position)?,
            identity: Identity::read(&fields.below("schedule."))?,
        })
    }

    /// The record that [`read`](Self::read) reads.
    pub fn store(&self) -> LrSchedulerRecord {
        let progress = &self.progress;
        let mut record = LrSchedulerRecord::new()
            .with_scalar("version", Self::VERSION)
            .with_scalar("kind", if self.has_rule { 2u64 } else { 1 })
            .with_scalar("position", progress.position())
            .with_scalar("rate", progress.rate)
            .with_record("control", progress.applied.over.store())
            .with_record("schedule", self.identity.store());
        if progress.applied.skipped > 0 {
            record = record.with_scalar("skipped", progress.applied.skipped);
        }
        if let Some(scheduled) = progress.scheduled {
            record = record.with_scalar("scheduled", scheduled);
        }
        match self.later.is_empty() {
            true => record,
            false => record.with_record("later", self.store_later()),
        }
    }

    /// The events of later steps, each below its number: of a change by hand, the override that it
    /// makes.
    fn store_later(&self) -> LrSchedulerRecord {
        let mut record = LrSchedulerRecord::new().with_scalar("count", self.later.len());
        let Progress {
            taken, mut applied, ..
        } = self.progress;
        for (number, (left, action)) in self.later.iter().enumerate() {
            applied.apply(action, taken.saturating_add(*left));
            let (kind, event) = match action {
                Action::Skip => (SKIP, LrSchedulerRecord::new()),
                Action::Metric(value) => (
                    METRIC,
                    LrSchedulerRecord::new().with_scalar("value", *value),
                ),
                _ => (OVERRIDE, applied.over.store()),
            };
            let event = event.with_scalar("after", *left).with_scalar("kind", kind);
            record = record.with_record(&number.to_string(), event);
        }
        record
    }

    pub fn check_kind(&self, has_rule: bool) -> Result<(), LoadError> {
        if self.has_rule == has_rule {
            return Ok(());
        }
        let name = |has_rule| match has_rule {
            false => "a scheduler without a feedback rule".to_string(),
            true => "a scheduler with a feedback rule".to_string(),
        };
        Err(LoadError::Kind {
            expected: name(has_rule),
            found: name(self.has_rule),
        })
    }

    /// This state, as a scheduler with the schedule at hand can go on from it; fails where another
    /// one was saved and none but that is accepted.
    pub fn for_schedule(
        mut self,
        given: &Identity,
        accept_another: bool,
    ) -> Result<Self, LoadError> {
        match self.identity.check(given) {
            Ok(()) => {
                let scheduled = &mut self.progress.scheduled;
                *scheduled = scheduled.filter(|rate| rate.is_finite());
            }
            // Another schedule can't go on from the rate of this one.
            Err(_) if accept_another => self.progress.scheduled = None,
            Err(error) => return Err(error),
        }
        Ok(self)
    }
}

impl Override {
    fn store(&self) -> LrSchedulerRecord {
        let mut record = LrSchedulerRecord::new().with_scalar("factor", self.factor);
        if let Some(set) = self.set {
            record = record.with_scalar("set", set);
        }
        if let Some(decay) = self.decay {
            let (kind, [a, b]) = decay.shape.to_parts();
            record = record
                .with_scalar("decay.start", decay.start)
                .with_scalar("decay.steps", decay.steps)
                .with_scalar("decay.end", decay.end)
                .with_scalar("decay.shape", kind)
                .with_scalar("decay.shape.a", a)
                .with_scalar("decay.shape.b", b);
        }
        record
    }

    /// Reads an override; a decay without a start begins at `position`.
    fn read(fields: &Fields, position: u64) -> Result<Self, LoadError> {
        Ok(Self {
            set: fields.optional("set", Fields::not_negative)?,
            factor: fields.not_negative("factor")?,
            decay: fields.optional("decay.steps", |fields, _| {
                Decay::read(&fields.below("decay."), position)
            })?,
        })
    }
}

impl Decay {
    fn read(fields: &Fields, position: u64) -> Result<Self, LoadError> {
        let kind = fields.count("shape")?;
        let numbers = [fields.number("shape.a")?, fields.number("shape.b")?];
        let shape = usize::try_from(kind).ok();
        let shape = shape.and_then(|kind| Shape::from_parts(kind, numbers));
        let shape = shape.ok_or_else(|| fields.invalid("shape", kind, "that of a known shape"))?;
        if shape.check("").is_err() {
            let numbers = format!("{numbers:?}");
            return Err(fields.invalid("shape.a and .b", numbers, "within the shape's bounds"));
        }
        Ok(Self {
            start: fields.optional("start", Fields::count)?.unwrap_or(position),
            steps: fields.count("steps")?,
            end: fields.not_negative("end")?,
            shape,
        })
    }
}

const OVERRIDE: u64 = 1;
const SKIP: u64 = 2;
const METRIC: u64 = 3;

/// Reads the events of the steps after `position`. Earlier versions wrote of a decay that had not
/// begun only after how many steps it does, in the event that begins it and in those after it.
fn read_later(fields: &Fields, position: u64) -> Result<Vec<(u64, Action)>, LoadError> {
    let count = fields.optional("later.count", Fields::count)?.unwrap_or(0);
    let mut skips = 0;
    let mut last_start = position;
    let read = |number| {
        let fields = fields.below(&format!("later.{number}."));
        let left = fields.count("after")?;
        let action = match fields.count("kind")? {
            OVERRIDE => {
                let begins = fields.optional("decay.after", Fields::count)? == Some(left);
                let start = match begins {
                    true => position.saturating_add(left).saturating_sub(skips),
                    false => last_start,
                };
                let over = Override::read(&fields, start)?;
                last_start = over.decay.map_or(last_start, |decay| decay.start);
                Action::Override(over)
            }
            SKIP => {
                skips += 1;
                Action::Skip
            }
            METRIC => Action::Metric(fields.number("value")?),
            other => return Err(fields.invalid("kind", other, "1, 2 or 3")),
        };
        Ok((left, action))
    };
    (0..count).map(read).collect()
}

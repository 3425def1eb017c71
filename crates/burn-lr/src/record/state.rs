use burn::lr_scheduler::LrSchedulerRecord;
use burn::optim::{RecordState, StateSink, StateSource};
use burn::tensor::Device;
use burn_pack::{Reader, Scalar};

use super::error::LoadError;
use super::fields::Fields;
use super::identity::Identity;
use crate::timeline::event::{Action, Applied, Decay, Override};
use lr_schedule::Shape;

/// Whether a record has the state of a feedback rule in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    WithoutFeedback = 1,
    WithFeedback = 2,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::WithoutFeedback => "scheduler without a feedback rule",
            Self::WithFeedback => "scheduler with a feedback rule",
        }
    }
}

/// The position of a scheduler, and the changes to its rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Progress {
    /// How many steps were taken, skipped ones included.
    pub taken: u64,
    pub applied: Applied,
    /// The rate of the last step, or before the first one of that.
    pub rate: f64,
    /// The rate that the schedule itself gave for the last step, from which a recurrence goes on;
    /// `None` where that isn't known.
    pub scheduled: Option<f64>,
}

impl Progress {
    /// After `position` steps, the last of which had `rate`.
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
    pub kind: Kind,
    pub progress: Progress,
    /// Events of later steps, each with how many steps are left before it.
    pub later: Vec<(u64, Action)>,
    pub identity: Identity,
}

impl SchedulerState {
    const VERSION: u64 = 1;

    /// The state that `record` holds. (Burn's `into_state` would do, but it starts up the default
    /// device, and tells nobody what was wrong.)
    pub fn from_record(record: &LrSchedulerRecord) -> Result<Self, LoadError> {
        if record.is_empty() {
            return Err(LoadError::Empty);
        }
        let mut fields = Fields::new(|name| record.scalar(name));
        if !fields.has("version") {
            return Err(LoadError::Foreign { keys: keys(record) });
        }
        Self::read(&mut fields)
    }

    fn read(fields: &mut Fields) -> Result<Self, LoadError> {
        let version = fields.count("version")?;
        if version != Self::VERSION {
            return Err(LoadError::Version {
                found: version,
                supported: Self::VERSION,
            });
        }
        let kind = match fields.count("kind")? {
            1 => Kind::WithoutFeedback,
            2 => Kind::WithFeedback,
            other => return Err(fields.invalid("kind", other, "1 or 2")),
        };
        let position = fields.count("position")?;
        let skipped = fields.optional("skipped", Fields::count)?.unwrap_or(0);
        let rate = fields.number("rate")?;
        let scheduled = fields.optional("scheduled", Fields::number)?;
        let over = fields.below("control.", |fields| Override::read(fields, position))?;
        Ok(Self {
            kind,
            progress: Progress {
                taken: position.saturating_add(skipped),
                applied: Applied { skipped, over },
                rate,
                scheduled,
            },
            later: read_later(fields, position)?,
            identity: fields.below("schedule.", Identity::read)?,
        })
    }

    pub fn check_kind(&self, expected: Kind) -> Result<(), LoadError> {
        if self.kind == expected {
            return Ok(());
        }
        Err(LoadError::Kind {
            expected: expected.name(),
            found: self.kind.name(),
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

impl RecordState for SchedulerState {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        let mut push = |name: &str, value: Scalar| out.push_scalar(prefix, name, value);
        push("version", Self::VERSION.into());
        push("kind", (self.kind as u64).into());
        let progress = &self.progress;
        push("position", progress.position().into());
        if progress.applied.skipped > 0 {
            push("skipped", progress.applied.skipped.into());
        }
        push("rate", progress.rate.into());
        if let Some(scheduled) = progress.scheduled {
            push("scheduled", scheduled.into());
        }
        progress.applied.over.write("control.", &mut push);
        write_later(self, &mut push);
        for (name, value) in self.identity.fields() {
            push(&format!("schedule.{name}"), value);
        }
    }

    fn state_unflatten(prefix: &str, src: &mut StateSource, _device: &Device) -> Option<Self> {
        Self::read(&mut Fields::new(|name| src.take_scalar(prefix, name))).ok()
    }
}

impl Override {
    fn write(&self, prefix: &str, push: &mut impl FnMut(&str, Scalar)) {
        let mut push = |name: &str, value: Scalar| push(&format!("{prefix}{name}"), value);
        if let Some(set) = self.set {
            push("set", set.into());
        }
        push("factor", self.factor.into());
        if let Some(decay) = self.decay {
            let (kind, [a, b]) = decay.shape.to_parts();
            push("decay.start", decay.start.into());
            push("decay.steps", decay.steps.into());
            push("decay.end", decay.end.into());
            push("decay.shape", (kind as u64).into());
            push("decay.shape.a", a.into());
            push("decay.shape.b", b.into());
        }
    }

    /// Reads an override; a decay without a start begins at `position`.
    fn read(fields: &mut Fields, position: u64) -> Result<Self, LoadError> {
        Ok(Self {
            set: fields.optional("set", Fields::not_negative)?,
            factor: fields.not_negative("factor")?,
            decay: match fields.has("decay.steps") {
                true => Some(fields.below("decay.", |fields| Decay::read(fields, position))?),
                false => None,
            },
        })
    }
}

impl Decay {
    fn read(fields: &mut Fields, position: u64) -> Result<Self, LoadError> {
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

/// Writes the events of later steps, one below the other's number: of a change by hand, the override
/// that it makes.
fn write_later(state: &SchedulerState, push: &mut impl FnMut(&str, Scalar)) {
    if state.later.is_empty() {
        return;
    }
    push("later.count", state.later.len().into());
    let Progress {
        taken, mut applied, ..
    } = state.progress;
    for (number, (left, action)) in state.later.iter().enumerate() {
        let prefix = format!("later.{number}.");
        push(&format!("{prefix}after"), (*left).into());
        applied.apply(action, taken.saturating_add(*left));
        let kind = match action {
            Action::Skip => SKIP,
            Action::Metric(value) => {
                push(&format!("{prefix}value"), (*value).into());
                METRIC
            }
            _ => {
                applied.over.write(&prefix, push);
                OVERRIDE
            }
        };
        push(&format!("{prefix}kind"), kind.into());
    }
}

const OVERRIDE: u64 = 1;
const SKIP: u64 = 2;
const METRIC: u64 = 3;

/// Reads the events of the steps after `position`. Earlier versions wrote of a decay that had not
/// begun only after how many steps it does, in the event that begins it and in those after it.
fn read_later(fields: &mut Fields, position: u64) -> Result<Vec<(u64, Action)>, LoadError> {
    let count = fields.optional("later.count", Fields::count)?.unwrap_or(0);
    let mut skips = 0;
    let mut last_start = position;
    let mut read = |fields: &mut Fields| {
        let left = fields.count("after")?;
        let action = match fields.count("kind")? {
            OVERRIDE => {
                let begins = fields.optional("decay.after", Fields::count)? == Some(left);
                let start = match begins {
                    true => position.saturating_add(left).saturating_sub(skips),
                    false => last_start,
                };
                let over = Override::read(fields, start)?;
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
    (0..count)
        .map(|number| fields.below(&format!("later.{number}."), &mut read))
        .collect()
}

/// The names of all that a record holds, which Burn shows only through its bytes.
pub(super) fn keys(record: &LrSchedulerRecord) -> Vec<String> {
    let bytes = record.clone().into_bytes().ok();
    let reader = bytes.and_then(|bytes| Reader::from_bytes(bytes).ok());
    reader.map_or_else(Vec::new, |reader| {
        reader.scalars().keys().cloned().collect()
    })
}

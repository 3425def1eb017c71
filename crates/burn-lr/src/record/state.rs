use burn::lr_scheduler::LrSchedulerRecord;
use burn::optim::{RecordState, StateSink, StateSource};
use burn::tensor::Device;
use burn_pack::{Reader, Scalar};

use super::error::LoadError;
use super::fields::Fields;
use super::identity::Identity;
use crate::Shape;
use crate::event::{Action, Applied, Decay, Override};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn schedule() -> impl Schedule + Clone + Send + Sync + std::fmt::Debug + 'static {
        Cosine::new(0.1, 0.001, 90).warmup(10)
    }

    fn stepped(n: usize) -> LrSchedulerRecord {
        let mut lr = Scheduler::new(schedule());
        for _ in 0..n {
            lr.step();
        }
        lr.to_record()
    }

    /// `record` with one scalar replaced, or without it.
    fn with(record: &LrSchedulerRecord, name: &str, value: Option<Scalar>) -> LrSchedulerRecord {
        let bytes = record.clone().into_bytes().unwrap();
        let mut scalars = Reader::from_bytes(bytes).unwrap().scalars().clone();
        match value {
            Some(value) => scalars.insert(name.to_string(), value),
            None => scalars.remove(name),
        };
        let record = LrSchedulerRecord::new();
        scalars.iter().fold(record, |record, (name, value)| {
            record.with_scalar(name, *value)
        })
    }

    #[test]
    fn a_state_is_the_same_after_burns_own_round_trip() {
        let lr = Scheduler::new(schedule());
        let handle = lr.handle();
        handle.set(0.5).unwrap();
        handle.scale(0.5).unwrap();
        let state = SchedulerState::from_record(&lr.to_record()).unwrap();
        assert_eq!(state.progress.applied.over.set, Some(0.25));

        let mut sink = StateSink::default();
        state.state_flatten("0", &mut sink);
        let scalars: BTreeMap<String, Scalar> = sink.scalars.into_iter().collect();
        let mut source = StateSource::new(scalars);
        let device = Device::flex();
        let back = SchedulerState::state_unflatten("0", &mut source, &device);
        assert_eq!(back, Some(state));
        assert_eq!(
            SchedulerState::state_unflatten("1", &mut source, &device),
            None
        );
    }

    #[test]
    fn every_field_is_needed_and_checked() {
        let record = stepped(7);
        let load = |record| Scheduler::new(schedule()).try_load_record(&record);
        let message = |record| load(record).unwrap_err().to_string();
        assert_eq!(load(record.clone()), Ok(()));
        assert_eq!(load(LrSchedulerRecord::new()), Err(LoadError::Empty));

        for name in keys(&record) {
            let result = load(with(&record, &name, None));
            match name.as_str() {
                // Without it, the probes still tell schedules apart,
                "schedule.fingerprint" => assert_eq!(result, Ok(())),
                // and the schedule still knows what it gave.
                "scheduled" => assert_eq!(result, Ok(())),
                "version" => assert!(matches!(result, Err(LoadError::Foreign { .. }))),
                _ => assert_eq!(result, Err(LoadError::Missing { field: name })),
            }
        }
        for (name, value, expected) in [
            (
                "version",
                Scalar::UInt(2),
                "the record has version 2; this library reads up to 1",
            ),
            (
                "kind",
                Scalar::UInt(9),
                "the record's `kind` must be 1 or 2, got 9",
            ),
            (
                "kind",
                Scalar::UInt(2),
                "the record is of a scheduler with a feedback rule, not of a scheduler without a feedback \
                 rule",
            ),
            (
                "position",
                Scalar::Int(-1),
                "the record's `position` must be a count, got -1",
            ),
            (
                "rate",
                Scalar::Bool(true),
                "the record's `rate` must be a number with a fraction, got true",
            ),
            (
                "control.set",
                Scalar::Float(f64::NAN),
                "the record's `control.set` must be finite and at least 0, got NaN",
            ),
            (
                "control.factor",
                Scalar::Float(-0.5),
                "the record's `control.factor` must be finite and at least 0, got -0.5",
            ),
        ] {
            assert_eq!(message(with(&record, name, Some(value))), expected);
        }
        let burn = LrSchedulerRecord::new().with_scalar("current_iter", 7usize);
        assert_eq!(
            message(burn),
            "the record is not of this library: it holds current_iter"
        );
    }

    #[test]
    fn another_schedule_is_refused_unless_it_was_asked_for() {
        let record = stepped(7);
        let mut lr = Scheduler::new(Cosine::new(0.1, 0.001, 91).warmup(10));
        assert_eq!(
            lr.try_load_record(&record).unwrap_err().to_string(),
            format!(
                "the record is of another schedule: at step 100 that gave 0.001, this one gives \
                 {}; `accept_another_schedule` goes on with this one",
                lr.schedule().at(100)
            )
        );
        assert_eq!(lr.position(), 0);

        // The same rates at every probe, from another description.
        let mut lr = Scheduler::new(Constant::new(0.1).then_hold());
        let same = Scheduler::new(Constant::new(0.1)).to_record();
        assert_eq!(
            lr.try_load_record(&same),
            Err(LoadError::AnotherDescription)
        );

        // A closure has no description, so its rates alone have to do.
        let mut lr = Scheduler::new(from_fn(|n| schedule().at(n)));
        assert_eq!(lr.try_load_record(&record), Ok(()));

        // An infinite rate, or one that outgrows all others, hides no difference before it.
        let growing = |at_1: f64| {
            from_fn(move |n| match n {
                0 => f64::INFINITY,
                1 => at_1,
                n => 1e300 * n as f64,
            })
        };
        let saved = Scheduler::new(growing(1.0)).to_record();
        assert_eq!(Scheduler::new(growing(1.0)).try_load_record(&saved), Ok(()));
        let differs = Scheduler::new(growing(2.0)).try_load_record(&saved);
        assert!(matches!(
            differs,
            Err(LoadError::AnotherSchedule { step: 1, .. })
        ));

        let mut lr = Scheduler::new(Constant::new(0.5)).accept_another_schedule();
        lr.try_load_record(&record).unwrap();
        assert_eq!((lr.position(), lr.step()), (7, 0.5));
    }

    #[test]
    fn a_recurrence_takes_one_step_at_a_time_before_and_after_a_resume() {
        let updates = Arc::new(AtomicU64::new(0));
        let schedule = |updates: Arc<AtomicU64>| {
            let factor = |n: u64| 0.9 + 0.2 * (n as f64).sin().abs();
            Recurrence::new(0.1, move |n, rate| {
                updates.fetch_add(1, Ordering::Relaxed);
                rate * factor(n)
            })
            .warmup(5)
            .into_dyn()
        };
        let mut lr = Scheduler::new(schedule(updates.clone()));
        for _ in 0..1_000 {
            lr.step();
        }
        assert_eq!(updates.load(Ordering::Relaxed), 994); // one for each after the first
        let record = lr.to_record();
        let record = LrSchedulerRecord::from_bytes(record.into_bytes().unwrap()).unwrap();

        let mut resumed = Scheduler::new(schedule(updates.clone()));
        resumed.try_load_record(&record).unwrap();
        updates.store(0, Ordering::Relaxed);
        for _ in 0..100 {
            assert_eq!(resumed.step().to_bits(), lr.step().to_bits());
        }
        assert_eq!(updates.load(Ordering::Relaxed), 200);

        // What another schedule gave is nothing to go on from.
        let mut other = Scheduler::new(Recurrence::new(0.5, |_, rate| rate * 0.5));
        assert!(other.try_load_record(&record).is_err());
        let mut other = other.accept_another_schedule();
        other.try_load_record(&record).unwrap();
        assert_eq!(other.step(), 0.5f64.powi(1001));
    }

    #[test]
    fn a_decay_that_was_asked_for_goes_on_after_a_resume() {
        let make = || Scheduler::new(Constant::new(0.1).warmup(10));
        let mut lr = make();
        for _ in 0..20 {
            lr.step();
        }
        let shape = Shape::Polynomial { power: 2.0 };
        lr.handle().start_decay_with(10, 0.02, shape).unwrap();
        // Saved before a step has taken it up, and then between any two.
        for step in 20..40 {
            let mut resumed = make();
            resumed.try_load_record(&lr.to_record()).unwrap();
            lr = resumed;
            let left = (1.0 - f64::from(step - 20) / 10.0).max(0.0).powi(2);
            let expected = 0.02 + (0.1 - 0.02) * left;
            let rate = lr.step();
            assert!(
                (rate - expected).abs() < 1e-15,
                "{rate}, not {expected} at {step}"
            );
            assert_eq!(lr.handle().decay_start(), Some(20));
        }
        // A clone has the same decay, and release takes it back for both.
        let mut clone = lr.clone();
        assert_eq!((clone.step(), lr.step()), (0.02, 0.02));
        lr.handle().release();
        assert_eq!((clone.step(), lr.step()), (0.1, 0.1));
        assert_eq!(lr.handle().decay_start(), None);

        let handle = lr.handle();
        let end = handle.start_decay_with(5, -0.1, Shape::Linear).unwrap_err();
        assert_eq!(
            end.to_string(),
            "start_decay.end: must be finite and at least 0, got -0.1"
        );
        let shape = handle.start_decay_with(5, 0.0, Shape::Exponential { ratio: 2.0 });
        assert!(shape.is_err() && handle.decay_start().is_none());

        handle.start_decay(5);
        lr.step();
        let record = lr.to_record();
        let unknown = with(&record, "control.decay.shape", Some(Scalar::UInt(99)));
        assert_eq!(
            make().try_load_record(&unknown).unwrap_err().to_string(),
            "the record's `control.decay.shape` must be that of a known shape, got 99"
        );
    }

    trait ThenHold: Schedule + Sized {
        /// The same function in other words.
        fn then_hold(self) -> crate::combine::Take<Self> {
            self.take(u64::MAX)
        }
    }
    impl ThenHold for Constant {}

    #[test]
    #[should_panic(expected = "can't resume the learning rate: the record is empty")]
    fn burns_own_load_says_why_it_stops() {
        Scheduler::new(schedule()).load_record(LrSchedulerRecord::new());
    }
}

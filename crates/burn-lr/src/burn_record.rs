//! Records of Burn's own schedulers: where in a schedule of ours they are.

use std::collections::{BTreeMap, BTreeSet};

use burn::lr_scheduler::LrSchedulerRecord;
use burn_pack::{Reader, Scalar};

use crate::clock::Restored;
use crate::spec::Length;
use crate::{Schedule, Scheduler, Spec};
use lr_schedule::curves::{
    ConstantSpec, CosineAnnealingSpec, CurveSpec, ExponentialSpec, LinearSpec, StepSpec,
};

/// A record of one of Burn's own schedulers that a schedule can't go on from.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BurnRecordError {
    /// A scheduler of this library wrote the record.
    #[error("the record is of this library's own; `try_load_record` loads it")]
    Own,
    /// The schedule at hand has no spec, so that it can't be compared with the record.
    #[error("the schedule at hand can't be compared with the record: a closure is part of it")]
    NoSpec,
    /// The schedule at hand has a part that none of Burn's schedulers is.
    #[error("{}: none of Burn's schedulers is like `{name}`", place(.at))]
    NotBurns {
        /// Which part of the record: `1.0`, or nothing for all of it.
        at: String,
        /// What the schedule has in that place: `warmup`.
        name: &'static str,
    },
    /// The record is of another kind of scheduler than the schedule at hand.
    #[error(
        "{}: for a schedule that is `{name}`, Burn stores {expected}; the record has {}",
        place(.at),
        fields(.found)
    )]
    Kind {
        /// Which part of the record.
        at: String,
        /// What the schedule has in that place: `linear`.
        name: &'static str,
        /// What Burn's scheduler of that kind stores.
        expected: &'static str,
        /// What the record has.
        found: Vec<String>,
    },
    /// A number can't be what it is.
    #[error("{}: `{field}` must be {allowed}, got {value}", place(.at))]
    Invalid {
        /// Which part of the record.
        at: String,
        /// Which number.
        field: &'static str,
        /// What it is.
        value: String,
        /// What is allowed, for the schedule at hand.
        allowed: String,
    },
    /// The schedule at hand gives another rate than the record has.
    #[error("{}: the last rate was {saved}; the schedule at hand has {given} there", place(.at))]
    Rate {
        /// Which part of the record.
        at: String,
        /// The rate in the record.
        saved: f64,
        /// The rate of the schedule at hand, at the step that comes nearest.
        given: f64,
    },
    /// The parts of the record can't belong to one step of the schedule at hand.
    #[error("{}: by its numbers, it took {found} steps; by the others, {expected}", place(.at))]
    Apart {
        /// Which part of the record.
        at: String,
        /// How many steps it took.
        found: String,
        /// How many it must have taken.
        expected: String,
    },
    /// The record says nothing: Burn's `ConstantLr` stores nothing.
    #[error("the record holds no position: Burn stores nothing for a rate that is constant")]
    NoPosition,
    /// The record is of a `ModuleLrScheduler` with several groups.
    #[error(
        "the record is of {groups} parameter groups; `record.record(\"0\")` is that of the first"
    )]
    Groups {
        /// How many there are.
        groups: usize,
    },
}

fn place(at: &str) -> String {
    match at {
        "" => "the record".to_string(),
        at => format!("the record's `{at}`"),
    }
}

fn fields(names: &[String]) -> String {
    match names {
        [] => "nothing".to_string(),
        names => names.join(", "),
    }
}

impl<S: Schedule> Scheduler<S> {
    /// Goes on where one of Burn's own schedulers was, from what its `to_record` gave or burn-train
    /// saved.
    ///
    /// The schedule at hand is what Burn's scheduler is called here: `Linear`, `CosineAnnealing`,
    /// `Exponential`, `Noam`, `Step`, and products, sums and sequences of these; the crate
    /// `lr-compat` makes it from Burn's own config. The next rates are then those that Burn's would
    /// have been, up to rounding. A record of Burn's holds little more than how many steps there were,
    /// so that the options can't be compared: only `Exponential` stores a rate, and `Linear` the
    /// steps that are left.
    ///
    /// ```
    /// use burn::lr_scheduler::linear::LinearLrSchedulerConfig;
    /// use burn_lr::prelude::*;
    ///
    /// let mut burn = LinearLrSchedulerConfig::new(0.1, 0.0, 100).init()?;
    /// for _ in 0..30 {
    ///     burn.step();
    /// }
    /// let mut lr = Scheduler::new(Linear::new(0.1, 0.0, 100));
    /// lr.try_load_burn_record(&burn.to_record())?;
    /// assert_eq!(lr.position(), 30);
    /// assert!((lr.step() - burn.step().base()).abs() < 1e-12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The record may be that of a `ModuleLrScheduler` without groups, which has the scheduler's own
    /// one level deeper. Of one with groups, `record.record("1")` is that of the group 1, and so on.
    ///
    /// # Errors
    ///
    /// A record of another kind of scheduler than the schedule at hand, one whose parts can't belong
    /// together, or one without a position; the scheduler stays as it is then.
    pub fn try_load_burn_record(
        &mut self,
        record: &LrSchedulerRecord,
    ) -> Result<(), BurnRecordError> {
        let spec = self.schedule().to_spec().ok_or(BurnRecordError::NoSpec)?;
        let position = position(&spec, record)?;
        let last = position.saturating_sub(1);
        let rate = self.schedule().at(last);
        self.clock.restore(Restored::at(position, rate));
        Ok(())
    }
}

/// How many steps the scheduler of `record` took, being what `spec` describes.
fn position(spec: &Spec, record: &LrSchedulerRecord) -> Result<u64, BurnRecordError> {
    let node = Node::new(record);
    if node.scalars.contains_key("version") {
        return Err(BurnRecordError::Own);
    }
    let taken = match (taken(spec, &node), node.children()) {
        (Ok(taken), _) => taken,
        // What a `ModuleLrScheduler` writes.
        (Err(_), Some(groups)) if groups == BTreeSet::from([0]) => taken(spec, &node.child(0))?,
        (Err(error), Some(groups)) if groups.len() > 1 && !is_of_several(spec) => {
            let groups = groups.len();
            log::debug!("not of one scheduler: {error}");
            return Err(BurnRecordError::Groups { groups });
        }
        (Err(error), _) => return Err(error),
    };
    match taken == Taken::ANY {
        true => Err(BurnRecordError::NoPosition),
        false => Ok(taken.best),
    }
}

/// Whether Burn's scheduler for it has others in it.
fn is_of_several(spec: &Spec) -> bool {
    match spec {
        Spec::Scale { of, .. } => is_of_several(of),
        spec => matches!(spec, Spec::Product(_) | Spec::Sum(_) | Spec::Sequence(_)),
    }
}

/// How many steps a scheduler took: by what it stores, at least and at most.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Taken {
    best: u64,
    least: u64,
    most: u64,
}

impl Taken {
    /// As nothing is stored.
    const ANY: Self = Self {
        best: 0,
        least: 0,
        most: u64::MAX,
    };

    fn exactly(steps: u64) -> Self {
        Self::at_least(steps).until(steps)
    }

    /// As nothing changes from there on.
    fn at_least(steps: u64) -> Self {
        Self {
            best: steps,
            least: steps,
            most: u64::MAX,
        }
    }

    fn until(self, most: u64) -> Self {
        Self { most, ..self }
    }

    /// What agrees with both, by the more exact one.
    fn and(self, other: Self) -> Option<Self> {
        let best = match self.most - self.least <= other.most - other.least {
            true => self.best,
            false => other.best,
        };
        let (least, most) = (self.least.max(other.least), self.most.min(other.most));
        (least <= most).then(|| Self {
            best: best.clamp(least, most),
            least,
            most,
        })
    }

    fn show(&self) -> String {
        match (self.least, self.most) {
            (least, most) if least == most => least.to_string(),
            (least, u64::MAX) => format!("at least {least}"),
            (least, most) => format!("{least} to {most}"),
        }
    }
}

/// Part of a record.
struct Node {
    /// Where in the record: `1.0`.
    at: String,
    scalars: BTreeMap<String, Scalar>,
}

impl Node {
    fn new(record: &LrSchedulerRecord) -> Self {
        // Burn shows what a record holds only through its bytes.
        let bytes = record.clone().into_bytes().ok();
        let reader = bytes.and_then(|bytes| Reader::from_bytes(bytes).ok());
        Self {
            at: String::new(),
            scalars: reader.map_or_else(BTreeMap::new, |reader| reader.scalars().clone()),
        }
    }

    fn child(&self, index: usize) -> Self {
        let prefix = format!("{index}.");
        let below = |(name, value): (&String, &Scalar)| {
            Some((name.strip_prefix(&prefix)?.to_string(), *value))
        };
        Self {
            at: match self.at.as_str() {
                "" => index.to_string(),
                at => format!("{at}.{index}"),
            },
            scalars: self.scalars.iter().filter_map(below).collect(),
        }
    }

    /// The numbers of its children; `None` where it has anything else, or none.
    fn children(&self) -> Option<BTreeSet<usize>> {
        let number = |name: &String| name.split_once('.')?.0.parse().ok();
        let numbers: Option<BTreeSet<usize>> = self.scalars.keys().map(number).collect();
        numbers.filter(|numbers| !numbers.is_empty())
    }

    /// Whether it is of a sequence: of the others, only Noam has its `step`, as a float.
    fn has_a_count_of_steps(&self) -> bool {
        matches!(
            self.scalars.get("step"),
            Some(Scalar::UInt(_) | Scalar::Int(_))
        )
    }

    /// The one scalar of a scheduler that has no others in it.
    fn only(&self, name: &'static str, field: &'static str) -> Result<Scalar, BurnRecordError> {
        match self.scalars.get(field) {
            Some(scalar) if self.scalars.len() == 1 => Ok(*scalar),
            _ => Err(self.kind(name, field)),
        }
    }

    fn kind(&self, name: &'static str, expected: &'static str) -> BurnRecordError {
        BurnRecordError::Kind {
            at: self.at.clone(),
            name,
            expected,
            found: self.scalars.keys().cloned().collect(),
        }
    }

    fn invalid(
        &self,
        field: &'static str,
        value: Scalar,
        allowed: impl Into<String>,
    ) -> BurnRecordError {
        BurnRecordError::Invalid {
            at: self.at.clone(),
            field,
            value: match value {
                Scalar::Int(value) => value.to_string(),
                Scalar::UInt(value) => value.to_string(),
                Scalar::Float(value) => value.to_string(),
                Scalar::Bool(value) => value.to_string(),
            },
            allowed: allowed.into(),
        }
    }

    fn apart(&self, found: Taken, expected: Taken) -> BurnRecordError {
        BurnRecordError::Apart {
            at: self.at.clone(),
            found: found.show(),
            expected: expected.show(),
        }
    }
}

fn taken(spec: &Spec, node: &Node) -> Result<Taken, BurnRecordError> {
    let name = spec.name();
    match spec {
        // The mean of several is their sum, scaled.
        Spec::Scale { of, .. } | Spec::Take { of, .. } => taken(of, node),
        Spec::Sequence(parts) => sequence(parts, node),
        // What is in a sequence of one is all that it is called here.
        one if node.has_a_count_of_steps() => sequence(std::slice::from_ref(one), node),
        Spec::Curve(CurveSpec::Constant(ConstantSpec { .. })) => match node.scalars.is_empty() {
            true => Ok(Taken::ANY),
            false => Err(node.kind(name, "nothing")),
        },
        Spec::Curve(CurveSpec::Linear(LinearSpec {
            steps: Length::Steps(steps),
            ..
        })) => {
            const FIELD: &str = "remaining_iters";
            let scalar = node.only(name, FIELD)?;
            let all = steps.saturating_add(1);
            let remaining = u64::try_from(scalar).ok();
            match remaining.filter(|remaining| *remaining <= all) {
                Some(0) => Ok(Taken::at_least(all)),
                Some(remaining) => Ok(Taken::exactly(all - remaining)),
                None => Err(node.invalid(FIELD, scalar, format!("a count of at most {all}"))),
            }
        }
        Spec::Curve(CurveSpec::CosineAnnealing(CosineAnnealingSpec { .. })) => {
            // The last step's number; before the first, the greatest one that there is.
            const FIELD: &str = "current_iter";
            let scalar = node.only(name, FIELD)?;
            match u64::try_from(scalar) {
                Ok(last) => Ok(Taken::exactly(last.wrapping_add(1))),
                Err(_) => Err(node.invalid(FIELD, scalar, "a count")),
            }
        }
        Spec::Curve(CurveSpec::Step(StepSpec { .. })) => {
            // The last step's number; before the first, -1.
            const FIELD: &str = "iter_idx";
            let scalar = node.only(name, FIELD)?;
            let next = i64::try_from(scalar)
                .ok()
                .and_then(|last| last.checked_add(1));
            match next.and_then(|next| u64::try_from(next).ok()) {
                Some(next) => Ok(Taken::exactly(next)),
                None => Err(node.invalid(FIELD, scalar, "a whole number of at least -1")),
            }
        }
        Spec::Noam { .. } => {
            const FIELD: &str = "step";
            const MAX: f64 = (1u64 << f64::MANTISSA_DIGITS) as f64;
            match node.only(name, FIELD)? {
                Scalar::Float(steps) if steps.fract() == 0.0 && (0.0..=MAX).contains(&steps) => {
                    Ok(Taken::exactly(steps as u64))
                }
                Scalar::Float(steps) => {
                    let allowed = "a whole number from 0 to 2^53";
                    Err(node.invalid(FIELD, Scalar::Float(steps), allowed))
                }
                _ => Err(node.kind(name, "`step` as a number with a fraction")),
            }
        }
        &Spec::Curve(CurveSpec::Exponential(ExponentialSpec { start, gamma })) => {
            const FIELD: &str = "previous_lr";
            let scalar = node.only(name, FIELD)?;
            match scalar {
                Scalar::Float(previous) if previous.is_finite() && previous >= 0.0 => {
                    exponential(start, gamma, previous).map_err(|given| BurnRecordError::Rate {
                        at: node.at.clone(),
                        saved: previous,
                        given,
                    })
                }
                _ => Err(node.invalid(FIELD, scalar, "a finite number of at least 0")),
            }
        }
        Spec::Product(parts) | Spec::Sum(parts) => {
            let count = parts.len();
            let is_of_them = |numbers: BTreeSet<usize>| numbers.last().is_some_and(|n| *n < count);
            if !node.scalars.is_empty() && !node.children().is_some_and(is_of_them) {
                return Err(node.kind(name, "a record for each of its parts"));
            }
            let mut all = Taken::ANY;
            for (index, part) in parts.iter().enumerate() {
                let child = node.child(index);
                let found = taken(part, &child)?;
                all = all.and(found).ok_or_else(|| child.apart(found, all))?;
            }
            Ok(all)
        }
        _ => Err(BurnRecordError::NotBurns {
            at: node.at.clone(),
            name,
        }),
    }
}

/// Steps of `start · gammaⁿ`, of which Burn stores the last rate, made of the one before; `Err` with
/// the nearest rate there is.
fn exponential(start: f64, gamma: f64, previous: f64) -> Result<Taken, f64> {
    /// Rates of which steps can't be told any more, and that nobody can tell from 0.
    const SMALL: f64 = 1e-290;
    let steps_until = |rate: f64| 1.0 + (rate / start).ln() / gamma.ln();
    if !(start > 0.0 && gamma > 0.0 && gamma <= 1.0) {
        return Err(start);
    }
    if gamma < 1.0 && previous < SMALL.min(start) {
        return Ok(Taken::at_least(steps_until(SMALL.min(start)).ceil() as u64));
    }
    let nearest = match gamma < 1.0 {
        true => steps_until(previous).round().max(0.0),
        false => 1.0, // the same at any
    };
    // Each of Burn's steps rounds once.
    let error = (nearest + 8.0) * 4.0 * f64::EPSILON;
    let expected = start * gamma.powf(nearest - 1.0);
    let is_it = (previous - expected).abs() <= error * expected;
    if !is_it {
        return Err(expected);
    }
    if gamma == 1.0 {
        return Ok(Taken::ANY);
    }
    let (nearest, apart) = (nearest as u64, (error / -gamma.ln()).ceil() as u64);
    Ok(Taken {
        best: nearest,
        least: nearest.saturating_sub(apart),
        most: nearest.saturating_add(apart),
    })
}

/// Burn steps one part at a time, and counts all steps.
fn sequence(parts: &[Spec], node: &Node) -> Result<Taken, BurnRecordError> {
    const FIELD: &str = "step";
    let another_kind = || node.kind("sequence", "`step` as a count, and a record for each part");
    let scalar = match node.scalars.get(FIELD) {
        Some(scalar) if node.has_a_count_of_steps() => *scalar,
        _ => return Err(another_kind()),
    };
    let steps = u64::try_from(scalar).map_err(|_| node.invalid(FIELD, scalar, "a count"))?;
    let mut begin = 0u64;
    for (index, part) in parts.iter().enumerate() {
        let child = node.child(index);
        // The last one has no end that counts.
        let length = match index + 1 == parts.len() {
            true => u64::MAX,
            false => part
                .build()
                .ok()
                .and_then(|part| part.length())
                .unwrap_or(u64::MAX),
        };
        let expected = Taken::exactly(steps.saturating_sub(begin).min(length));
        let found = taken(part, &child)?;
        expected
            .and(found)
            .ok_or_else(|| child.apart(found, expected))?;
        begin = begin.saturating_add(length);
    }
    let known = |name: &String| match name.split_once('.') {
        Some((index, _)) => index.parse().is_ok_and(|index: usize| index < parts.len()),
        None => name == FIELD,
    };
    match node.scalars.keys().all(known) {
        true => Ok(Taken::exactly(steps)),
        false => Err(another_kind()),
    }
}

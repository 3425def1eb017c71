use std::fmt;

use lr_schedule::Spec;

/// The kind of a mistake in how a schedule was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A resumed run began again at step 0.
    Restarted,
    /// A run is some steps ahead or behind, mostly one, from a resume on.
    OffByOne,
    /// The scheduler was stepped once per epoch.
    PerEpoch,
    /// The scheduler was stepped several times per update.
    Times,
    /// The steps of the schedule are micro-batches.
    Accumulation,
    /// The schedule was told another length.
    WrongTotal,
    /// A resumed run was warmed up again.
    WarmupRepeated,
    /// The rate was held, or set by hand.
    Held,
    /// A single step has another rate.
    SingleStep,
    /// The rate that the schedule begins with, or that its peak is, is another.
    BaseRate,
    /// Another schedule was followed.
    AnotherSchedule,
}

impl Kind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Restarted => "restarted",
            Self::OffByOne => "off-by-one",
            Self::PerEpoch => "per-epoch",
            Self::Times => "times",
            Self::Accumulation => "accumulation",
            Self::WrongTotal => "wrong-total",
            Self::WarmupRepeated => "warmup-repeated",
            Self::Held => "held",
            Self::SingleStep => "single-step",
            Self::BaseRate => "base-rate",
            Self::AnotherSchedule => "another-schedule",
        }
    }
}

/// A mistake that gives the rates of a log.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Mistake {
    /// Its kind.
    pub kind: Kind,
    /// A sentence about it.
    pub words: String,
    /// Its numbers, such as `resumed_at`; one that can't be told exactly is two, with `_from` and `_to`.
    /// Of the first of two mistakes, `until` is the last step that it gives the rate of.
    pub numbers: Vec<(String, f64)>,
    /// The schedule that was followed, where it is known.
    pub spec: Option<Spec>,
}

impl Mistake {
    pub(super) fn new(kind: Kind, words: impl Into<String>) -> Self {
        Self {
            kind,
            words: words.into(),
            numbers: Vec::new(),
            spec: None,
        }
    }

    /// Whether it says several steps ahead or behind, which much else looks like.
    pub(super) fn is_far(&self) -> bool {
        let mut offsets = self.numbers.iter().filter(|(name, _)| name == "offset");
        offsets.any(|(_, offset)| offset.abs() > 1.0)
    }

    pub(super) fn with(mut self, name: &str, value: f64) -> Self {
        self.numbers.push((name.to_string(), value));
        self
    }

    /// A number between two others.
    pub(super) fn between(self, name: &str, from: u64, to: u64) -> Self {
        match from == to {
            true => self.with(name, from as f64),
            false => self
                .with(&format!("{name}_from"), from as f64)
                .with(&format!("{name}_to"), to as f64),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.words)
    }
}

/// `a step behind`, or `5 steps ahead`.
pub(super) fn steps_off(offset: i64) -> String {
    let side = if offset > 0 { "ahead" } else { "behind" };
    match offset.abs() {
        1 => format!("a step {side}"),
        steps => format!("{steps} steps {side}"),
    }
}

/// `at step 5`, or `at a step from 5 to 9`.
pub(super) fn at_step(from: u64, to: u64) -> String {
    match from == to {
        true => format!("at step {from}"),
        false => format!("at a step from {from} to {to}"),
    }
}

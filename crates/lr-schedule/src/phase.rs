//! The parts of a schedule that people have names for.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The kind of a [`Phase`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhaseKind {
    /// The rate goes up to where it is used.
    WarmUp,
    /// The rate stays.
    Stable,
    /// The rate goes down.
    Decay,
    /// One of several alike.
    Cycle,
}

/// A part of a schedule: from step `start` up to step `end`.
///
/// Bounds are numbers rather than steps, since those of a 1cycle policy lie between steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase {
    /// Its kind.
    pub kind: PhaseKind,
    /// Its name: `warm-up`, `cycle 2`.
    pub name: String,
    /// Its first step.
    pub start: f64,
    /// The step after it.
    pub end: f64,
}

impl Phase {
    /// The most phases that can be told apart in a picture: of cycles that go on, one more is given.
    pub const MOST: usize = 40;

    pub(crate) fn new(kind: PhaseKind, name: &str, start: f64, end: f64) -> Self {
        Self {
            kind,
            name: name.to_string(),
            start,
            end,
        }
    }

    /// The last rate, from step `start` on.
    pub(crate) fn held(start: f64, span: f64) -> Self {
        Self::new(PhaseKind::Stable, "held", start, span.max(start))
    }

    /// This phase `by` steps later.
    pub(crate) fn shifted(self, by: f64) -> Self {
        Self {
            start: self.start + by,
            end: self.end + by,
            ..self
        }
    }
}

/// A ramp from one rate to another over `length` steps, then the last rate.
pub(crate) fn ramp(start: f64, end: f64, length: u64, span: f64) -> Vec<Phase> {
    let phase = match (start < end, start > end) {
        (true, _) => (PhaseKind::WarmUp, "warm-up"),
        (_, true) => (PhaseKind::Decay, "decay"),
        _ => (PhaseKind::Stable, "stable"),
    };
    parts(&[(phase.0, phase.1, length as f64)], span)
}

/// One phase after another, each for its length; the rest of the span is held.
pub(crate) fn parts(named: &[(PhaseKind, &str, f64)], span: f64) -> Vec<Phase> {
    let mut start = 0.0;
    let mut phases = Vec::new();
    for (kind, name, length) in named {
        phases.push(Phase::new(*kind, name, start, start + length));
        start += length;
    }
    if start < span {
        phases.push(Phase::held(start, span));
    }
    phases
}

/// A warm-up, a stable part of that name and a decay, then the last rate.
pub(crate) fn three_parts(stable: &str, lengths: [u64; 3], span: f64) -> Vec<Phase> {
    let [warmup, held, decay] = lengths.map(|length| length as f64);
    let up = (PhaseKind::WarmUp, "warm-up", warmup);
    let down = (PhaseKind::Decay, "decay", decay);
    parts(&[up, (PhaseKind::Stable, stable, held), down], span)
}

/// One phase for all of the span.
pub(crate) fn whole(kind: PhaseKind, name: &str, span: f64) -> Vec<Phase> {
    parts(&[(kind, name, span)], span)
}

/// Cycles of the lengths `length(0)`, `length(1)`, ..., at most `limit` of them.
pub(crate) fn cycles(length: impl Fn(usize) -> f64, limit: Option<u64>, span: f64) -> Vec<Phase> {
    let mut phases = Vec::new();
    let mut start = 0.0;
    while start < span && phases.len() <= Phase::MOST {
        let index = phases.len();
        if limit.is_some_and(|limit| index as u64 >= limit) {
            phases.push(Phase::held(start, span));
            break;
        }
        let end = start + length(index).max(1e-9);
        let name = format!("cycle {}", index + 1);
        phases.push(Phase::new(PhaseKind::Cycle, &name, start, end));
        start = end;
    }
    phases
}

/// The part of `phases` before `at`.
pub(crate) fn until(phases: Vec<Phase>, at: f64) -> Vec<Phase> {
    let kept = phases.into_iter().filter(|phase| phase.start < at);
    let cut = kept.map(|phase| Phase {
        end: phase.end.min(at),
        ..phase
    });
    cut.collect()
}

/// A phase of `length` steps, then `after`.
pub(crate) fn before(kind: PhaseKind, name: &str, length: f64, after: Vec<Phase>) -> Vec<Phase> {
    let mut phases = Vec::from([Phase::new(kind, name, 0.0, length)]);
    phases.extend(after.into_iter().map(|phase| phase.shifted(length)));
    phases
}

/// A decay over all of the span, or with a factor above 1 a growth.
pub(crate) fn decay(factor: f64, span: f64) -> Vec<Phase> {
    match factor > 1.0 {
        true => whole(PhaseKind::WarmUp, "growth", span),
        false => whole(PhaseKind::Decay, "decay", span),
    }
}

/// Phases down and up in turn, each of `half` steps.
pub(crate) fn waves(half: f64, span: f64) -> Vec<Phase> {
    let mut phases = cycles(|_| half, None, span);
    for (i, phase) in phases.iter_mut().enumerate() {
        let (kind, name) = match i % 2 {
            0 => (PhaseKind::Decay, "down"),
            _ => (PhaseKind::WarmUp, "up"),
        };
        *phase = Phase::new(kind, name, phase.start, phase.end);
    }
    phases
}

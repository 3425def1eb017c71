//! The parts of a schedule that people have names for, as its spec says them.

use lr_schedule::spec::Length;
use lr_schedule::{Schedule, Spec};

/// What happens in a part of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
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
    /// What happens in it.
    pub kind: PhaseKind,
    /// What people call it: `warm-up`, `cycle 2`.
    pub name: String,
    /// Where it begins, in steps.
    pub start: f64,
    /// Where it ends, in steps.
    pub end: f64,
}

impl Phase {
    fn new(kind: PhaseKind, name: &str, start: f64, end: f64) -> Self {
        Self {
            kind,
            name: name.to_string(),
            start,
            end,
        }
    }
}

/// More phases than this can't be told apart.
const MOST: usize = 40;

/// The phases of the first `steps` steps of what `spec` describes, in order; none where it has no
/// parts with names, or more than 40.
///
/// ```
/// use lr_plot::phases;
/// use lr_schedule::prelude::*;
///
/// let schedule = Cosine::new(1e-3, 0.0, 900).warmup(100);
/// let phases = phases(&schedule.to_spec().unwrap(), 1_000);
/// let names: Vec<_> = phases.iter().map(|phase| phase.name.as_str()).collect();
/// assert_eq!(names, ["warm-up", "decay"]);
/// assert_eq!((phases[0].end, phases[1].end), (100.0, 1_000.0));
/// ```
///
/// Lengths that aren't in steps are to be [resolved](Spec::resolve) first; phases beside one that
/// isn't are left out.
pub fn phases(spec: &Spec, steps: u64) -> Vec<Phase> {
    let span = steps as f64;
    let mut phases = of(spec, span).unwrap_or_default();
    for phase in &mut phases {
        phase.start = phase.start.clamp(0.0, span);
        phase.end = phase.end.clamp(0.0, span);
    }
    phases.retain(|phase| phase.end > phase.start);
    match phases.as_slice() {
        [] => phases,
        [only] if only.start <= 0.0 && only.end >= span => Vec::new(),
        many if many.len() > MOST => Vec::new(),
        _ => phases,
    }
}

fn steps(length: &Length) -> Option<f64> {
    match length {
        Length::Steps(steps) => Some(*steps as f64),
        _ => None,
    }
}

/// What goes straight or curved from one rate to another, and stays there.
fn ramp(start: f64, end: f64, length: &Length, span: f64) -> Option<Vec<Phase>> {
    let length = steps(length)?;
    let (kind, name) = match start.partial_cmp(&end)? {
        std::cmp::Ordering::Less => (PhaseKind::WarmUp, "warm-up"),
        std::cmp::Ordering::Equal => (PhaseKind::Stable, "stable"),
        std::cmp::Ordering::Greater => (PhaseKind::Decay, "decay"),
    };
    Some(vec![
        Phase::new(kind, name, 0.0, length),
        Phase::new(PhaseKind::Stable, "held", length, span.max(length)),
    ])
}

/// One name after another, each for its length; what is left of the span is held.
fn parts(named: &[(PhaseKind, &str, f64)], span: f64) -> Vec<Phase> {
    let mut start = 0.0;
    let mut phases = Vec::new();
    for (kind, name, length) in named {
        phases.push(Phase::new(*kind, name, start, start + length));
        start += length;
    }
    if start < span {
        phases.push(Phase::new(PhaseKind::Stable, "held", start, span));
    }
    phases
}

/// Cycles of the lengths `length(0)`, `length(1)`, ..., at most `limit` of them.
fn cycles(length: impl Fn(i32) -> f64, limit: Option<u64>, span: f64) -> Vec<Phase> {
    let mut phases = Vec::new();
    let mut start = 0.0;
    while start < span && phases.len() <= MOST {
        let index = phases.len();
        if limit.is_some_and(|limit| index as u64 >= limit) {
            phases.push(Phase::new(PhaseKind::Stable, "held", start, span));
            break;
        }
        let end = start + length(index as i32).max(1e-9);
        let name = format!("cycle {}", index + 1);
        phases.push(Phase::new(PhaseKind::Cycle, &name, start, end));
        start = end;
    }
    phases
}

/// In front of `inner`, `length` steps of a name.
fn before(kind: PhaseKind, name: &str, length: f64, inner: Vec<Phase>) -> Vec<Phase> {
    let mut phases = vec![Phase::new(kind, name, 0.0, length)];
    phases.extend(inner.into_iter().map(|phase| shifted(phase, length)));
    phases
}

fn shifted(phase: Phase, by: f64) -> Phase {
    Phase {
        start: phase.start + by,
        end: phase.end + by,
        ..phase
    }
}

/// `phases` up to `at`.
fn until(phases: Vec<Phase>, at: f64) -> Vec<Phase> {
    let kept = phases.into_iter().filter(|phase| phase.start < at);
    kept.map(|phase| Phase {
        end: phase.end.min(at),
        ..phase
    })
    .collect()
}

/// The phases of `spec` from 0 to `span`, perhaps beyond.
fn of(spec: &Spec, span: f64) -> Option<Vec<Phase>> {
    use PhaseKind::{Decay, Stable, WarmUp};
    let phases = match spec {
        Spec::Anneal {
            start,
            end,
            steps: length,
            ..
        }
        | Spec::Cosine {
            start,
            end,
            steps: length,
        }
        | Spec::Geometric {
            start,
            end,
            steps: length,
        }
        | Spec::Linear {
            start,
            end,
            steps: length,
        }
        | Spec::Polynomial {
            start,
            end,
            steps: length,
            ..
        } => ramp(*start, *end, length, span)?,
        Spec::Constant { .. } => parts(&[(Stable, "stable", span)], span),
        Spec::CosineAnnealing { t_max, .. } => {
            let t_max = steps(t_max)?;
            let half = |i: i32| {
                let (kind, name) = match i % 2 {
                    0 => (Decay, "down"),
                    _ => (WarmUp, "up"),
                };
                Phase::new(kind, name, f64::from(i) * t_max, f64::from(i + 1) * t_max)
            };
            let count = (span / t_max).ceil().min(MOST as f64 + 1.0) as i32;
            (0..count).map(half).collect()
        }
        Spec::CosineWave {
            steps: length,
            cycles: count,
            ..
        } => cycles(|_| steps(length).unwrap_or(span) / count, None, span),
        Spec::Cyclic { up, down, .. } => {
            let (up, down) = (steps(up)?, steps(down.as_ref().unwrap_or(up))?);
            cycles(|_| up + down, None, span)
        }
        Spec::Exponential { gamma: factor, .. } | Spec::ExponentialDecay { rate: factor, .. } => {
            let (kind, name) = match *factor > 1.0 {
                true => (WarmUp, "growth"),
                false => (Decay, "decay"),
            };
            parts(&[(kind, name, span)], span)
        }
        Spec::InverseSqrt { .. } | Spec::InverseTime { .. } => {
            parts(&[(Decay, "decay", span)], span)
        }
        Spec::HardRestarts {
            steps: length,
            cycles: count,
            ..
        } => {
            let length = steps(length)?;
            let cycles = cycles(|_| length / count, None, length.min(span));
            let mut phases = until(cycles, length);
            phases.push(Phase::new(Stable, "held", length, span.max(length)));
            phases
        }
        Spec::Noam { warmup, .. } => {
            let warmup = steps(warmup)?;
            parts(
                &[
                    (WarmUp, "warm-up", warmup),
                    (Decay, "decay", (span - warmup).max(0.0)),
                ],
                span,
            )
        }
        Spec::OneCycle {
            total_steps,
            pct_start,
            three_phase,
            ..
        }
        | Spec::OneCycleMomentum {
            total_steps,
            pct_start,
            three_phase,
            ..
        } => {
            let momentum = matches!(spec, Spec::OneCycleMomentum { .. });
            let (up, down) = match momentum {
                false => ((WarmUp, "up"), (Decay, "down")),
                true => ((Decay, "down"), (WarmUp, "up")),
            };
            let total = steps(total_steps)?;
            let peak = (pct_start * total - 1.0).max(0.0);
            match three_phase {
                false => parts(
                    &[
                        (up.0, up.1, peak),
                        (down.0, down.1, (total - peak).max(0.0)),
                    ],
                    span,
                ),
                true => {
                    let last = match momentum {
                        false => (Decay, "annihilation"),
                        true => (Stable, "held"),
                    };
                    let rest = (total - 2.0 * peak).max(0.0);
                    parts(
                        &[
                            (up.0, up.1, peak),
                            (down.0, down.1, peak),
                            (last.0, last.1, rest),
                        ],
                        span,
                    )
                }
            }
        }
        Spec::PolynomialCycle { steps: length, .. } => {
            let length = steps(length)?;
            cycles(|_| length, None, span)
        }
        Spec::Restarts {
            steps: length,
            t_mult,
            limit,
            ..
        } => {
            let length = steps(length)?;
            cycles(|i| length * t_mult.powi(i), *limit, span)
        }
        Spec::TriStage {
            warmup,
            hold,
            decay,
            ..
        } => parts(
            &[
                (WarmUp, "warm-up", steps(warmup)?),
                (Stable, "hold", steps(hold)?),
                (Decay, "decay", steps(decay)?),
            ],
            span,
        ),
        Spec::WarmRestarts { t_0, t_mult, .. } => {
            let t_0 = steps(t_0)?;
            cycles(|i| t_0 * (*t_mult as f64).powi(i), None, span)
        }
        Spec::WarmupStableDecay {
            warmup,
            stable,
            decay,
            ..
        } => parts(
            &[
                (WarmUp, "warm-up", steps(warmup)?),
                (Stable, "stable", steps(stable)?),
                (Decay, "decay", steps(decay)?),
            ],
            span,
        ),

        Spec::BatchScale { of: inner, .. }
        | Spec::Clamp { of: inner, .. }
        | Spec::Noise { of: inner, .. }
        | Spec::Scale { of: inner, .. }
        | Spec::Feedback { of: inner, .. } => of(inner, span)?,
        Spec::Cooldown {
            start,
            steps: length,
            of: inner,
            ..
        } => {
            let (start, length) = (steps(start)?, steps(length)?);
            let mut phases = until(of(inner, start).unwrap_or_default(), start);
            if phases.is_empty() {
                phases.push(Phase::new(Stable, inner.name(), 0.0, start));
            }
            phases.push(Phase::new(Decay, "cooldown", start, start + length));
            phases.push(Phase::new(
                Stable,
                "held",
                start + length,
                span.max(start + length),
            ));
            phases
        }
        Spec::Delay {
            steps: length,
            of: inner,
        } => {
            let length = steps(length)?;
            before(
                Stable,
                "delay",
                length,
                of(inner, span - length).unwrap_or_default(),
            )
        }
        Spec::Warmup {
            steps: length,
            of: inner,
            ..
        } => {
            let length = steps(length)?;
            let mut inner_phases = of(inner, span - length).unwrap_or_default();
            if inner_phases.is_empty() {
                inner_phases.push(Phase::new(
                    Stable,
                    inner.name(),
                    0.0,
                    (span - length).max(0.0),
                ));
            }
            before(WarmUp, "warm-up", length, inner_phases)
        }
        Spec::PerEpoch {
            steps: length,
            of: inner,
        } => {
            let length = steps(length)?;
            let scaled = |phase: Phase| Phase {
                start: phase.start * length,
                end: phase.end * length,
                ..phase
            };
            of(inner, span / length)?.into_iter().map(scaled).collect()
        }
        Spec::Repeat { every, .. } => {
            let every = steps(every)?;
            cycles(|_| every, None, span)
        }
        Spec::Skip {
            steps: length,
            of: inner,
        } => {
            let length = steps(length)?;
            let phases = of(inner, span + length)?.into_iter();
            phases.map(|phase| shifted(phase, -length)).collect()
        }
        Spec::Take {
            steps: length,
            of: inner,
        } => {
            let length = steps(length)?;
            let mut phases = until(of(inner, length.min(span))?, length);
            phases.push(Phase::new(Stable, "held", length, span.max(length)));
            phases
        }
        Spec::Sequence(list) => sequence(list, span)?,
        // Jumps that can be seen, and what has no parts.
        _ => return None,
    };
    Some(phases)
}

/// Each part for its length; one without parts of its own has its own name.
fn sequence(list: &[Spec], span: f64) -> Option<Vec<Phase>> {
    let mut start = 0.0;
    let mut phases = Vec::new();
    for (i, part) in list.iter().enumerate() {
        let length = match i + 1 == list.len() {
            true => (span - start).max(0.0),
            false => part.build().ok()?.length()? as f64,
        };
        let mut inner = until(of(part, length).unwrap_or_default(), length);
        if inner.is_empty() && length > 0.0 {
            let name = match part {
                Spec::Take { of, .. } => of.name(),
                part => part.name(),
            };
            inner.push(Phase::new(PhaseKind::Stable, name, 0.0, length));
        }
        phases.extend(inner.into_iter().map(|phase| shifted(phase, start)));
        start += length;
        if start >= span {
            break;
        }
    }
    Some(phases)
}

#[cfg(test)]
mod tests {
    use lr_schedule::prelude::*;

    use super::*;

    fn named(schedule: impl Schedule, steps: u64) -> Vec<(String, f64, f64)> {
        let phases = phases(&schedule.to_spec().unwrap(), steps).into_iter();
        phases
            .map(|phase| (phase.name, phase.start, phase.end))
            .collect()
    }

    fn expected(list: &[(&str, f64, f64)]) -> Vec<(String, f64, f64)> {
        let owned = list
            .iter()
            .map(|(name, start, end)| (name.to_string(), *start, *end));
        owned.collect()
    }

    #[test]
    fn recipes_have_the_phases_that_they_are_named_after() {
        let wsd = WarmupStableDecayConfig::new(1e-3, 10, 70, 20)
            .build()
            .unwrap();
        let phases = [
            ("warm-up", 0.0, 10.0),
            ("stable", 10.0, 80.0),
            ("decay", 80.0, 100.0),
        ];
        assert_eq!(named(wsd, 100), expected(&phases));
        assert_eq!(
            named(wsd, 50),
            expected(&[("warm-up", 0.0, 10.0), ("stable", 10.0, 50.0)])
        );

        let restarts = WarmRestarts::new(0.1, 0.0, 10, 2);
        let cycles = [
            ("cycle 1", 0.0, 10.0),
            ("cycle 2", 10.0, 30.0),
            ("cycle 3", 30.0, 50.0),
        ];
        assert_eq!(named(restarts, 50), expected(&cycles));

        let cycle = named(OneCycle::new(0.1, 100), 100);
        assert_eq!(cycle, expected(&[("up", 0.0, 29.0), ("down", 29.0, 100.0)]));
    }

    #[test]
    fn combinators_move_the_phases_of_what_is_inside() {
        let inner = || Linear::new(0.1, 0.0, 40).warmup(10);
        let phases = [
            ("warm-up", 0.0, 10.0),
            ("decay", 10.0, 50.0),
            ("held", 50.0, 60.0),
        ];
        assert_eq!(named(inner().scale(0.5), 60), expected(&phases));

        let phases = [("warm-up", 0.0, 40.0), ("decay", 40.0, 200.0)];
        assert_eq!(named(inner().per_epoch(4), 200), expected(&phases));

        let phases = [("warm-up", 0.0, 5.0), ("decay", 5.0, 45.0)];
        assert_eq!(named(inner().skip(5), 45), expected(&phases));

        let then = Constant::new(0.1).take(30).then(Step::new(0.1, 10, 0.5));
        assert_eq!(
            named(then, 60),
            expected(&[("stable", 0.0, 30.0), ("step", 30.0, 60.0)])
        );
    }

    #[test]
    fn what_has_one_phase_or_too_many_has_none() {
        assert_eq!(named(Constant::new(0.1), 100), []);
        assert_eq!(named(Cosine::new(0.1, 0.0, 100), 100), []);
        assert_eq!(named(Linear::new(0.1, 0.0, 2).repeat(2), 100), []);
    }
}

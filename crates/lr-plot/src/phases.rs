//! How many steps show what a schedule does, and the parts that people have names for.

use lr_schedule::{DynSchedule, Phase, Schedule, Spec};

/// How many steps of what `spec` describes show it: its length, or where it has none three of its
/// cycles or several of its time scales; `None` for what has neither, as a constant.
///
/// ```
/// use lr_plot::span;
/// use lr_schedule::prelude::*;
///
/// let of = |schedule: DynSchedule| span(&schedule.to_spec().unwrap());
/// assert_eq!(of(Cosine::new(0.1, 0.0, 900).warmup(100).into_dyn()), Some(1_000));
/// assert_eq!(of(WarmRestarts::new(0.1, 0.0, 10, 2).into_dyn()), Some(10 + 20 + 40));
/// assert_eq!(of(Constant::new(0.1).into_dyn()), None);
/// ```
pub fn span(spec: &Spec) -> Option<u64> {
    schedule_of(spec)?.span().filter(|span| *span > 0)
}

/// The phases of the first `steps` steps of what `spec` describes, in order; none where it has no
/// parts with names, or more than [`Phase::MOST`].
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
/// Lengths that aren't in steps are to be [resolved](Spec::resolve) first, or there are none.
pub fn phases(spec: &Spec, steps: u64) -> Vec<Phase> {
    schedule_of(spec).map_or(Vec::new(), |schedule| phases_of(&schedule, steps))
}

/// The [`phases`] of a schedule.
pub(crate) fn phases_of(schedule: &dyn Schedule, steps: u64) -> Vec<Phase> {
    let span = steps as f64;
    let mut phases = schedule.phases(span);
    for phase in &mut phases {
        phase.start = phase.start.clamp(0.0, span);
        phase.end = phase.end.clamp(0.0, span);
    }
    phases.retain(|phase| phase.end > phase.start);
    match phases.as_slice() {
        [only] if only.start <= 0.0 && only.end >= span => Vec::new(),
        many if many.len() > Phase::MOST => Vec::new(),
        _ => phases,
    }
}

/// The schedule that `spec` describes, of a feedback the one under its rule; `None` if it can't be built.
fn schedule_of(spec: &Spec) -> Option<DynSchedule> {
    let spec = match spec {
        Spec::Feedback { of, .. } => of,
        spec => spec,
    };
    spec.build().ok()
}

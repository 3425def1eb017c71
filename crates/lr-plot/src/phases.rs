//! The parts of a schedule that people have names for.

use lr_schedule::{Phase, Schedule, Spec};

use crate::span::schedule_of;

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
    let span = steps as f64;
    let mut phases = schedule_of(spec).map_or(Vec::new(), |schedule| schedule.phases(span));
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

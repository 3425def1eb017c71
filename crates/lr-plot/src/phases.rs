//! The parts of a schedule that people have names for.

use lr_schedule::{Phase, Schedule};

/// The phases of the first `steps` steps of `schedule`, in order; none where it has no parts with names, more than
/// [`Phase::MOST`], or no description.
///
/// ```
/// use lr_plot::phases;
/// use lr_schedule::prelude::*;
///
/// let phases = phases(&Cosine::new(1e-3, 0.0, 900).warmup(100), 1_000);
/// let names: Vec<_> = phases.iter().map(|phase| phase.name.as_str()).collect();
/// assert_eq!(names, ["warm-up", "decay"]);
/// assert_eq!((phases[0].end, phases[1].end), (100.0, 1_000.0));
/// ```
pub fn phases(schedule: &dyn Schedule, steps: u64) -> Vec<Phase> {
    if schedule.description().is_none() {
        return Vec::new();
    }
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

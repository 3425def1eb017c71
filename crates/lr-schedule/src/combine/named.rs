//! The phases of schedules that are parts of one, with their names where they have none.

use alloc::vec::Vec;

use crate::data::Data;
use crate::phase::{Phase, PhaseKind, until};
use crate::schedule::Schedule;

/// `phases`, or one with the name of `schedule` where there are none.
pub(super) fn or_named(phases: Vec<Phase>, schedule: &impl Schedule, span: f64) -> Vec<Phase> {
    if !phases.is_empty() || span <= 0.0 {
        return phases;
    }
    let name = schedule.description();
    let name = name.as_ref().map_or("from_fn", named);
    [Phase::new(PhaseKind::Stable, name, 0.0, span)].into()
}

/// The name of a description. That of what a part was taken of says more than that it was.
fn named(description: &Data) -> &str {
    let Data::Table(entries) = description else {
        return "";
    };
    match entries.last() {
        Some((name, of)) if name == "take" || name == "of" => named(of),
        Some((name, _)) => name,
        None => "",
    }
}

/// The phases of one of several schedules after each other, from `start` on for `length` steps.
pub(super) fn part(schedule: &impl Schedule, start: f64, length: f64) -> Vec<Phase> {
    let phases = until(schedule.phases(length), length);
    let phases = or_named(phases, schedule, length).into_iter();
    phases.map(|phase| phase.shifted(start)).collect()
}

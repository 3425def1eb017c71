//! Points of a curve, and the specs that go through them.

use lr_schedule::{Schedule, Spec};

/// Whether two rates are the same: that of a schedule, and a logged one.
pub(super) type Same<'a> = &'a dyn Fn(f64, f64) -> bool;

/// A step and its rate.
pub(super) type Point = (u64, f64);

/// The spec, if it is one and its rates are those of all points.
pub(super) fn checked(spec: Spec, points: &[Point], same: Same) -> Option<Spec> {
    let schedule = spec.build().ok()?;
    let middle = points.get(points.len() / 2);
    let mut all = middle.into_iter().chain(points);
    all.all(|(step, rate)| same(schedule.at(*step), *rate))
        .then_some(spec)
}

pub(super) fn spec_of(value: serde_json::Value) -> Option<Spec> {
    serde_json::from_value(value).ok()
}

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

/// The points of a curve from a step on, at which it has this rate.
pub(super) fn after(points: &[Point], at: u64, rate: f64) -> Vec<Point> {
    let later = points.iter().filter(|(step, _)| *step > at);
    let later = later.map(|(step, rate)| (step - at, *rate));
    std::iter::once((0, rate)).chain(later).collect()
}

/// The number of points from the first one on that are each higher than the one before.
pub(super) fn rising(points: &[Point]) -> usize {
    points
        .windows(2)
        .take_while(|pair| pair[1].1 > pair[0].1)
        .count()
}

/// A rate that was computed, which is 0 where it is so but for the rounding of others of that size.
pub(super) fn or_zero(rate: f64, size: f64) -> f64 {
    if rate.abs() < 1e-9 * size.abs() {
        0.0
    } else {
        rate
    }
}

pub(super) fn spec_of(value: serde_json::Value) -> Option<Spec> {
    serde_json::from_value(value).ok()
}

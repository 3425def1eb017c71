//! The common shapes, whole or behind a linear warm-up.

use lr_schedule::{Schedule, Spec};

use super::cycles;
use super::points::{Point, Same, after, checked, or_zero, rising};
use super::ramps;
use super::vary::{short, tidy};
use crate::build::{constant, linear, then};

/// A common shape whose rates are those of all points.
pub(super) fn search(points: &[Point], largest: f64, same: Same) -> Option<Spec> {
    let points = in_order(points)?;
    let points = points.as_slice();
    let finite = points.iter().all(|(_, rate)| rate.is_finite());
    if points.len() < 3 || !finite {
        return None;
    }
    if points[0].0 == 0 {
        let whole = ramps::body(points, same).or_else(|| cycles::cycles(points, same));
        if whole.is_some() {
            return whole;
        }
    } else if points.iter().all(|(_, rate)| *rate == points[0].1) {
        return Some(constant(points[0].1));
    } else if let Some(spec) = begun(points, same) {
        return Some(spec);
    }
    warmed_up(points, largest, same)
}

/// The points by their steps, of which a resumed run may have some twice; none where a step has two rates.
fn in_order(points: &[Point]) -> Option<Vec<Point>> {
    let mut points = points.to_vec();
    points.sort_by_key(|(step, _)| *step);
    points.dedup();
    let differ = points.windows(2).all(|pair| pair[0].0 < pair[1].0);
    differ.then_some(points)
}

/// A way down from a rate of two digits at step 0, which no row has.
fn begun(points: &[Point], same: Same) -> Option<Spec> {
    let (_, rate) = points[0];
    if rate <= 0.0 || points[1].1 >= rate {
        return None;
    }
    let size = 10f64.powi(rate.log10().floor() as i32 - 1);
    let digits = (rate / size).floor() as u64;
    (digits + 1..=digits * 2).find_map(|digits| {
        let base = tidy(digits as f64 * size, 1e-12);
        ramps::body(&after(points, 0, base), same)
    })
}

/// A linear warm-up, then one of the shapes.
fn warmed_up(points: &[Point], largest: f64, same: Same) -> Option<Spec> {
    let rising = rising(points);
    let [(k0, r0), (k1, r1), ..] = points else {
        return None;
    };
    // One row on the way up, and another somewhere after it, give no line.
    if rising == 0 || (rising == 1 && k1 - k0 > 1) {
        return None;
    }
    let peak = points[rising];
    // A far point gives the slope best; where the peak isn't on the line, the last one before it.
    let slopes = [rising, rising.saturating_sub(1).max(1)].map(|at| {
        let (step, rate) = points[at];
        (rate - r0) / (step - k0) as f64
    });
    let near = (r1 - r0) / (k1 - k0) as f64;
    let line = slopes
        .into_iter()
        .find(|slope| (slope / near - 1.0).abs() < 1e-3)
        .unwrap_or(near);
    let start = or_zero(r0 - line * *k0 as f64, largest);
    let before = points[rising - 1].0;
    let next = points.get(rising + 1).map_or(peak.0 + 1, |(step, _)| *step);
    let other = (before + 1..next).filter(|top| *top != peak.0);
    let mut tops = std::iter::once(peak.0).chain(other).take(4096);
    tops.find_map(|top| {
        let on_line = start + line * top as f64;
        let base = match top == peak.0 {
            true => peak.1,
            false => short(on_line, |short| same(short, on_line)),
        };
        let up = linear(start, base, top);
        let schedule = up.build().ok()?;
        let mut below = points.iter().filter(|(step, _)| *step < top);
        if !below.all(|(step, rate)| same(schedule.at(*step), *rate)) {
            return None;
        }
        let rest = after(points, top, base);
        if rest.len() < 2 {
            return checked(up, points, same);
        }
        let body = ramps::body(&rest, same).or_else(|| cycles::cycles(&rest, same))?;
        checked(then(top, up, body), points, same)
    })
}

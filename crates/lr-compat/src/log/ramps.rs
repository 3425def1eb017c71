//! Shapes that begin at their first point: stable, ways down, steps.

use lr_schedule::{Shape, Spec};
use serde_json::json;

use super::points::{Point, Same, after, checked, or_zero, spec_of};
use super::vary::tidy;
use crate::build::{anneal, constant, linear, multi_step, piecewise, polynomial, then};

/// Lengths up to this are tried one by one.
const MOST_STEPS: u64 = 200_000;

/// Powers that are tried where the end isn't known.
const POWERS: [f64; 6] = [2.0, 0.5, 0.9, 3.0, 1.5, 4.0];

/// A shape from its first point, which is at step 0, to wherever: perhaps a stable part, then a way down.
pub(super) fn body(points: &[Point], same: Same) -> Option<Spec> {
    let base = points[0].1;
    if points.iter().all(|(_, rate)| same(base, *rate)) {
        return Some(constant(base));
    }
    let whole = steps(points, same).or_else(|| ways(points, same));
    if let Some(spec) = whole.or_else(|| formulas(points, same)) {
        return Some(spec);
    }
    // Stable first.
    let stable = points.iter().take_while(|(_, rate)| *rate == base).count();
    let (from, to) = (points[stable - 1].0, points.get(stable)?.0);
    if stable < 2 {
        return None;
    }
    (from..to).take(64).find_map(|at| {
        let down = ways(&after(points, at, base), same)?;
        checked(then(at, constant(base), down), points, same)
    })
}

/// Pieces of constant rates.
fn steps(points: &[Point], same: Same) -> Option<Spec> {
    let changes: Vec<usize> = (1..points.len())
        .filter(|at| points[*at].1 != points[at - 1].1)
        .collect();
    // A change between two rows that aren't neighbours has no one step.
    let known = changes
        .iter()
        .all(|at| points[*at].0 == points[at - 1].0 + 1);
    // A rate that changes with most rows is of digits that were cut.
    let ramps = changes.windows(2).filter(|pair| pair[1] == pair[0] + 1);
    let ramps = ramps.count() * 2 > changes.len();
    if !known || ramps || changes.len() > 200 || changes.len() * 3 > points.len() {
        return None;
    }
    let start = points[0].1;
    let at: Vec<u64> = changes.iter().map(|at| points[*at].0).collect();
    let values: Vec<f64> = changes.iter().map(|at| points[*at].1).collect();
    let gamma = values.first()? / start;
    let gamma = tidy(gamma, 1e-12);
    let size = at[0];
    let even = at.iter().zip(1..).all(|(at, count)| *at == size * count);
    let equal = json!({"step": {"start": start, "step_size": size, "gamma": gamma}});
    let equal = spec_of(equal).filter(|_| even && at.len() > 1);
    let values = std::iter::once(start).chain(values);
    let others = [multi_step(start, at.clone(), gamma), piecewise(values, at)];
    let mut tried = equal.into_iter().chain(others);
    tried.find_map(|spec| checked(spec, points, same))
}

fn way(base: f64, end: f64, length: u64, shape: Shape) -> Spec {
    match shape {
        Shape::Polynomial { power } => polynomial(base, end, length, power),
        shape => anneal(base, end, length, shape),
    }
}

/// A ramp to an end, which is held.
fn ways(points: &[Point], same: Same) -> Option<Spec> {
    let base = points[0].1;
    let (last, end) = *points.last()?;
    let held = points
        .iter()
        .rev()
        .take_while(|(_, rate)| *rate == end)
        .count();
    let check = |spec: Spec| checked(spec, points, same);
    if held > 1 {
        let first = points.len() - held;
        let (from, to) = (points[first.checked_sub(1)?].0 + 1, points[first].0);
        if first == 1 && from < to {
            return None; // no row on the way says how long it is
        }
        let lengths = from..=to.min(from + MOST_STEPS);
        return lengths.into_iter().find_map(|length| {
            let down = |shape| check(anneal(base, end, length, shape));
            down(Shape::Linear)
                .or_else(|| power(points, base, end, length, same))
                .or_else(|| down(Shape::Cosine))
                .or_else(|| down(Shape::OneMinusSqrt))
        });
    }
    // A line is the same with any end on it: 0, where that is a step.
    let slope = (base - end) / last as f64;
    let zero = (base / slope).round();
    let to_zero = slope > 0.0 && (last as f64..9e15).contains(&zero);
    let line = to_zero
        .then(|| check(linear(base, 0.0, zero as u64)))
        .flatten();
    if let Some(line) = line.or_else(|| check(linear(base, end, last))) {
        return Some(line);
    }
    let near = points[1 + (points.len() - 2) / 3];
    let middle = points[points.len() / 2];
    let powers = POWERS.map(|power| Shape::Polynomial { power });
    let shapes = [Shape::Cosine, Shape::OneMinusSqrt].into_iter();
    for shape in shapes.chain(powers) {
        let mut found: Option<(u64, f64)> = None;
        let mut several = false;
        for length in last..=last.saturating_mul(20).min(last.saturating_add(MOST_STEPS)) {
            let left = |step: u64| 1.0 - shape.decay(step as f64, length as f64);
            let end = or_zero((end - base * left(last)) / (1.0 - left(last)), base);
            let fits = |(step, rate): &Point| same(end + (base - end) * left(*step), *rate);
            if !(fits(&middle) && fits(&near) && points.iter().all(fits)) {
                continue;
            }
            match found {
                // To 0 rather than to where it just happens to go.
                Some((_, 0.0)) if end != 0.0 => {}
                Some((_, before)) if before == 0.0 || end != 0.0 => several = true,
                _ => {
                    several = false;
                    found = Some((length, end));
                }
            }
        }
        if let (Some((length, end)), false) = (found, several) {
            let spec = check(way(base, end, length, shape));
            if spec.is_some() {
                return spec;
            }
        }
    }
    None
}

/// A polynomial of any power.
fn power(points: &[Point], base: f64, end: f64, length: u64, same: Same) -> Option<Spec> {
    let before = points.iter().take_while(|(step, _)| *step < length).count();
    // One row gives the power; as many others as that takes must agree.
    if before < 4 {
        return None;
    }
    let (step, rate) = points[before / 2];
    let left = (1.0 - step as f64 / length as f64).ln();
    let power = ((rate - end) / (base - end)).ln() / left;
    if !(power.is_finite() && power > 0.0) {
        return None;
    }
    [1e-6, 1e-9].into_iter().find_map(|share| {
        let power = tidy(power, share);
        checked(polynomial(base, end, length, power), points, same)
    })
}

/// Shapes without an end, whose one number follows from the last point.
fn formulas(points: &[Point], same: Same) -> Option<Spec> {
    let base = points[0].1;
    let (last, rate) = *points.last()?;
    let ratio = base / rate;
    if !(ratio.is_finite() && ratio > 0.0) || last == 0 {
        return None;
    }
    let gamma = (1.0 / ratio).powf(1.0 / last as f64);
    let timescale = last as f64 / (ratio * ratio - 1.0);
    let decay = (ratio - 1.0) / last as f64;
    // Numbers in few digits before those that are as exact as the rates.
    [1e-7, 1e-11].into_iter().find_map(|share| {
        let [gamma, timescale, decay] = [gamma, timescale, decay].map(|of| tidy(of, share));
        let specs = [
            json!({"exponential": {"start": base, "gamma": gamma}}),
            json!({"inverse_sqrt": {"start": base, "timescale": timescale}}),
            json!({"inverse_time": {"start": base, "rate": decay, "steps": 1.0}}),
        ];
        let mut specs = specs.into_iter().filter_map(spec_of);
        specs.find_map(|spec| checked(spec, points, same))
    })
}

//! Shapes that go up and down.

use lr_schedule::{Shape, Spec};
use serde_json::json;

use super::points::{Point, Same, checked, or_zero, rising, spec_of};
use super::vary::tidy;

/// Rates that go up again: a whole cosine, restarts, triangles, one cycle.
pub(super) fn cycles(points: &[Point], same: Same) -> Option<Spec> {
    let base = points[0].1;
    let check = |value| spec_of(value).and_then(|spec| checked(spec, points, same));
    let lowest = points.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let highest = points.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let annealing =
        check(json!({"cosine_annealing": {"max": base, "min": lowest.1, "t_max": lowest.0}}));
    if annealing.is_some() {
        return annealing;
    }
    let jumps: Vec<usize> = (1..points.len())
        .filter(|at| points[*at].1 > points[at - 1].1)
        .collect();
    if let Some(&jump) = jumps.first().filter(|jump| **jump > 1 && jumps.len() < 100) {
        let length = points[jump].0;
        let (step, rate) = points[jump - 1];
        let share = 1.0 - Shape::Cosine.decay(step as f64, length as f64);
        let min = (rate - base * share) / (1.0 - share);
        let min = or_zero(min, base);
        let min = tidy(min, 1e-9);
        let restarts = (1..=10).find_map(|t_mult| {
            check(json!({"warm_restarts": {"max": base, "min": min, "t_0": length, "t_mult": t_mult}}))
        });
        let cycles = jumps.len() as u64 + 1;
        let about = length * cycles;
        let hard = (about.saturating_sub(cycles)..=about + cycles).find_map(|steps| {
            check(json!({"hard_restarts": {"max": base, "steps": steps, "cycles": cycles as f64}}))
        });
        if restarts.is_some() || hard.is_some() {
            return restarts.or(hard);
        }
    }
    let peak = rising(points);
    if peak > 0 {
        let up = points[peak];
        let down = points[peak..].windows(2);
        let down = down.take_while(|pair| pair[1].1 < pair[0].1).count();
        let down = points[peak + down].0 - up.0;
        let cyclic = ["none", "halve"].into_iter().find_map(|scaling| {
            check(json!({"cyclic": {
                "base": base, "max": highest.1, "up": up.0, "down": down, "scaling": scaling,
            }}))
        });
        if cyclic.is_some() {
            return cyclic;
        }
    }
    one_cycle(points, same)
}

/// One cycle: up, down, and with three phases down further.
fn one_cycle(points: &[Point], same: Same) -> Option<Spec> {
    let (last, end) = *points.last()?;
    let initial = points[0].1;
    let held = points
        .iter()
        .rev()
        .take_while(|(_, rate)| *rate == end)
        .last()?
        .0;
    if points[1].1 <= initial || initial <= 0.0 {
        return None;
    }
    let exact = initial / end;
    let ends = [(1e4, false), (exact, false), (1e4, true), (exact, true)];
    // The point by which the peak is told: before it, and far from the beginning.
    let by = points[(rising(points) * 2 / 3).max(1)];
    for total in [last + 1, last + 2, held + 1] {
        for percent in 1..100u32 {
            let pct_start = f64::from(percent) / 100.0;
            let up = pct_start * total as f64 - 1.0;
            if up <= 0.0 || (by.0 as f64) > up {
                continue;
            }
            for (name, shape) in [("cosine", Shape::Cosine), ("linear", Shape::Linear)] {
                let max = initial + (by.1 - initial) / shape.rise(by.0 as f64, up);
                // The numbers that rates of 32 bits were made with are those in fewer digits.
                for share in [1e-6, 1e-11] {
                    let max = tidy(max, share);
                    let specs = ends.iter().filter_map(|(final_div, three)| {
                        spec_of(json!({"one_cycle": {
                            "max_lr": max, "total_steps": total, "pct_start": pct_start,
                            "anneal_strategy": name, "div_factor": tidy(max / initial, share),
                            "final_div_factor": tidy(*final_div, share.max(1e-9)),
                            "three_phase": three,
                        }}))
                    });
                    let mut found = specs.filter_map(|spec| checked(spec, points, same));
                    if let Some(spec) = found.next() {
                        return Some(spec);
                    }
                }
            }
        }
    }
    None
}

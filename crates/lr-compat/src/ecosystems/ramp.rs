//! Ramps whose ends aren't whole steps, of programs that count samples or tokens; and cosines whose cycle is found by
//! logarithms.

use lr_schedule::curves::{CosineWaveSpec, CycleIndex, RestartsConfig};
use lr_schedule::{ScheduleError, Shape, Spec};

use crate::build::{anneal, constant, linear, piecewise, skip, then};

/// A ramp between two places in a run, which has these rates there: from step `first` of the run on, which isn't before
/// its beginning. After its end it stays.
pub(super) fn ramp(
    [from, to]: [f64; 2],
    [start, end]: [f64; 2],
    shape: Shape,
    first: u64,
    place: &str,
) -> Result<Spec, ScheduleError> {
    let Some(last) = (to >= first as f64).then_some(to.floor() as u64) else {
        return Ok(constant(end));
    };
    let length = to - from;
    if from.fract() == 0.0 && to.fract() == 0.0 {
        let whole = anneal(start, end, length as u64, shape);
        return Ok(skip(first - from as u64, whole));
    }
    let count = (last - first).saturating_add(1);
    let gone = |n: u64| (n as f64 - from) / length;
    let within = match shape {
        Shape::Linear => {
            let rate = |n| start + (end - start) * gone(n);
            linear(rate(first), rate(first.saturating_add(count)), count)
        }
        Shape::Cosine if length >= 4.0 => cosine([from, to], [start, end], first),
        _ => {
            const MOST: u64 = 10_000;
            if count > MOST {
                let why = "ends within a step, and in its form is too long for a list of rates";
                return Err(ScheduleError::unsupported(place, why));
            }
            let left = |n: u64| 1.0 - shape.decay(gone(n), 1.0);
            let rates = (first..=last).map(|n| end + (start - end) * left(n));
            piecewise(rates, 1..count)
        }
    };
    Ok(then(count, within, constant(end)))
}

/// Half a cosine that begins within a step, as the sum of two that don't: with `b` about a quarter of a period,
/// `cos(x + a) = (sin(b - a) · cos x + sin a · cos(x + b)) / sin b`.
fn cosine([from, to]: [f64; 2], [start, end]: [f64; 2], first: u64) -> Spec {
    use std::f64::consts::PI;
    let each = PI / (to - from);
    let a = each * (first as f64 - from);
    let quarter = ((to - from) / 2.0).round();
    let b = each * quarter;
    let wave = |share: f64| {
        let height = (start - end) / 2.0 * share / b.sin();
        Spec::from(CosineWaveSpec::new(height, -height, 1, each / (2.0 * PI)))
    };
    Spec::Sum(vec![
        constant(f64::midpoint(start, end)),
        wave((b - a).sin()),
        skip(quarter as u64, wave(a.sin())),
    ])
}

/// Half cosines from `max` to `min`, each `t_mult` times as long as the one before; at some of their beginnings the
/// quotient of logarithms falls one short.
pub(super) fn restarts([max, min]: [f64; 2], period: u64, t_mult: f64) -> Spec {
    let cycles = RestartsConfig::new(max, min, period).with_t_mult(t_mult);
    Spec::from(cycles.with_index(CycleIndex::Logarithm))
}

//! Ramps whose ends aren't whole steps: those of programs that count samples or tokens.

use lr_schedule::curves::CosineWaveSpec;
use lr_schedule::{ScheduleError, Shape, Spec};

use crate::build::{anneal, constant, linear, piecewise, skip, then};

/// A ramp between two places in a run.
#[derive(Clone, Copy)]
pub(super) struct Ramp {
    pub from: f64,
    pub to: f64,
    pub start: f64,
    pub end: f64,
    pub shape: Shape,
}

impl Ramp {
    /// The ramp, from step `first` of the run on, which isn't before its `from`; after its `to` it is at its end.
    pub fn since(self, first: u64, place: &str) -> Result<Spec, ScheduleError> {
        let Self {
            from,
            to,
            start,
            end,
            shape,
        } = self;
        let Some(last) = (to >= first as f64).then_some(to.floor() as u64) else {
            return Ok(constant(end));
        };
        let length = to - from;
        if from.fract() == 0.0 && to.fract() == 0.0 {
            return Ok(skip(
                first - from as u64,
                anneal(start, end, length as u64, shape),
            ));
        }
        let count = (last - first).saturating_add(1);
        let gone = |n: u64| (n as f64 - from) / length;
        let within = match shape {
            Shape::Linear => {
                let rate = |n| start + (end - start) * gone(n);
                linear(rate(first), rate(first.saturating_add(count)), count)
            }
            Shape::Cosine if length >= 4.0 => self.cosine(first),
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
    fn cosine(self, first: u64) -> Spec {
        use std::f64::consts::PI;
        let Self {
            from,
            to,
            start,
            end,
            ..
        } = self;
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
}

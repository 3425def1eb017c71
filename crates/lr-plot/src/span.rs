//! How many steps show what a schedule does.

use lr_schedule::spec::Length;
use lr_schedule::{Schedule, Spec};

/// How many steps of what `spec` describes show it: its length, or where it has none three of its
/// cycles or several of its time scales; `None` for what has neither, as a constant.
///
/// ```
/// use lr_plot::span;
/// use lr_schedule::prelude::*;
///
/// let of = |schedule: DynSchedule| span(&schedule.to_spec().unwrap());
/// assert_eq!(of(Cosine::new(0.1, 0.0, 900).warmup(100).into_dyn()), Some(1_000));
/// assert_eq!(of(WarmRestarts::new(0.1, 0.0, 10, 2).into_dyn()), Some(10 + 20 + 40));
/// assert_eq!(of(Constant::new(0.1).into_dyn()), None);
/// ```
pub fn span(spec: &Spec) -> Option<u64> {
    let count = |steps: f64| (steps.is_finite() && steps >= 1.0).then_some(steps.ceil() as u64);
    let span = match spec {
        Spec::CosineAnnealing { t_max, .. } => steps(t_max)?.checked_mul(2)?,
        Spec::CosineWave { steps: length, .. } => steps(length)?,
        Spec::Cyclic { up, down, .. } => {
            let down = down.as_ref().unwrap_or(up);
            steps(up)?.checked_add(steps(down)?)?.checked_mul(3)?
        }
        Spec::Exponential { gamma, .. } if *gamma > 0.0 && *gamma < 1.0 => {
            count(0.01f64.ln() / gamma.ln())?
        }
        Spec::ExponentialDecay { steps, .. } | Spec::InverseTime { steps, .. } => {
            count(5.0 * steps)?
        }
        Spec::InverseSqrt { timescale, .. } => count(10.0 * timescale)?,
        Spec::Noam { warmup, .. } => steps(warmup)?.checked_mul(5)?,
        Spec::PolynomialCycle { steps: length, .. } => steps(length)?.checked_mul(3)?,
        Spec::Restarts {
            steps: length,
            t_mult,
            limit,
            ..
        } => {
            let cycles = limit.unwrap_or(3).min(3) as i32;
            let length = steps(length)? as f64;
            count((0..cycles).map(|i| length * t_mult.powi(i)).sum())?
        }
        Spec::Step { step_size, .. } => steps(step_size)?.checked_mul(4)?,
        Spec::MultiStep { milestones, .. } => margin(milestones)?,
        Spec::PiecewiseConstant { boundaries, .. } => margin(boundaries)?,
        Spec::WarmRestarts { t_0, t_mult, .. } => {
            let t_mult = *t_mult as f64;
            count(steps(t_0)? as f64 * (1.0 + t_mult + t_mult * t_mult))?
        }

        Spec::BatchScale { of, .. }
        | Spec::Clamp { of, .. }
        | Spec::Noise { of, .. }
        | Spec::Scale { of, .. }
        | Spec::Feedback { of, .. } => span(of)?,
        Spec::Delay { steps: length, of } => steps(length)?.checked_add(span(of)?)?,
        Spec::Warmup {
            steps: length, of, ..
        } => steps(length)?.checked_add(span(of).unwrap_or(steps(length)?))?,
        Spec::PerEpoch { steps: length, of } => steps(length)?.checked_mul(span(of)?)?,
        Spec::Repeat { every, .. } => steps(every)?.checked_mul(3)?,
        Spec::Skip { steps: length, of } => span(of)?.checked_sub(steps(length)?)?,
        Spec::Product(parts) | Spec::Sum(parts) => parts.iter().filter_map(span).max()?,
        Spec::Sequence(parts) => {
            let (last, before) = parts.split_last()?;
            let mut sum = 0u64;
            for part in before {
                sum = sum.checked_add(part.build().ok()?.length()?)?;
            }
            sum.checked_add(span(last).unwrap_or(sum))?
        }
        other => other.build().ok()?.length()?,
    };
    (span > 0).then_some(span)
}

fn steps(length: &Length) -> Option<u64> {
    match length {
        Length::Steps(steps) => Some(*steps),
        _ => None,
    }
}

/// To the last of some jumps, and as far again as they are from each other.
fn margin(jumps: &[Length]) -> Option<u64> {
    let steps: Option<Vec<u64>> = jumps.iter().map(steps).collect();
    let last = steps?.into_iter().max()?;
    last.checked_add((last / jumps.len() as u64).max(1))
}

#[cfg(test)]
mod tests {
    use lr_schedule::prelude::*;

    use super::*;

    fn of(schedule: impl Schedule) -> Option<u64> {
        span(&schedule.to_spec().unwrap())
    }

    #[test]
    fn endless_schedules_show_a_few_of_what_they_repeat() {
        assert_eq!(of(Linear::new(0.1, 0.0, 10).repeat(10)), Some(30));
        assert_eq!(of(MultiStep::new(0.1, [30, 60], 0.1)), Some(90));
        assert_eq!(of(Step::new(0.1, 30, 0.1).per_epoch(5)), Some(600));
        assert_eq!(of(Constant::new(0.1).warmup(10)), Some(20));
        assert_eq!(
            of(Constant::new(0.1).take(30).then(Constant::new(0.2))),
            Some(60)
        );
        assert_eq!(of(Constant::new(0.1)), None);
        assert_eq!(of(Step::new(0.1, u64::MAX, 0.1)), None);
    }
}

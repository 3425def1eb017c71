//! Rates of many steps.

use lr_schedule::{Schedule, ScheduleExt};

use crate::failure::Failure;
use crate::input::Curve;

/// The most steps that can be gone through one by one.
pub const MOST_STEPS: u64 = 1 << 30;

/// The number of steps from `start` to `end`, every `every`th of them; at most `most`, which
/// are called `what`.
pub fn count((start, end): (u64, u64), every: u64, most: u64, what: &str) -> Result<u64, Failure> {
    let count = ((end - start) / every).saturating_add(1);
    match count <= most {
        true => Ok(count),
        false => Err(Failure::usage(format!(
            "--steps: must be at most {most} {what}, got {count}"
        ))),
    }
}

/// The rates of `steps`, which ascend to `end`. A recurrence is gone through once.
pub fn at<'a>(
    curve: &'a Curve,
    steps: impl Iterator<Item = u64> + 'a,
    end: u64,
) -> Result<impl Iterator<Item = f64> + 'a, Failure> {
    let schedule = &curve.schedule;
    let recurs = schedule.to_spec().is_some_and(|spec| spec.recurs());
    if recurs && end > MOST_STEPS {
        return Err(Failure::usage(format!(
            "{}: is a recurrence, which is gone through step by step: --steps must end at \
             {MOST_STEPS} or before, got {end}",
            curve.label
        )));
    }
    let mut last: Option<(u64, f64)> = None;
    Ok(steps.map(move |step| {
        if !recurs {
            return schedule.at(step);
        }
        let (mut at, mut rate) = last.unwrap_or_else(|| (0, schedule.at(0)));
        while at < step {
            at += 1;
            rate = schedule.advance(at, rate);
        }
        last = Some((at, rate));
        rate
    }))
}

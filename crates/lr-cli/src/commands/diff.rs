use serde_json::json;

use crate::cli::Diff;
use crate::failure::Failure;
use crate::input::Source;
use crate::output;
use crate::rates::{self, MOST_STEPS};

/// A step at which two rates are not the same.
#[derive(Clone, Copy)]
struct Difference {
    step: u64,
    a: f64,
    b: f64,
}

impl Difference {
    fn by(self) -> f64 {
        self.b - self.a
    }
}

pub fn run(options: &Diff, sources: &[Source]) -> Result<bool, Failure> {
    let [_, _] = sources else {
        let count = sources.len();
        return Err(Failure::usage(format!("diff takes two SPECs, got {count}")));
    };
    if !(options.tolerance >= 0.0 && options.tolerance.is_finite()) {
        let problem = format!("--tolerance: must be at least 0, got {}", options.tolerance);
        return Err(Failure::usage(problem));
    }
    let curves = super::curves(sources)?;
    let (start, end, every) = match options.steps {
        Some(steps) => (steps.start, steps.end, steps.every.unwrap_or(1)),
        None => (0, super::span(&curves)?, 1),
    };
    let count = rates::count((start, end), every, MOST_STEPS, "steps")?;
    let steps = || (0..count).map(|row| start + row * every);
    let a = rates::at(&curves[0], steps(), end)?;
    let b = rates::at(&curves[1], steps(), end)?;
    let (mut first, mut largest, mut differing) = (None, None::<Difference>, 0u64);
    for (step, (a, b)) in steps().zip(a.zip(b)) {
        let same = a == b || (b - a).abs() <= options.tolerance * a.abs().max(b.abs());
        if same {
            continue;
        }
        let difference = Difference { step, a, b };
        differing += 1;
        first.get_or_insert(difference);
        if largest.is_none_or(|largest| difference.by().abs() > largest.by().abs()) {
            largest = Some(difference);
        }
    }

    if options.json {
        let json = |found: Difference| json!({"step": found.step, "a": found.a, "b": found.b, "difference": found.by()});
        output::json(&json!({
            "a": curves[0].label,
            "b": curves[1].label,
            "steps": {"start": start, "end": end, "every": every},
            "differing": differing,
            "first": first.map(json),
            "largest": largest.map(json),
        }))?;
    } else if let (Some(first), Some(largest)) = (first, largest) {
        let mut text = String::new();
        for (which, found) in [("first", first), ("most", largest)] {
            let Difference { step, a, b } = found;
            text += &format!("{which} at step {step}: {a} and {b}, by {:e}\n", found.by());
        }
        text += &format!("at {differing} of {count} steps from {start} to {end}\n");
        output::print(&text)?;
    } else {
        output::print(&format!(
            "no difference in {count} steps from {start} to {end}\n"
        ))?;
    }
    Ok(first.is_none())
}

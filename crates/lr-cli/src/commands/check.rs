use lr_schedule::Spec;
use serde_json::{Value, json};

use crate::cli::Check;
use crate::failure::Failure;
use crate::input::Source;
use crate::outcome::Outcome;
use crate::output;

pub fn run(options: &Check, sources: &[Source]) -> Result<Outcome, Failure> {
    if sources.is_empty() {
        return super::inputs(sources).map(|_| Outcome::Yes);
    }
    let mut outcome = Outcome::Yes;
    let mut found = Vec::new();
    for source in sources {
        match one(options, source) {
            Ok((text, value)) => {
                if !options.json {
                    output::print(&format!("{}: {text}\n", source.origin()))?;
                }
                found.push(value);
            }
            // A file that can't be read may hold a schedule or not.
            Err(failure) if failure.code() != 1 => return Err(failure),
            Err(failure) => {
                outcome = Outcome::No;
                if options.json {
                    let text = failure.to_string();
                    found.push(json!({"spec": source.origin(), "ok": false, "error": text}));
                } else {
                    output::error(&failure);
                }
            }
        }
    }
    if options.json {
        output::json(&Value::Array(found))?;
    }
    Ok(outcome)
}

fn one(options: &Check, source: &Source) -> Result<(String, Value), Failure> {
    let input = source.load()?;
    let length = &options.sources.length;
    let run = length.run()?;
    let spec = input.spec(run.as_ref(), length.has_batch())?;
    let curve = input.curve(run.as_ref(), length.has_batch())?;
    let steps = curve.schedule.length();
    let text = match (&spec, steps) {
        (Spec::Feedback { rule, of }, _) => format!("ok, {} over {}", rule.name(), of.name()),
        (spec, Some(steps)) => format!("ok, {} of {steps} steps", spec.name()),
        (spec, None) => format!("ok, {} without an end", spec.name()),
    };
    let value = json!({
        "spec": source.origin(),
        "ok": true,
        "schedule": spec.name(),
        "steps": steps,
    });
    Ok((text, value))
}

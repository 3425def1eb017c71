use lr_schedule::Spec;
use serde_json::{Value, json};

use crate::cli::Check;
use crate::failure::Failure;
use crate::input::Source;
use crate::output;

pub fn run(options: &Check, sources: &[Source]) -> Result<bool, Failure> {
    super::required(sources)?;
    let mut all = true;
    let mut found = Vec::new();
    for source in sources {
        match one(source) {
            Ok((text, value)) => {
                if !options.json {
                    output::print(&format!("{}: {text}\n", source.origin()))?;
                }
                found.push(value);
            }
            // A file that can't be read may hold a schedule or not.
            Err(failure) if failure.code != 1 => return Err(failure),
            Err(failure) => {
                all = false;
                if options.json {
                    let error = failure.text;
                    found.push(json!({"spec": source.origin(), "ok": false, "error": error}));
                } else {
                    output::error(&failure);
                }
            }
        }
    }
    if options.json {
        output::json(&Value::Array(found))?;
    }
    Ok(all)
}

fn one(source: &Source) -> Result<(String, Value), Failure> {
    let input = source.load()?;
    let spec = input.spec()?;
    let steps = input.curve()?.schedule.length();
    let text = match (spec, steps) {
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

//! The state of a scheduler, and the schedule that goes on from it.

use std::cell::RefCell;
use std::fmt::Write as _;

use lr_schedule::Spec;
use lr_schedule::feedback::{self, State};
use lr_torch::{OptimizerState, ReadOptions, SchedulerState, TorchError, TrainingArguments, Value};
use serde_json::{Map, Value as Json, json};

use super::describe::{described, label, listed};
use super::files::{Files, Found, failure, in_words};
use super::trainer;
use crate::cli::Inspect;
use crate::document::Document;
use crate::failure::Failure;
use crate::library;

/// An optimizer that may be a scheduler's.
type Candidate<'f, 'a> = (&'f Found<'a>, Result<OptimizerState<'a>, TorchError>);

/// Writes a scheduler, and the rates that go on from it.
pub fn write(
    text: &mut String,
    options: &Inspect,
    files: &Files,
    found: &Found<'_>,
    candidates: &[Candidate<'_, '_>],
    arguments: Option<&TrainingArguments>,
) -> Result<Json, Failure> {
    let (at, state) = (&found.part.at, &found.part.value);
    let optimizer = belonging(found, candidates);
    let length = trainer::length(files.trainer.as_ref());
    let read = read(options, found, optimizer, arguments, length)?;
    // The place of its optimizer, where it has one of several.
    let optimizer = optimizer.filter(|_| candidates.len() > 1).map(|(at, _)| at);
    let get = |key: &str| state.get(key).ok().flatten();
    let either = |torch: &str, mmengine: &str| get(torch).or_else(|| get(mmengine));
    let rates = |list: Option<Value<'_>>| -> Option<Vec<f64>> {
        let items = list?.items().ok()?;
        items.iter().map(|rate| rate.number().ok()).collect()
    };
    let (class, position) = match &read {
        Ok(read) => (Some(read.class.to_string()), Some(read.position as i64)),
        Err(_) => {
            let step = either("last_epoch", "last_step");
            (class_of(state), step.and_then(|step| step.integer().ok()))
        }
    };
    let base = rates(either("base_lrs", "base_values"));
    let last = rates(either("_last_lr", "_last_value"));

    let name = class.as_deref().unwrap_or("of no class of PyTorch's");
    let _ = write!(text, "{}: {name}", label("scheduler", at));
    if let Some(position) = position {
        let _ = write!(text, ", next is step {position}");
    }
    if let Some(optimizer) = optimizer {
        let _ = write!(text, "; its optimizer is {optimizer}");
    }
    let epoch = epoch_of(state, files);
    if let Some(steps) = epoch {
        let _ = write!(
            text,
            "; stepped once in {steps} steps of the optimizer, an epoch"
        );
    }
    text.push('\n');
    let (groups, problem) = match &read {
        Ok(read) => (write_groups(text, read), None),
        Err(error) => {
            let problem = in_words(error);
            *text += &match &last {
                Some(last) => format!("  rates now: {last:?}"),
                None => "  the rates now are not in the file".to_string(),
            };
            if let Some(base) = &base {
                let _ = write!(text, "; began with {base:?}");
            }
            let own = own_of(state);
            if !own.is_empty() {
                let _ = write!(text, "; {}", listed(&own));
            }
            let _ = writeln!(text, "\n  can't be continued: {problem}");
            (Vec::new(), Some(problem))
        }
    };
    Ok(json!({
        "at": at,
        "class": class,
        "position": position,
        "base_lrs": base,
        "last_lr": last,
        "optimizer": optimizer,
        "steps_per_epoch": epoch,
        "state": described(state),
        "groups": groups,
        "problem": problem,
    }))
}

/// Reads a scheduler with its optimizer. It can't be continued by itself, or it is a failure where the command
/// line says how to read it.
fn read(
    options: &Inspect,
    found: &Found<'_>,
    optimizer: Option<(&str, &OptimizerState<'_>)>,
    arguments: Option<&TrainingArguments>,
    length: Option<u64>,
) -> Result<Result<SchedulerState, TorchError>, Failure> {
    let config = options.config.as_deref().map(Document::read).transpose()?;
    // The library gets an error without the file it is in.
    let wrong = RefCell::new(None);
    let mut read = ReadOptions::new();
    if let Some((_, optimizer)) = optimizer {
        read = read.with_optimizer(optimizer);
    }
    if let Some(class) = &options.class {
        read = read.with_class(class);
    }
    if let Some(config) = &config {
        let data = config.data()?;
        let wrong = &wrong;
        read = read.with_schedule(move |base| {
            let facts = options.length.facts(Some(base));
            let spec = library::spec(options.from, data.clone(), &facts);
            spec.inspect_err(|error| {
                wrong.replace(Some(Failure::schedule(&config.origin, error)));
            })
        });
    } else if let Some(arguments) = arguments {
        read = read.with_schedule(move |base| arguments.schedule(base, length));
    }
    let read = read.read(&found.part.value);
    let asked = options.class.is_some() || options.config.is_some() || options.optimizer.is_some();
    match read {
        Err(error) if asked => Err(wrong.take().unwrap_or_else(|| failure(found.origin, error))),
        read => Ok(read),
    }
}

/// The classes that its keys are of.
fn class_of(state: &Value<'_>) -> Option<String> {
    let is_mmengines = state.get("param_name").is_ok_and(|name| name.is_some());
    match SchedulerState::class_of(state) {
        Ok("LambdaLR") => Some("LambdaLR or MultiplicativeLR".to_string()),
        Ok(class) => Some(class.to_string()),
        Err(TorchError::Class { candidates, .. }) if is_mmengines => {
            Some(format!("mmengine.{}", candidates.join(" or ")))
        }
        Err(_) => None,
    }
}

/// The number of steps in an epoch, where a scheduler was stepped once in each, and the file counts both.
fn epoch_of(state: &Value<'_>, files: &Files) -> Option<u64> {
    let count = |key| files.root()?.get(key).ok()??.count().ok();
    let position = state.get("last_epoch").ok()??.count().ok()?;
    let (epoch, steps) = (count("epoch")?, count("global_step")?);
    let whole = position > 0 && steps > position && steps % position == 0;
    (whole && [epoch, epoch + 1].contains(&position)).then(|| steps / position)
}

fn write_groups(text: &mut String, read: &SchedulerState) -> Vec<Json> {
    let spec = |spec: &Spec| serde_json::to_string(spec).unwrap_or_default();
    let mut groups = Vec::new();
    for (index, group) in read.groups.iter().enumerate() {
        // A plateau keeps no rate but the present one.
        let base = group.heard.is_none().then_some(group.base_lr);
        let _ = write!(text, "  group {index}: rate {}", group.rate);
        if let Some(base) = base {
            let _ = write!(text, ", began with {base}");
        }
        let _ = writeln!(text, "\n    schedule: {}", spec(&group.spec));
        if let Some(momentum) = &group.momentum {
            let _ = writeln!(text, "    momentum: {}", spec(momentum));
        }
        let heard = group.heard.as_ref().map(heard);
        if let Some(heard) = &heard {
            let _ = writeln!(text, "    heard: {heard}");
        }
        groups.push(json!({
            "rate": group.rate,
            "base_lr": base,
            "schedule": group.spec,
            "momentum": group.momentum,
            "heard": heard,
        }));
    }
    groups
}

fn heard(state: &State) -> Json {
    let numbers = state.iter().map(|(name, value)| {
        let value = match value {
            feedback::Value::Count(count) => json!(count),
            feedback::Value::Number(number) => json!(number),
        };
        (name, value)
    });
    numbers.collect()
}

/// The keys that not every scheduler has.
fn own_of(state: &Value<'_>) -> Map<String, Json> {
    let entries = state.entries().unwrap_or_default().into_iter();
    let own = entries.map(|(key, value)| (key.to_string(), value));
    let own = own.filter(|(key, _)| !(key.starts_with('_') || SHARED.contains(&key.as_str())));
    own.map(|(key, value)| (key, described(&value))).collect()
}

const SHARED: [&str; 5] = [
    "base_lrs",
    "base_values",
    "last_epoch",
    "last_step",
    "verbose",
];

/// The optimizer that belongs to a scheduler, and its place: of those with its rates, or else of all, the one
/// whose place is most like that of the scheduler.
fn belonging<'f, 'a>(
    scheduler: &Found<'_>,
    candidates: &'f [Candidate<'f, 'a>],
) -> Option<(&'f str, &'f OptimizerState<'a>)> {
    let state = &scheduler.part.value;
    let last = state.get("_last_lr").ok().flatten();
    let last = last.and_then(|last| last.items().ok());
    let read = candidates
        .iter()
        .filter_map(|(found, state)| Some((found.part.at.as_str(), state.as_ref().ok()?)));
    let all: Vec<_> = read
        .filter(|(_, optimizer)| {
            last.as_ref()
                .is_none_or(|last| last.len() == optimizer.groups.len())
        })
        .collect();
    let has_its_rates = |optimizer: &OptimizerState<'_>| {
        let mut groups = optimizer.groups.iter().zip(last.iter().flatten());
        groups.all(|(group, rate)| {
            let lr = group.option("lr").and_then(|lr| lr.number()).ok();
            lr.is_some() && lr == rate.number().ok()
        })
    };
    let alike = |at: &str| {
        let same = |(a, b): &(char, char)| a == b;
        let place = scheduler.part.at.as_str();
        let before = at.chars().zip(place.chars()).take_while(same);
        let after = at.chars().rev().zip(place.chars().rev()).take_while(same);
        before.count() + after.count()
    };
    let score = |(at, optimizer): &(&str, &_)| (has_its_rates(optimizer), alike(at));
    let most = all.iter().map(score).max()?;
    let mut likeliest = all.into_iter().filter(|found| score(found) == most);
    match (likeliest.next(), likeliest.next()) {
        (found, None) => found,
        _ => None,
    }
}

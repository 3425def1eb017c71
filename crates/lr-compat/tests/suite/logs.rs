//! Logs of trainings: `tests/logs` has some that are right, and some with known mistakes.

use std::path::{Path, PathBuf};

use lr_compat::log::{Audit, Log, audit, fit};
use lr_compat::{torch, transformers};
use lr_schedule::{Schedule, Spec};
use serde_json::{Value, json};

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The runs, and what is known of each.
fn runs() -> Vec<(PathBuf, Value)> {
    let logs = std::env::var_os("LR_LOGS_DIR").map(PathBuf::from);
    let logs = logs.unwrap_or(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs"));
    let mut runs: Vec<_> = std::fs::read_dir(logs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| (path.clone(), read(&path.join("answer.json"))))
        .collect();
    runs.sort_by(|a, b| a.0.cmp(&b.0));
    runs
}

fn spec(answer: &Value) -> Spec {
    let schedule = &answer["schedule"];
    let config = json!({"scheduler": schedule["scheduler"], "args": schedule["args"]}).to_string();
    let base = schedule["base_lr"].as_f64().unwrap();
    match schedule["library"].as_str().unwrap() {
        "torch" => torch::parse(&config, base).unwrap(),
        "transformers" => transformers::parse(&config, base).unwrap(),
        other => panic!("{other}"),
    }
}

/// Whether one of the mistakes that are named has the kind and the numbers of the answer.
fn named(audit: &Audit, answer: &Value) -> Result<(), String> {
    let kind = answer["kind"].as_str().unwrap();
    let mistake = audit
        .mistakes
        .iter()
        .find(|mistake| mistake.kind.name() == kind);
    let mistake = mistake.ok_or(format!("no {kind}"))?;
    for name in [
        "resumed_at",
        "told_total",
        "times",
        "offset",
        "steps_per_epoch",
        "at",
        "warmup",
        "factor",
        "value",
    ] {
        let Some(expected) = answer[name].as_f64() else {
            continue;
        };
        let number = |name: &str| {
            let numbers = mistake.numbers.iter();
            numbers
                .clone()
                .find(|(given, _)| given == name)
                .map(|(_, value)| *value)
        };
        let (from, to) = (
            number(&format!("{name}_from")),
            number(&format!("{name}_to")),
        );
        let exact = number(name);
        let holds = match (exact, from, to) {
            (Some(number), ..) => (number - expected).abs() <= 1e-6 * expected.abs(),
            (None, Some(from), Some(to)) => (from..=to).contains(&expected),
            _ => false,
        };
        // The longest log of a run says only that no epoch ended in it.
        if !holds {
            return Err(format!("{name} is {expected}, said: {:?}", mistake.numbers));
        }
    }
    Ok(())
}

fn check(directory: &Path, answer: &Value) -> Result<(), String> {
    let schedule = spec(answer).build().unwrap();
    if let Value::Object(rates) = &answer["right_rates"] {
        for (step, rate) in rates {
            let right = schedule.at(step.parse().unwrap());
            assert!(
                (right - rate.as_f64().unwrap()).abs() < 1e-9,
                "{step}: {right}"
            );
        }
    }
    let log = Log::open(&directory.join(answer["file"].as_str().unwrap()), None).unwrap();
    let audit = audit(&log, &schedule, None).unwrap();
    let kinds: Vec<_> = audit.mistakes.iter().map(ToString::to_string).collect();
    println!(
        "{}: {:?} {kinds:?}",
        directory.display(),
        audit.first.map(|first| first.step)
    );
    if audit.format.name() != answer["format"].as_str().unwrap() {
        return Err(format!("format {}", audit.format.name()));
    }
    let first = audit.first.map(|first| first.step);
    if first != answer["first_wrong_logged_step"].as_u64() {
        return Err(format!("first wrong step {first:?}, {}", audit.tolerance));
    }
    if audit.every != answer["logged_every"].as_u64().unwrap() {
        return Err(format!("every {}", audit.every));
    }
    let row = if audit.counted_from_1 { "n - 1" } else { "n" };
    let has = if audit.after_step {
        "the step after its own"
    } else {
        "its own step"
    };
    if row != answer["row_n_is_step"] || has != answer["row_has_the_rate_of"] {
        return Err(format!("row n is step {row}, with the rate of {has}"));
    }
    match answer["kind"].as_str().unwrap() {
        "right" => match audit.mistakes.is_empty() {
            true => Ok(()),
            false => Err("not right".to_string()),
        },
        _ => named(&audit, answer),
    }
}

#[test]
fn every_run_is_told_right_or_what_was_wrong() {
    let runs = runs();
    let mut failed = Vec::new();
    for (directory, answer) in &runs {
        if let Err(why) = check(directory, answer) {
            failed.push(format!("{}: {why}", directory.display()));
        }
    }
    assert!(runs.len() >= 35, "{}", runs.len());
    assert!(
        failed.is_empty(),
        "{} of {}\n{}",
        failed.len(),
        runs.len(),
        failed.join("\n")
    );
}

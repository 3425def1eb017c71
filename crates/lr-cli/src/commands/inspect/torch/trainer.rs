//! The arguments and the state of transformers' `Trainer`.

use std::fmt::Write as _;
use std::path::Path;

use lr_schedule::spec::Data;
use lr_torch::TrainingArguments;
use serde_json::{Map, Value as Json, json};

use super::super::report::Report;
use super::describe::listed;
use crate::cli::Inspect;
use crate::document::Document;
use crate::failure::Failure;

/// The arguments that say the schedule and the optimizer, as readers want them.
const TOLD: [&str; 12] = [
    "lr_scheduler_type",
    "lr_scheduler_kwargs",
    "learning_rate",
    "warmup_steps",
    "warmup_ratio",
    "max_steps",
    "num_train_epochs",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "weight_decay",
    "adam_beta1",
    "adam_beta2",
];

/// Reads `trainer_state.json`: its numbers, without the log.
pub fn read(path: &Path) -> Result<Json, Failure> {
    let document = Document::read(path)?;
    let state = document.json()?;
    let has = |key: &str| state.contains_key(key);
    if !(has("global_step") && has("max_steps")) {
        let problem = "is no file that is known: neither of torch.save, nor a checkpoint, nor a trainer_state.json";
        return Err(Failure::input(&document.origin, problem));
    }
    let plain = state.into_iter().filter_map(|(key, value)| match value {
        Json::Array(rows) if key == "log_history" => {
            Some(("logged_rows".to_string(), json!(rows.len())))
        }
        Json::Number(_) | Json::String(_) | Json::Bool(_) => Some((key, value)),
        _ => None,
    });
    Ok(plain.collect::<Map<_, _>>().into())
}

/// A report of `trainer_state.json` alone.
pub fn state(options: &Inspect) -> Result<Report, Failure> {
    let state = read(&options.file)?;
    let mut report = Report {
        text: String::new(),
        json: json!({"kind": "trainer_state", "format": "JSON"}),
    };
    write(&mut report, Some(&state), None);
    report.json["values"] = state;
    Ok(report)
}

/// The number of steps that the run has.
pub fn length(state: Option<&Json>) -> Option<u64> {
    state?["max_steps"].as_u64().filter(|steps| *steps > 0)
}

pub fn write(report: &mut Report, state: Option<&Json>, arguments: Option<&TrainingArguments>) {
    if let Some(state) = state {
        let (step, of, epoch) = (&state["global_step"], &state["max_steps"], &state["epoch"]);
        let _ = writeln!(
            report.text,
            "transformers' Trainer: step {step} of {of}, epoch {epoch}"
        );
        report.json["trainer"] = state.clone();
    }
    let Some(arguments) = arguments else {
        return;
    };
    let told = TOLD
        .iter()
        .filter_map(|name| Some((name.to_string(), in_json(arguments.get(name)?))));
    let told: Map<String, Json> = told.filter(|(_, value)| !value.is_null()).collect();
    let _ = writeln!(report.text, "arguments: {}", listed(&told));
    let all = arguments.attributes.iter();
    report.json["arguments"] = all
        .map(|(name, data)| (name.clone(), in_json(data)))
        .collect();
    let base = arguments.number("learning_rate");
    let schedule = base.and_then(|base| arguments.schedule(base, length(state)).ok());
    if let Some(schedule) = schedule {
        let text = serde_json::to_string(&schedule).unwrap_or_default();
        let _ = writeln!(report.text, "  schedule: {text}");
        report.json["schedule"] = json!(schedule);
    }
}

fn in_json(data: &Data) -> Json {
    serde_json::to_value(data).unwrap_or_default()
}

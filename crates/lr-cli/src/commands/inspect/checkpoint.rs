//! Checkpoints of `burn-lr`.

use std::fmt::Write as _;

use lr_checkpoint::{FileFault, Inspection, SavedTensor};
use serde_json::{Value, json};

use super::report::{LISTED, Report, elements};
use crate::cli::Inspect;
use crate::failure::Failure;

pub fn report(options: &Inspect) -> Result<Report, Failure> {
    let origin = options.file.display();
    let found = lr_checkpoint::inspect(&options.file);
    let found = found.map_err(|error| match error.fault {
        FileFault::Read(error) => Failure::read(origin)(error),
        fault => Failure::input(origin, fault.to_string()),
    })?;
    Ok(Report {
        text: text(&found),
        json: json(&found),
    })
}

fn text(found: &Inspection) -> String {
    let (progress, parameters) = (&found.progress, &found.parameters);
    let mut out = format!(
        "checkpoint of version {}: epoch {}, step {}, seed {}\n",
        found.version, progress.epoch, progress.step, progress.seed
    );
    for (name, value) in &progress.metrics {
        let _ = writeln!(out, "  {name}: {value}");
    }
    let schedule = found.schedule.as_deref().unwrap_or("with a closure in it");
    let _ = writeln!(out, "schedule: {schedule}");
    let _ = writeln!(out, "optimizer: {}", found.optimizer_config);
    if let Some(rule) = average(found) {
        let _ = writeln!(out, "average of the weights: {rule}");
    }
    for (name, note) in &found.notes {
        let _ = writeln!(out, "note {name}: {note}");
    }
    let _ = writeln!(
        out,
        "model: {} bytes; optimizer's state: {}; scheduler's: {}; the file: {}",
        found.model_size, found.optimizer_size, found.scheduler_size, found.file_size
    );
    let values = elements(
        parameters
            .iter()
            .map(|parameter| parameter.shape.as_slice()),
    );
    let _ = writeln!(out, "parameters: {}, of {values} values", parameters.len());
    for parameter in parameters.iter().take(LISTED) {
        let (path, shape) = (&parameter.path, &parameter.shape);
        let _ = writeln!(out, "  {path}: {} {shape:?}", dtype(parameter));
    }
    if parameters.len() > LISTED {
        let _ = writeln!(out, "  and {} more", parameters.len() - LISTED);
    }
    let _ = writeln!(out, "digest: {}", found.digest);
    out
}

/// The rule of an average of the weights, which is the name of a parameter.
fn average(found: &Inspection) -> Option<&str> {
    let mut paths = found.parameters.iter().map(|parameter| &parameter.path);
    paths.find_map(|path| path.strip_prefix("weight-average.rule "))
}

fn dtype(parameter: &SavedTensor) -> String {
    format!("{:?}", parameter.dtype).to_lowercase()
}

fn json(found: &Inspection) -> Value {
    // JSON in the file is JSON here.
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    let parameters = found.parameters.iter().map(|parameter| {
        json!({"path": parameter.path, "dtype": dtype(parameter), "shape": parameter.shape})
    });
    json!({
        "kind": "checkpoint",
        "version": found.version,
        "progress": {
            "epoch": found.progress.epoch,
            "step": found.progress.step,
            "seed": found.progress.seed,
            "metrics": found.progress.metrics,
        },
        "schedule": found.schedule.as_deref().map(parsed),
        "optimizer_config": parsed(&found.optimizer_config),
        "average": average(found),
        "notes": found.notes,
        "parameters": parameters.collect::<Value>(),
        "bytes": {
            "model": found.model_size,
            "optimizer": found.optimizer_size,
            "scheduler": found.scheduler_size,
            "file": found.file_size,
        },
        "digest": found.digest,
    })
}

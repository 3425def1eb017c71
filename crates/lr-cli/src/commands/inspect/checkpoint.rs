//! Checkpoints of `burn-lr`.

use std::fmt::Write as _;

use lr_checkpoint::{FileError, FileFault, Inspection};
use serde_json::{Map, Value, json};

use super::report::{LISTED, Report};
use crate::cli::Inspect;
use crate::failure::Failure;

pub fn report(options: &Inspect) -> Result<Report, Failure> {
    let found = lr_checkpoint::inspect(&options.file).map_err(|error| failure(options, error))?;
    Ok(Report {
        text: text(&found),
        json: json(&found),
    })
}

fn failure(options: &Inspect, error: FileError) -> Failure {
    let origin = options.file.display().to_string();
    match error.fault {
        FileFault::Read(error) => Failure::Read { origin, error },
        fault => Failure::input(&origin, fault.to_string()),
    }
}

fn text(found: &Inspection) -> String {
    let Inspection {
        version,
        progress,
        parameters,
        ..
    } = found;
    let mut out = format!(
        "checkpoint of version {version}: epoch {}, step {}, seed {}\n",
        progress.epoch, progress.step, progress.seed
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
    let values = parameters.iter().fold(0u128, |sum, parameter| {
        let sizes = parameter.shape.iter().map(|size| *size as u128);
        sum.saturating_add(sizes.fold(1, u128::saturating_mul))
    });
    let _ = writeln!(out, "parameters: {}, of {values} values", parameters.len());
    for parameter in parameters.iter().take(LISTED) {
        let dtype = format!("{:?}", parameter.dtype).to_lowercase();
        let _ = writeln!(out, "  {}: {dtype} {:?}", parameter.path, parameter.shape);
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

fn json(found: &Inspection) -> Value {
    // JSON in the file is JSON here.
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    let metrics = found.progress.metrics.iter();
    let metrics = metrics.map(|(name, value)| (name.clone(), json!(value)));
    let parameters = found.parameters.iter().map(|parameter| {
        json!({
            "path": parameter.path,
            "dtype": format!("{:?}", parameter.dtype).to_lowercase(),
            "shape": parameter.shape,
        })
    });
    json!({
        "kind": "checkpoint",
        "version": found.version,
        "progress": {
            "epoch": found.progress.epoch,
            "step": found.progress.step,
            "seed": found.progress.seed,
            "metrics": metrics.collect::<Map<_, _>>(),
        },
        "schedule": found.schedule.as_deref().map(parsed),
        "optimizer_config": parsed(&found.optimizer_config),
        "average": average(found),
        "notes": found.notes,
        "parameters": parameters.collect::<Vec<_>>(),
        "bytes": {
            "model": found.model_size,
            "optimizer": found.optimizer_size,
            "scheduler": found.scheduler_size,
            "file": found.file_size,
        },
        "digest": found.digest,
    })
}

//! Files of `torch.save`, and folders of them: the states, weights and values that are in them.

mod describe;
mod files;
mod optimizer;
mod scheduler;
mod trainer;

use std::fmt::Write as _;

use lr_torch::{OptimizerState, PartKind, TrainingArguments};
use serde_json::{Map, Value as Json, json};

use super::report::{LISTED, Report, elements};
use crate::cli::Inspect;
use crate::failure::Failure;
use describe::{counted, described, label, plain};
use files::{Files, Found};
pub use trainer::state as trainer_state;

pub fn report(options: &Inspect) -> Result<Report, Failure> {
    let files = Files::open(options)?;
    let found = files.found(options)?;
    let of_kind = |kind| found.iter().filter(move |found| found.part.kind == kind);

    let read = |found| -> (&Found<'_>, _) { (found, OptimizerState::read(&found.part.value)) };
    // The scheduler's may be at another place than the one that is asked for.
    let candidates = files.optimizers()?;
    let candidates: Vec<_> = candidates.iter().map(read).collect();
    let arguments = files.arguments()?;

    let mut report = Report {
        text: String::new(),
        json: json!({"kind": "torch", "format": files.format(), "problems": files.problems}),
    };
    for (name, problem) in &files.problems {
        let _ = writeln!(report.text, "{name}: {problem}");
    }
    trainer::write(&mut report, files.trainer.as_ref(), arguments.as_ref());

    let schedulers = of_kind(PartKind::Scheduler);
    let several = schedulers.clone().count() > 1;
    if several && (options.class.is_some() || options.config.is_some()) {
        let which: Vec<_> = schedulers.map(|found| found.part.at.clone()).collect();
        let problem = format!(
            "there are several schedulers: choose one with --at: {}",
            which.join(", ")
        );
        return Err(Failure::usage(problem));
    }
    let (text, arguments) = (&mut report.text, arguments.as_ref());
    let schedulers = schedulers
        .map(|found| scheduler::write(text, options, &files, found, &candidates, arguments));
    report.json["schedulers"] = schedulers.collect::<Result<_, _>>()?;
    let optimizers = of_kind(PartKind::Optimizer).map(read);
    report.json["optimizers"] = optimizers
        .map(|(found, state)| optimizer::write(&mut report.text, found, &state))
        .collect();
    report.json["weights"] = of_kind(PartKind::Weights)
        .map(|found| weights(&mut report.text, found))
        .collect();
    values(&mut report, of_kind(PartKind::Value));
    Ok(report)
}

fn weights(text: &mut String, found: &Found<'_>) -> Json {
    let entries = found.part.value.entries().unwrap_or_default();
    let tensors: Map<String, Json> = entries
        .iter()
        .map(|(key, value)| (key.to_string(), describe::tensor(value)))
        .collect();
    let known = entries.iter().filter_map(|(_, value)| value.tensor().ok());
    let known: Vec<_> = known.collect();
    let elements = elements(known.iter().map(|tensor| tensor.shape()));
    let count = counted(tensors.len(), "tensor");
    let _ = writeln!(
        text,
        "{}: {count}, {elements} elements",
        label("weights", &found.part.at)
    );
    for (name, tensor) in tensors.iter().take(LISTED) {
        let _ = writeln!(text, "  {name}: {}", plain(tensor));
    }
    if tensors.len() > LISTED {
        let _ = writeln!(text, "  and {} more", tensors.len() - LISTED);
    }
    json!({"at": found.part.at, "tensors": tensors, "elements": elements})
}

fn values<'f, 'a: 'f>(report: &mut Report, values: impl Iterator<Item = &'f Found<'a>>) {
    let mut json = Map::new();
    let mut lines = Vec::new();
    for found in values.filter(|found| !TrainingArguments::are(&found.part.value)) {
        let (at, value) = (&found.part.at, described(&found.part.value));
        match (at.as_str(), found.part.value.class()) {
            ("", Some(_)) => lines.push(format!(
                "the file: {}, saved as a whole, which takes its class to read: save its state_dict()",
                plain(&value)
            )),
            ("", None) => lines.push(format!("the file: {}", plain(&value))),
            _ if value == json!({}) || value == json!([]) => {}
            (at, _) => lines.push(format!("{at}: {}", plain(&value))),
        }
        json.insert(at.clone(), value);
    }
    for line in lines.iter().take(LISTED) {
        let _ = writeln!(report.text, "{line}");
    }
    if lines.len() > LISTED {
        let _ = writeln!(report.text, "and {} more values", lines.len() - LISTED);
    }
    report.json["values"] = json.into();
}

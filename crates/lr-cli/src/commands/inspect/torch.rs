//! Files of `torch.save`: a scheduler's state, an optimizer's, or a dict with both in it.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::Path;

use lr_schedule::feedback;
use lr_torch::{
    GroupSchedule, Key, OptimizerState, ParamGroup, ReadOptions, SchedulerState, TorchError,
    TorchFile, Value,
};
use serde_json::{Map, Value as Json, json};

use super::report::{LISTED, Report};
use crate::cli::Inspect;
use crate::document::Document;
use crate::failure::Failure;
use crate::library::Library;

pub fn report(options: &Inspect) -> Result<Report, Failure> {
    let origin = options.file.display().to_string();
    let wrong = |error: TorchError| failure(&origin, error);
    let file = TorchFile::open(&options.file).map_err(wrong)?;
    let beside = match &options.optimizer {
        Some(path) => Some(open(path)?),
        None => None,
    };

    let root = file.root();
    let parts = Parts::of(&root).map_err(wrong)?;
    let optimizer = parts.optimizer.as_ref();
    let optimizer = optimizer
        .map(OptimizerState::read)
        .transpose()
        .map_err(wrong)?;
    let given = match (&beside, &options.optimizer) {
        (Some(file), Some(path)) => {
            let wrong = |error: TorchError| failure(&path.display().to_string(), error);
            let root = file.root();
            let parts = Parts::of(&root).map_err(wrong)?;
            let state = parts.optimizer.unwrap_or(root);
            Some(OptimizerState::read(&state).map_err(wrong)?)
        }
        _ => None,
    };
    let scheduler = match &parts.scheduler {
        Some(state) => {
            let optimizer = given.as_ref().or(optimizer.as_ref());
            Some(scheduler(options, state, optimizer, &origin)?)
        }
        None => None,
    };

    let mut report = Report {
        text: String::new(),
        json: json!({"kind": "torch"}),
    };
    if let Some(scheduler) = &scheduler {
        write_scheduler(&mut report, scheduler).map_err(|error| Failure::input(&origin, error))?;
    }
    if let Some(optimizer) = &optimizer {
        write_optimizer(&mut report, optimizer).map_err(wrong)?;
    }
    write_others(&mut report, &parts.others);
    Ok(report)
}

fn open(path: &Path) -> Result<TorchFile, Failure> {
    TorchFile::open(path).map_err(|error| failure(&path.display().to_string(), error))
}

/// The error, with this program's options where it names the library's methods.
fn failure(origin: &str, error: TorchError) -> Failure {
    if let TorchError::Io { source: error, .. } = error {
        let origin = origin.to_string();
        return Failure::Read { origin, error };
    }
    let text = error.to_string();
    let problem = match text.split_once(": give the schedule that it makes") {
        Some((what, _)) => format!("{what}: give its config, with --config"),
        None => text
            .replace("`ReadOptions::with_optimizer`", "--optimizer")
            .replace("`ReadOptions::with_class`", "--class"),
    };
    Failure::input(origin, problem)
}

/// The states in a file, by their keys.
struct Parts<'a> {
    scheduler: Option<Value<'a>>,
    optimizer: Option<Value<'a>>,
    others: Vec<(String, Value<'a>)>,
}

impl<'a> Parts<'a> {
    fn of(root: &Value<'a>) -> Result<Self, TorchError> {
        let mut parts = Self {
            scheduler: None,
            optimizer: None,
            others: Vec::new(),
        };
        if parts.take(root)? {
            return Ok(parts);
        }
        if !root.is_dict() {
            parts.others.push(("the file".to_string(), root.clone()));
            return Ok(parts);
        }
        for (key, value) in root.entries()? {
            if !parts.take(&value)? {
                let key = match key {
                    Key::Text(text) => text.to_string(),
                    key => key.to_string(),
                };
                parts.others.push((key, value));
            }
        }
        Ok(parts)
    }

    /// Takes `value` for a scheduler's or an optimizer's state, if it is one, and the first.
    fn take(&mut self, value: &Value<'a>) -> Result<bool, TorchError> {
        if !value.is_dict() {
            return Ok(false);
        }
        let has = |key: &str| value.get(key).map(|value| value.is_some());
        if has("param_groups")? && self.optimizer.is_none() {
            self.optimizer = Some(value.clone());
            return Ok(true);
        }
        if has("last_epoch")? && self.scheduler.is_none() {
            self.scheduler = Some(value.clone());
            return Ok(true);
        }
        Ok(false)
    }
}

fn scheduler(
    options: &Inspect,
    state: &Value<'_>,
    optimizer: Option<&OptimizerState<'_>>,
    origin: &str,
) -> Result<SchedulerState, Failure> {
    let config = options.config.as_deref().map(Document::read).transpose()?;
    // The library gets an error without the file it is in.
    let wrong = RefCell::new(None);
    let mut read = ReadOptions::new();
    if let Some(optimizer) = optimizer {
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
            let spec = Library::spec(options.from, data.clone(), &facts);
            spec.inspect_err(|error| {
                wrong.replace(Some(Failure::schedule(&config.origin, error)));
            })
        });
    }
    let state = read.read(state);
    state.map_err(|error| wrong.take().unwrap_or_else(|| failure(origin, error)))
}

fn write_scheduler(report: &mut Report, state: &SchedulerState) -> Result<(), String> {
    let text = &mut report.text;
    let _ = writeln!(
        text,
        "scheduler: {}, next is step {}",
        state.class, state.position
    );
    let mut groups = Vec::new();
    for (index, group) in state.groups.iter().enumerate() {
        let json = group_json(group)?;
        let _ = writeln!(
            text,
            "  group {index}: rate {}, began with {}",
            group.rate, group.base_lr
        );
        let spec = |spec| serde_json::to_string(spec).map_err(|error| error.to_string());
        let _ = writeln!(text, "    schedule: {}", spec(&group.spec)?);
        if let Some(momentum) = &group.momentum {
            let _ = writeln!(text, "    momentum: {}", spec(momentum)?);
        }
        if !json["heard"].is_null() {
            let _ = writeln!(text, "    heard: {}", json["heard"]);
        }
        groups.push(json);
    }
    report.json["scheduler"] = json!({
        "class": state.class,
        "position": state.position,
        "groups": groups,
    });
    Ok(())
}

fn group_json(group: &GroupSchedule) -> Result<Json, String> {
    let spec = |spec| serde_json::to_value(spec).map_err(|error| error.to_string());
    let heard = group.heard.as_ref().map(|heard| {
        let numbers = heard.iter().map(|(name, value)| {
            let value = match value {
                feedback::Value::Count(count) => json!(count),
                feedback::Value::Number(number) => json!(number),
            };
            (name.to_string(), value)
        });
        numbers.collect::<Map<_, _>>()
    });
    Ok(json!({
        "rate": group.rate,
        "base_lr": group.base_lr,
        "schedule": spec(&group.spec)?,
        "momentum": group.momentum.as_ref().map(spec).transpose()?,
        "heard": heard,
    }))
}

fn write_optimizer(report: &mut Report, optimizer: &OptimizerState<'_>) -> Result<(), TorchError> {
    let parameters: usize = optimizer
        .groups
        .iter()
        .map(|group| group.params.len())
        .sum();
    let text = &mut report.text;
    let _ = writeln!(
        text,
        "optimizer: {}, {} with a state",
        counted(parameters, "parameter"),
        optimizer.state.len()
    );
    let mut groups = Vec::new();
    for (index, group) in optimizer.groups.iter().enumerate() {
        let options = options_of(group)?;
        let list = options
            .iter()
            .map(|(name, value)| format!("{name} {value}"));
        let list: Vec<String> = list.collect();
        let _ = writeln!(
            text,
            "  group {index}: {}; {}",
            counted(group.params.len(), "parameter"),
            list.join(", ")
        );
        let params = group.params.iter().map(|index| {
            let state = optimizer.state.get(index);
            let fields = state.into_iter().flat_map(|state| &state.fields);
            let fields = fields.map(|(name, value)| Ok((name.to_string(), described(value)?)));
            let fields: Map<_, _> = fields.collect::<Result<_, TorchError>>()?;
            Ok(json!({"index": index, "state": fields}))
        });
        let params = params.collect::<Result<Vec<Json>, TorchError>>()?;
        for param in params.iter().take(LISTED) {
            let fields = param["state"].as_object().into_iter().flatten();
            let fields = fields.map(|(name, value)| format!("{name} {}", plain(value)));
            let fields: Vec<String> = fields.collect();
            if !fields.is_empty() {
                let _ = writeln!(text, "    {}: {}", param["index"], fields.join(", "));
            }
        }
        if params.len() > LISTED {
            let _ = writeln!(text, "    and {} more", params.len() - LISTED);
        }
        let names = &group.names;
        groups.push(json!({"options": options, "names": names, "parameters": params}));
    }
    report.json["optimizer"] = json!({"groups": groups});
    Ok(())
}

/// The options of a group: numbers, flags, texts, and lists of numbers.
fn options_of(group: &ParamGroup<'_>) -> Result<Map<String, Json>, TorchError> {
    let options = group.options.iter();
    let options = options.map(|(name, value)| Ok((name.to_string(), described(value)?)));
    options.collect()
}

/// A number as such, a tensor by its shape, and anything else in words.
fn described(value: &Value<'_>) -> Result<Json, TorchError> {
    if value.is_none() {
        return Ok(Json::Null);
    }
    if value.is_tensor() {
        let tensor = value.tensor()?;
        return Ok(match (tensor.shape(), value.number()) {
            ([], Ok(number)) => json!(number),
            (shape, _) => json!(format!("{:?} {shape:?}", tensor.dtype()).to_lowercase()),
        });
    }
    if let Ok(flag) = value.bool() {
        return Ok(json!(flag));
    }
    if let Ok(integer) = value.integer() {
        return Ok(json!(integer));
    }
    if let Ok(number) = value.number() {
        return Ok(json!(number));
    }
    if let Ok(text) = value.text() {
        return Ok(json!(text));
    }
    let numbers = value.items().and_then(|items| {
        let numbers = items.iter().take(LISTED + 1).map(Value::number);
        numbers.collect::<Result<Vec<f64>, _>>()
    });
    Ok(match numbers {
        Ok(numbers) if numbers.len() <= LISTED => json!(numbers),
        _ => json!(value.describe()),
    })
}

fn write_others(report: &mut Report, others: &[(String, Value<'_>)]) {
    let described = others
        .iter()
        .map(|(key, value)| (key.clone(), json!(value.describe())));
    let described: Map<String, Json> = described.collect();
    for (key, value) in others.iter().take(LISTED) {
        let _ = writeln!(report.text, "{key}: {}", value.describe());
    }
    if others.len() > LISTED {
        let _ = writeln!(report.text, "and {} more", others.len() - LISTED);
    }
    report.json["others"] = Json::Object(described);
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

/// A text without quotes.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        value => value.to_string(),
    }
}

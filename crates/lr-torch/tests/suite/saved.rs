//! Files as programs save them: each entry of `tests/saved/expected.json` comes out as it says.

use std::path::{Path, PathBuf};

use lr_compat::transformers;
use lr_schedule::feedback::Feedback;
use lr_schedule::{Schedule, ScheduleError, Spec};
use lr_torch::{
    Dtype, GroupSchedule, OptimizerState, Part, PartKind, ReadOptions, Tensor, TorchFile,
    TrainingArguments, Value,
};
use serde_json::{Map, Value as Json, json};

type Fault = String;

pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/saved")
}

fn open(file: &str) -> Result<TorchFile, Fault> {
    let file = TorchFile::open(directory().join(file)).map_err(|error| error.to_string())?;
    file.check().map_err(|error| error.to_string())?;
    Ok(file)
}

fn entries() -> Vec<Json> {
    let text = std::fs::read_to_string(directory().join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_file_comes_out_as_it_is() {
    let (mut read, mut refused, mut wrong) = (0, 0, Vec::new());
    for entry in entries() {
        let file = entry["file"].as_str().unwrap();
        match (check(file, &entry), &entry["ok"]) {
            (Ok(()), _) => read += 1,
            (Err(_), Json::Bool(false)) => refused += 1,
            // What is no file of torch.save is named in the error.
            (Err(why), Json::Null) if why.starts_with("is no file of torch.save: it is") => {
                refused += 1;
            }
            (Err(why), _) if is_json(file) && why.ends_with("it is JSON") => refused += 1,
            (Err(why), _) => wrong.push(format!("{file}: {why}")),
        }
    }
    println!("saved: {read} read, {refused} refused");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(read + refused, 106);
}

fn is_json(file: &str) -> bool {
    file.ends_with(".json")
}

fn check(file: &str, entry: &Json) -> Result<(), Fault> {
    let opened = open(file)?;
    if entry["ok"] == false {
        panic!("{file} is read, and must be refused");
    }
    let expected = match entry["format"].as_str().unwrap() {
        "torch.save, legacy (before 1.6)" => "legacy",
        _ => "zip",
    };
    same("format", opened.format(), expected)?;
    let root = opened.root();
    let parts = root.parts().map_err(|error| error.to_string())?;
    for found in entry["found"].as_array().unwrap() {
        let at = found["at"].as_str().unwrap();
        check_part(&root, &parts, at, found).map_err(|why| format!("{at}: {why}"))?;
    }
    let kinds = |is: &str| {
        entry["found"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|found| found["is"] == is)
            .count()
    };
    let ours = |kind: PartKind| parts.iter().filter(|part| part.kind == kind).count();
    same("optimizers", ours(PartKind::Optimizer), kinds("optimizer"))?;
    let schedulers = kinds("scheduler") + kinds("a scheduler of MMEngine");
    same("schedulers", ours(PartKind::Scheduler), schedulers)?;
    for next in entry["next_rates"].as_array().into_iter().flatten() {
        let at = next["scheduler"].as_str().unwrap();
        if !file.starts_with("mmengine") {
            check_rates(file, &root, entry, next).map_err(|why| format!("{at}: {why}"))?;
        }
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, ours: T, expected: T) -> Result<(), Fault> {
    match ours == expected {
        true => Ok(()),
        false => Err(format!("{what}: {ours:?}, not {expected:?}")),
    }
}

fn check_part(root: &Value<'_>, parts: &[Part<'_>], at: &str, found: &Json) -> Result<(), Fault> {
    let value = root.at(at).map_err(|error| error.to_string())?;
    let kind = parts
        .iter()
        .find(|part| part.at == at)
        .map(|part| part.kind);
    let expect = |expected| same("kind", kind, Some(expected));
    match found["is"].as_str().unwrap() {
        "optimizer" => {
            expect(PartKind::Optimizer)?;
            let state = OptimizerState::read(&value).map_err(|error| error.to_string())?;
            let class = found["class"].as_str().unwrap();
            let classes = state.classes();
            let is_torchs = !class.contains('.') && class != "AdamW8bit";
            same(
                "classes",
                (classes.contains(&class), classes.is_empty()),
                (is_torchs, !is_torchs),
            )
            .map_err(|why| format!("{why}: {classes:?}"))?;
            for (group, expected) in state.groups.iter().zip(found["groups"].as_array().unwrap()) {
                let options = group
                    .options
                    .iter()
                    .map(|(name, value)| (name.to_string(), as_json(value)));
                same_json(
                    "options",
                    &Json::Object(options.collect()),
                    &expected["options"],
                )?;
                let params = expected["params"].as_array().unwrap();
                same("params", json!(group.params), json!(params))?;
            }
            same(
                "groups",
                state.groups.len(),
                found["groups"].as_array().unwrap().len(),
            )?;
            let states = state.state.iter().map(|(index, state)| {
                let fields = state
                    .fields
                    .iter()
                    .map(|(name, value)| (name.to_string(), as_json(value)));
                (index.to_string(), Json::Object(fields.collect()))
            });
            same_json("state", &Json::Object(states.collect()), &found["state"])
        }
        "scheduler" => {
            expect(PartKind::Scheduler)?;
            let get = |key| {
                value
                    .get(key)
                    .unwrap()
                    .map_or(Json::Null, |value| as_json(&value))
            };
            for (ours, theirs) in [
                ("last_epoch", "last_epoch"),
                ("_step_count", "step_count"),
                ("base_lrs", "base_lrs"),
                ("_last_lr", "last_lr"),
            ] {
                same_json(ours, &get(ours), &found[theirs])?;
            }
            let class =
                lr_torch::SchedulerState::class_of(&value).map_err(|error| error.to_string())?;
            let expected = found["class"].as_str().unwrap();
            same(
                "class",
                class,
                if expected == "MultiplicativeLR" {
                    "LambdaLR"
                } else {
                    expected
                },
            )
        }
        "weights" => {
            expect(PartKind::Weights)?;
            same_json("tensors", &as_json(&value), &found["tensors"])
        }
        "value" => {
            expect(PartKind::Value)?;
            same_json("value", &as_json(&value), &found["value"])
        }
        "a whole object" => same(
            "class",
            value.class(),
            found["class"].as_str().map(str::to_string),
        ),
        _ => expect(PartKind::Scheduler),
    }
}

/// A value as `expected.json` has it.
fn as_json(value: &Value<'_>) -> Json {
    if value.is_none() {
        return Json::Null;
    }
    if value.is_tensor() {
        let tensor = value.tensor().unwrap();
        return json!({"dtype": name(tensor.dtype()), "shape": tensor.shape(), "sum": sum(&tensor)});
    }
    if let Ok(flag) = value.bool() {
        return json!(flag);
    }
    if let Ok(number) = value.number() {
        return match number.is_finite() {
            true => json!(number),
            false => json!(number.to_string()),
        };
    }
    if let Ok(text) = value.text() {
        return json!(text);
    }
    if let Ok(items) = value.items() {
        return items.iter().map(as_json).collect();
    }
    match value.entries() {
        Ok(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| (key.to_string(), as_json(value)));
            Json::Object(entries.collect::<Map<_, _>>())
        }
        Err(_) => json!(value.describe()),
    }
}

fn name(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::F64 => "float64",
        Dtype::F32 => "float32",
        Dtype::I64 => "int64",
        Dtype::U8 => "uint8",
        Dtype::C64 => "complex64",
        Dtype::C128 => "complex128",
        other => panic!("{other:?}"),
    }
}

/// The sum of the elements; of complex ones, of each part.
fn sum(tensor: &Tensor<'_>) -> Json {
    let bytes = tensor.bytes().unwrap();
    let f32s = || {
        bytes
            .chunks_exact(4)
            .map(|four| f64::from(f32::from_le_bytes(four.try_into().unwrap())))
    };
    let f64s = || {
        bytes
            .chunks_exact(8)
            .map(|eight| f64::from_le_bytes(eight.try_into().unwrap()))
    };
    let parts = |numbers: Vec<f64>| -> Json {
        json!([0, 1].map(|part| numbers.iter().skip(part).step_by(2).sum::<f64>()))
    };
    match tensor.dtype() {
        Dtype::F32 => json!(f32s().sum::<f64>()),
        Dtype::F64 => json!(f64s().sum::<f64>()),
        Dtype::U8 => json!(bytes.iter().map(|byte| f64::from(*byte)).sum::<f64>()),
        Dtype::I64 => {
            json!(
                bytes
                    .chunks_exact(8)
                    .map(|eight| i64::from_le_bytes(eight.try_into().unwrap()) as f64)
                    .sum::<f64>()
            )
        }
        Dtype::C64 => parts(f32s().collect()),
        Dtype::C128 => parts(f64s().collect()),
        other => panic!("{other:?}"),
    }
}

/// Whether two are the same; sums, and rates of 32 bits, to a millionth.
fn same_json(what: &str, ours: &Json, expected: &Json) -> Result<(), Fault> {
    let fault = || Err(format!("{what}: {ours}, not {expected}"));
    match (ours, expected) {
        (Json::Object(a), Json::Object(b)) => {
            let scalar = ours.get("shape") == Some(&json!([])) && expected.get("shape").is_none();
            if scalar || a.len() != b.len() {
                return fault();
            }
            for (key, value) in b {
                same_json(&format!("{what}.{key}"), &ours[key], value)?;
            }
            Ok(())
        }
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b);
            pairs.try_for_each(|(a, b)| same_json(what, a, b))
        }
        // A number that is a tensor of one.
        (Json::Object(tensor), Json::Number(_)) => same_json(what, &tensor["sum"], expected),
        (Json::Number(a), Json::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            match (a - b).abs() <= 1e-6 * (1.0 + b.abs()) {
                true => Ok(()),
                false => fault(),
            }
        }
        _ if ours == expected => Ok(()),
        _ => fault(),
    }
}

/// The optimizer that belongs to a scheduler: the only one, or that whose name ends alike.
fn optimizer_at(entry: &Json, scheduler: &str) -> Option<String> {
    let found = entry["found"].as_array().unwrap();
    let optimizers: Vec<&str> = found
        .iter()
        .filter(|found| found["is"] == "optimizer")
        .map(|found| found["at"].as_str().unwrap())
        .collect();
    let last = scheduler.chars().last();
    match optimizers.as_slice() {
        [one] => Some(one.to_string()),
        several => several
            .iter()
            .find(|at| at.chars().last() == last)
            .map(|at| at.to_string()),
    }
}

fn check_rates(file: &str, root: &Value<'_>, entry: &Json, next: &Json) -> Result<(), Fault> {
    let at = next["scheduler"].as_str().unwrap();
    let state = root.at(at).unwrap();
    let other = match entry["with_optimizer"].as_str() {
        Some(other) => Some(open(other)?),
        None => None,
    };
    let optimizer = match &other {
        Some(other) => Some(other.root()),
        None => optimizer_at(entry, at).map(|at| root.at(&at).unwrap()),
    };
    let optimizer = optimizer.map(|state| OptimizerState::read(&state).unwrap());
    let read = |function: Option<&dyn Fn(f64) -> Result<Spec, ScheduleError>>| {
        let mut options = ReadOptions::new();
        if let Some(optimizer) = &optimizer {
            options = options.with_optimizer(optimizer);
        }
        if let Some(function) = function {
            options = options.with_schedule(function);
        }
        options.read(&state)
    };
    let folder = Path::new(file).parent().unwrap();
    let arguments = folder.join("training_args.bin");
    let read = match directory().join(&arguments).exists() && !file.contains("plateau") {
        true => {
            let arguments = open(arguments.to_str().unwrap())?;
            let arguments =
                TrainingArguments::read(&arguments.root()).map_err(|error| error.to_string())?;
            read(Some(&|base| arguments.schedule(base, None)))
        }
        false if next["per_group"].is_null() => {
            // A function that isn't in the file is asked for.
            let error = read(None).unwrap_err().to_string();
            return match error.contains("whose function is not in the file") {
                true => Ok(()),
                false => Err(error),
            };
        }
        false => read(None),
    };
    let read = read.map_err(|error| error.to_string())?;
    let tolerance = entry["tolerance"].as_f64().unwrap_or(1e-12);
    let every = next["steps_per_epoch"].as_u64().unwrap_or(1);
    let groups = next["per_group"].as_array().unwrap();
    same("groups", read.groups.len(), groups.len())?;
    for (group, expected) in read.groups.iter().zip(groups) {
        let expected: Vec<f64> = expected
            .as_array()
            .unwrap()
            .iter()
            .map(|rate| rate.as_f64().unwrap())
            .collect();
        let ours = match &group.heard {
            Some(_) => observed(group, read.position, next, expected.len())?,
            None => {
                let schedule = group.spec.build().map_err(|error| error.to_string())?;
                let mut rate = schedule.at(read.position);
                let mut rates = Vec::new();
                for step in 0..expected.len() as u64 {
                    if step > 0 && step % every == 0 {
                        rate = schedule.advance(read.position + step / every, rate);
                    }
                    rates.push(rate);
                }
                rates
            }
        };
        let largest = expected
            .iter()
            .fold(0f64, |most, rate| most.max(rate.abs()));
        for (step, (ours, expected)) in ours.iter().zip(&expected).enumerate() {
            let difference = (ours - expected).abs() / largest;
            if difference.is_nan() || difference > tolerance {
                return Err(format!(
                    "the rate {step} steps on is {ours}, not {expected}"
                ));
            }
        }
    }
    Ok(())
}

/// The rates of a rule that observes the metrics.
fn observed(
    group: &GroupSchedule,
    position: u64,
    next: &Json,
    count: usize,
) -> Result<Vec<f64>, Fault> {
    let (schedule, mut rule) = group.build_feedback().map_err(|error| error.to_string())?;
    let every = next["metric_after_every"].as_u64().unwrap_or(1);
    let first = next["metrics_at_step"][0][0].as_u64();
    let mut rates = Vec::new();
    let scheduled = schedule.at(position);
    for step in 0..count as u64 {
        rates.push(rule.rate(scheduled));
        let metric = match first {
            Some(_) => {
                // Step 60 is the file's, and a metric of step 65 comes after five more.
                let pairs = next["metrics_at_step"].as_array().unwrap();
                let pair = pairs
                    .iter()
                    .find(|pair| pair[0].as_u64() == Some(61 + step));
                pair.map(|pair| pair[1].as_f64().unwrap())
            }
            None if (step + 1) % every == 0 => next["metrics"]
                .get(((step + 1) / every - 1) as usize)
                .and_then(Json::as_f64),
            None => None,
        };
        if let Some(metric) = metric {
            rule.observe(metric, scheduled);
        }
    }
    Ok(rates)
}

#[test]
fn a_schedule_of_transformers_is_what_its_arguments_say() {
    let file = open("hf/linear/checkpoint-60/training_args.bin").unwrap();
    let arguments = TrainingArguments::read(&file.root()).unwrap();
    let config =
        r#"{"scheduler": "linear", "args": {"num_warmup_steps": 10, "num_training_steps": 200}}"#;
    let expected = transformers::parse(config, 0.1).unwrap();
    assert_eq!(arguments.schedule(0.1, Some(200)).unwrap(), expected);
}

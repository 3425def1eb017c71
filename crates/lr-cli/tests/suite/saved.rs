//! `lr inspect` of files as programs save them: what it shows of each is what
//! `crates/lr-torch/tests/saved/expected.json` says is there.

use std::path::{Path, PathBuf};

use crate::common::*;
use lr_schedule::{Schedule, Spec};
use serde_json::Value;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../lr-torch/tests/saved")
}

fn path(file: &str) -> String {
    directory().join(file).to_str().unwrap().to_string()
}

fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().unwrap(),
        value => value.as_f64().unwrap(),
    }
}

/// Whether two rates are the same, of which one may be of 32 bits.
fn close(a: &Value, b: &Value) -> bool {
    (a.is_null() && b.is_null()) || (number(a) - number(b)).abs() <= 1e-6 * number(b).abs()
}

fn at<'j>(list: &'j Value, at: &str) -> &'j Value {
    let mut list = list.as_array().unwrap().iter();
    list.find(|part| part["at"] == at)
        .unwrap_or_else(|| panic!("nothing at {at:?}"))
}

#[test]
fn every_file_is_shown_as_what_it_is() {
    let text = std::fs::read_to_string(directory().join("expected.json")).unwrap();
    let entries: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(entries.len(), 106);
    for entry in entries {
        let file = entry["file"].as_str().unwrap();
        println!("{file}");
        let json = lr(&["inspect", &path(file), "--json"]);
        if entry["ok"] == false {
            assert!(json.fails(1).starts_with(&path(file)), "{file}");
            continue;
        }
        if entry["ok"].is_null() && json.code == 1 {
            assert!(
                json.error.contains("is no file of torch.save: it is"),
                "{}",
                json.error
            );
            continue;
        }
        let json: Value = serde_json::from_str(&json.yes()).unwrap();
        let text = lr(&["inspect", &path(file)]).yes();
        for found in entry["found"].as_array().unwrap() {
            check(&json, &text, found, &entry["attributes"]);
        }
        for next in entry["next_rates"].as_array().into_iter().flatten() {
            check_rates(&json, &entry, next);
        }
    }
}

/// Checks that a part is shown, in JSON and as text.
fn check(json: &Value, text: &str, found: &Value, attributes: &Value) {
    let place = found["at"].as_str().unwrap();
    let line = |what: &str, then: &str| {
        let begin = match place {
            "" => format!("{what}: {then}"),
            place => format!("{what} at {place}: {then}"),
        };
        assert!(
            text.lines().any(|line| line.starts_with(&begin)),
            "{begin}\n{text}"
        );
    };
    match found["is"].as_str().unwrap() {
        "optimizer" => {
            let shown = at(&json["optimizers"], place);
            let class = found["class"].as_str().unwrap();
            match class.contains('.') || class == "AdamW8bit" {
                true => assert!(shown["class"].is_null()),
                false => assert!(
                    shown["class"]
                        .as_str()
                        .unwrap()
                        .split(" or ")
                        .any(|known| known == class)
                ),
            }
            line(
                "optimizer",
                shown["class"]
                    .as_str()
                    .unwrap_or("of no class of PyTorch's"),
            );
            let groups = shown["groups"].as_array().unwrap();
            assert_eq!(groups.len(), found["groups"].as_array().unwrap().len());
            let mut states = 0;
            for ((group, expected), lr) in groups
                .iter()
                .zip(found["groups"].as_array().unwrap())
                .zip(found["lr"].as_array().unwrap())
            {
                assert!(close(&group["options"]["lr"], lr), "{group}");
                let options = group["options"].as_object().unwrap();
                assert!(
                    options
                        .keys()
                        .eq(expected["options"].as_object().unwrap().keys())
                );
                for parameter in group["parameters"].as_array().unwrap() {
                    let index = parameter["index"].to_string();
                    let state = found["state"].get(&index).and_then(Value::as_object);
                    let shown = parameter["state"].as_object().unwrap();
                    assert!(shown.keys().eq(state.iter().flat_map(|state| state.keys())));
                    states += usize::from(!shown.is_empty());
                    for (name, value) in state.into_iter().flatten() {
                        let shape = value["shape"].as_array();
                        if let Some(shape) = shape.filter(|shape| !shape.is_empty()) {
                            let shape = Value::from(shape.clone()).to_string().replace(',', ", ");
                            assert!(
                                shown[name].as_str().unwrap().ends_with(&shape),
                                "{name}: {shown:?}"
                            );
                        }
                    }
                }
            }
            assert_eq!(found["parameters_with_state"], states);
        }
        "scheduler" => {
            let shown = at(&json["schedulers"], place);
            let class = found["class"].as_str().unwrap();
            assert!(
                shown["class"]
                    .as_str()
                    .unwrap()
                    .split(" or ")
                    .any(|known| known == class)
            );
            line("scheduler", shown["class"].as_str().unwrap());
            if !found["last_epoch"].is_null() {
                assert_eq!(shown["position"], found["last_epoch"]);
            }
            for key in ["base_lrs", "last_lr"] {
                let (ours, theirs) = (shown[key].as_array(), found[key].as_array());
                assert_eq!(ours.is_some(), theirs.is_some(), "{key}");
                let mut pairs = ours.into_iter().flatten().zip(theirs.into_iter().flatten());
                assert!(
                    pairs.all(|(a, b)| close(a, b)),
                    "{key}: {ours:?}, not {theirs:?}"
                );
            }
            for key in found["state"].as_object().unwrap().keys() {
                assert!(shown["state"].get(key).is_some(), "{key}");
            }
            if class == "ReduceLROnPlateau" {
                // Its past is not in the file.
                assert!(!text.contains("began with"), "{text}");
                let groups = shown["groups"].as_array().unwrap();
                assert!(groups.iter().all(|group| group["base_lr"].is_null()));
            }
        }
        "a scheduler of MMEngine" => {
            let shown = at(&json["schedulers"], place);
            assert_eq!(shown["class"], found["class"]);
            assert_eq!(shown["position"], found["state"]["last_step"]);
            line("scheduler", found["class"].as_str().unwrap());
            for said in ["is a scheduler of MMEngine's", "by `lr convert`"] {
                assert!(text.contains(said), "{text}");
            }
        }
        "weights" => {
            let shown = at(&json["weights"], place);
            let tensors = shown["tensors"].as_object().unwrap();
            let expected = found["tensors"].as_object().unwrap();
            assert!(tensors.keys().eq(expected.keys()));
            let sizes = expected.values().map(|tensor| {
                let shape = tensor["shape"].as_array().unwrap();
                shape
                    .iter()
                    .map(|size| size.as_u64().unwrap())
                    .product::<u64>()
            });
            assert_eq!(shown["elements"], sizes.sum::<u64>());
            line("weights", &format!("{} tensor", tensors.len()));
        }
        "value" => {
            assert_eq!(json["values"][place], found["value"]);
        }
        "a whole object" => {
            // transformers' arguments, whose attributes are shown.
            for (name, value) in attributes.as_object().unwrap() {
                assert_eq!(json["arguments"][name], *value, "{name}");
            }
            assert!(text.starts_with("arguments: "), "{text}");
        }
        other => panic!("{other}"),
    }
}

/// Checks that the schedules that are shown give the rates, or that it is said why there is none.
fn check_rates(json: &Value, entry: &Value, next: &Value) {
    let place = next["scheduler"].as_str().unwrap();
    if place == "param_schedulers" {
        return;
    }
    let shown = at(&json["schedulers"], place);
    let position = shown["position"].as_u64().unwrap();
    let groups = shown["groups"].as_array().unwrap();
    if groups.is_empty() {
        // Without the optimizer, or the function.
        let problem = shown["problem"].as_str().unwrap();
        assert!(
            problem.contains("with --optimizer") || problem.contains("with --config"),
            "{problem}"
        );
        return;
    }
    let every = next["steps_per_epoch"].as_u64().unwrap_or(1);
    if place.starts_with("lr_schedulers") && next["metrics"].is_null() && every > 1 {
        assert_eq!(shown["steps_per_epoch"], every);
    }
    let tolerance = entry["tolerance"].as_f64().unwrap_or(1e-12);
    for (group, rates) in groups.iter().zip(next["per_group"].as_array().unwrap()) {
        let spec: Spec = serde_json::from_value(group["schedule"].clone()).unwrap();
        if matches!(spec, Spec::Feedback { .. }) {
            assert!(close(&group["rate"], &rates[0]));
            continue;
        }
        let schedule = spec.build().unwrap();
        let rates: Vec<f64> = rates.as_array().unwrap().iter().map(number).collect();
        let largest = rates.iter().copied().fold(0.0, f64::max);
        let mut rate = schedule.at(position);
        for (step, expected) in rates.into_iter().enumerate() {
            if step > 0 && (step as u64).is_multiple_of(every) {
                rate = schedule.advance(position + step as u64 / every, rate);
            }
            assert!(
                (rate - expected).abs() <= tolerance * largest,
                "{step}: {rate}, not {expected}"
            );
        }
    }
}

/// A folder of transformers' `Trainer` needs no config.
#[test]
fn a_folder_gives_the_schedule_and_the_position() {
    let text = std::fs::read_to_string(directory().join("expected.json")).unwrap();
    let entries: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut folders = 0;
    for entry in &entries {
        let file = entry["file"].as_str().unwrap();
        let Some(folder) = file
            .strip_suffix("/scheduler.pt")
            .or(file.strip_suffix("/scheduler.bin"))
        else {
            continue;
        };
        let Some(next) = entry["next_rates"].get(0) else {
            continue;
        };
        if !file.starts_with("hf") && !file.starts_with("accelerate") {
            continue;
        }
        let mut next = next.clone();
        let name = file.rsplit('/').next().unwrap();
        next["scheduler"] = Value::from(name);
        let json = lr(&["inspect", &path(folder), "--json"]).json();
        let shown = at(&json["schedulers"], name);
        assert!(shown["problem"].is_null(), "{shown}");
        check_rates(&json, entry, &next);
        folders += 1;
    }
    assert_eq!(folders, 8);

    let out = lr(&["inspect", &path("hf/linear/checkpoint-60")]).yes();
    for line in [
        "transformers' Trainer: step 60 of 115, epoch 20.0",
        "scheduler at scheduler.pt: LambdaLR, next is step 60",
        "  group 0: rate 0.00015714285714285713, began with 0.0003",
        "optimizer at optimizer.pt: AdamW, 6 parameters, 6 with a state",
    ] {
        assert!(out.lines().any(|found| found == line), "{line}: {out}");
    }
}

#[test]
fn one_of_several_is_asked_for() {
    let file = path("lightning/two-optimizers.ckpt");
    let out = lr(&["inspect", &file, "--at", "lr_schedulers.1"]).yes();
    assert!(
        out.starts_with("scheduler at lr_schedulers.1: StepLR, next is step 15; its optimizer is optimizer_states.1\n"),
        "{out}"
    );
    assert_eq!(out.matches(" at ").count(), 1);
    let out = lr(&["inspect", &file, "--at", "state_dict.net.first.weight"]).yes();
    assert_eq!(out, "state_dict.net.first.weight: f32 [3, 4]\n");
    let line = lr(&["inspect", &file, "--at", "optimizer_states.2"]).fails(1);
    let expected = "--at optimizer_states.2: is not there; there are state_dict, optimizer_states.0, \
                    optimizer_states.1, lr_schedulers.0, lr_schedulers.1";
    assert_eq!(line, format!("{file}: {expected}"));
    let line = lr(&["inspect", &file, "--class", "StepLR"]).fails(2);
    assert_eq!(
        line,
        "there are several schedulers: choose one with --at: lr_schedulers.0, lr_schedulers.1"
    );
    let optimizer = path("plateau/never-stepped-optimizer.bin");
    let scheduler = path("plateau/never-stepped-scheduler.bin");
    let out = lr(&["inspect", &scheduler, "--optimizer", &optimizer]).yes();
    assert!(out.contains("\n    heard: "), "{out}");
}

#[test]
fn a_file_of_a_folder_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let copy =
        |name: &str, from: &str| std::fs::copy(path(from), folder.path().join(name)).unwrap();
    let line = lr(&["inspect", folder.path().to_str().unwrap()]).fails(1);
    assert!(
        line.contains("has no files of the names scheduler.pt, optimizer.pt"),
        "{line}"
    );
    copy("optimizer.pt", "broken/lfs-pointer.pt");
    let line = lr(&["inspect", folder.path().to_str().unwrap()]).fails(1);
    assert!(line.ends_with("run `git lfs pull`"), "{line}");
    copy("scheduler.pt", "accelerate/step_40/scheduler.bin");
    let out = lr(&["inspect", folder.path().to_str().unwrap()]).yes();
    assert!(
        out.starts_with("optimizer.pt: is no file of torch.save: it is git-LFS's pointer"),
        "{out}"
    );
    assert!(
        out.contains("\nscheduler at scheduler.pt: CosineAnnealingLR, next is step 20\n"),
        "{out}"
    );
}

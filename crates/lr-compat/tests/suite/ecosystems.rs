//! Config files of every ecosystem, against the rates that it gives: see `configs/README.md`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lr_compat::ecosystems::{self, ECOSYSTEMS, Facts};
use lr_schedule::spec::{Data, Format};
use lr_schedule::{Schedule, ScheduleError, Spec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::Deserialize;

#[derive(Deserialize)]
struct Entry {
    given: Given,
    tolerance: Option<f64>,
    rates: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    base_lr: Option<f64>,
    total_steps: Option<u64>,
    epochs: Option<u64>,
    steps_per_epoch: Option<u64>,
    batches_per_epoch: Option<u64>,
    samples: Option<u64>,
    processes: Option<u64>,
    samples_per_step: Option<u64>,
    tokens_per_step: Option<u64>,
    group: Option<String>,
}

impl Given {
    fn facts(&self) -> Facts {
        Facts {
            base_lr: self.base_lr,
            total_steps: self.total_steps,
            epochs: self.epochs,
            steps_per_epoch: self.steps_per_epoch,
            batches_per_epoch: self.batches_per_epoch,
            samples: self.samples,
            processes: self.processes,
            samples_per_step: self.samples_per_step,
            tokens_per_step: self.tokens_per_step,
            group: self.group.clone(),
            ..Facts::default()
        }
    }
}

fn folders() -> Vec<PathBuf> {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let entries = fs::read_dir(configs)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn data(path: &Path) -> Data {
    let text = fs::read_to_string(path).unwrap();
    Format::of_file(path, &text)
        .read(&text)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The first step at which a spec doesn't give the rates.
fn difference(spec: Result<Spec, ScheduleError>, entry: &Entry) -> Option<String> {
    let schedule = match spec.and_then(|spec| spec.build()) {
        Ok(schedule) => schedule,
        Err(error) => return Some(error.to_string()),
    };
    let largest = entry
        .rates
        .iter()
        .fold(0.0f64, |max, rate| max.max(rate.abs()));
    let tolerance = entry.tolerance.unwrap_or(1e-12) * largest;
    let mut ours = f64::NAN;
    (0u64..).zip(&entry.rates).find_map(|(step, rate)| {
        ours = schedule.advance(step, ours);
        let same = (ours - rate).abs() <= tolerance;
        (!same).then(|| format!("step {step} has {ours}, not {rate}"))
    })
}

#[test]
fn every_config_has_the_rates_of_its_ecosystem() {
    let (mut count, mut wrong) = (0, Vec::new());
    for folder in folders() {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let named = ecosystems::named(name).unwrap_or_else(|| panic!("nothing is called {name}"));
        let text = fs::read_to_string(folder.join("rates.json")).unwrap();
        let entries: BTreeMap<String, Entry> = serde_json::from_str(&text).unwrap();
        for (file, entry) in entries {
            count += 1;
            let data = data(&folder.join(&file));
            let facts = entry.given.facts();
            let known = ECOSYSTEMS
                .iter()
                .filter(|ecosystem| (ecosystem.recognises)(&data));
            let known: Vec<&str> = known.map(|ecosystem| ecosystem.names[0]).collect();
            if known != [named.names[0]] {
                wrong.push(format!("{name}/{file}: is recognised as {known:?}"));
            }
            if let Some(why) = difference((named.read)(data, &facts), &entry) {
                wrong.push(format!("{name}/{file}: {why}"));
            }
        }
    }
    println!("ecosystems: {} of {count} configs", count - wrong.len());
    assert!(count > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Facts that leave nothing to ask for.
fn all_facts() -> Facts {
    Facts {
        base_lr: Some(0.1),
        total_steps: Some(100),
        epochs: Some(10),
        steps_per_epoch: Some(10),
        batches_per_epoch: Some(10),
        samples: Some(80),
        samples_per_step: Some(8),
        tokens_per_step: Some(1024),
        ..Facts::default()
    }
}

/// The texts of all configs that come with the crate.
fn texts() -> Vec<String> {
    let files = folders()
        .into_iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = files.map(|entry| entry.unwrap().path());
    let configs = paths.filter(|path| !path.ends_with("rates.json"));
    configs
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// Values and pieces of texts that a parser may trip over.
const PIECES: &[&str] = &[
    "0",
    "1",
    "-1",
    "0.5",
    "1e308",
    "-1e308",
    "1e-308",
    "18446744073709551615",
    "1e999",
    ".nan",
    "-.inf",
    "null",
    "~",
    "true",
    "\"\"",
    "'",
    "[]",
    "{}",
    "[0]",
    "[-1, 5]",
    "{a: 1}",
    "auto",
    "cosine",
    "1-sqrt",
    "${lr}",
    "&a ",
    "*a",
    "&a [*a, *a]",
    "<<: *a",
    "!!binary ",
    "!!python/tuple [1]",
    "|",
    ">-",
    "- ",
    ": ",
    "? ",
    "#",
    "---",
    "...",
    "%YAML 1.2",
    "\t",
    "\n",
    "\r\n",
    "\u{feff}",
    "\u{0}",
    "  ",
    "\n  - ",
    "\n- ",
    "--lr 1",
    "1_000",
    "0x10",
    "0o17",
    "10ep",
    "0.1dur",
    "(60, 80)",
    "[[[[[[[[[[[[[[[[",
    "{{{{{{{{",
    "9223372036854775807",
    "1.5",
];

/// Reads a text in a format, and whatever is read as a file of every ecosystem.
fn never_panics(format: Format, text: &str) -> Result<(), TestCaseError> {
    let Ok(data) = format.read(text) else {
        return Ok(());
    };
    for facts in [Facts::default(), all_facts()] {
        let specs = ECOSYSTEMS
            .iter()
            .map(|ecosystem| (ecosystem.read)(data.clone(), &facts));
        for spec in specs
            .chain([ecosystems::read(data.clone(), &facts)])
            .flatten()
        {
            let schedule = match &spec {
                Spec::Feedback { .. } => spec.build_feedback().map(|(schedule, _)| schedule),
                spec => spec.build(),
            };
            let Ok(schedule) = schedule else { continue };
            for step in [0, 1, 2, 10, 99, 100, 1_000, 123_456_789] {
                if spec.recurs() && step > 1_000 {
                    continue;
                }
                let rate = schedule.at(step);
                prop_assert!(rate.is_finite(), "{rate} at {step} of {spec:?} of {text}");
            }
        }
    }
    Ok(())
}

proptest! {
    // `PROPTEST_CASES=100000 cargo test --release -p lr-compat mutations` goes through more.
    #![proptest_config(ProptestConfig::default())]

    #[test]
    fn mutations_of_configs_never_panic(
        text in select(texts()),
        pieces in proptest::collection::vec((any::<Index>(), any::<Index>(), select(PIECES)), 1..5),
        cut in proptest::option::weighted(0.2, any::<Index>()),
        other in proptest::option::weighted(0.2, select(texts())),
    ) {
        let mut text = text;
        for (at, length, piece) in pieces {
            let mut places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            places.push(text.len());
            // A value of a line, or any place.
            let values: Vec<usize> = text.match_indices(": ").map(|(at, _)| at + 2).collect();
            let (begin, end) = match values.is_empty() || length.index(3) == 0 {
                true => {
                    let begin = at.index(places.len());
                    let end = (begin + length.index(12)).min(places.len() - 1);
                    (places[begin], places[end])
                }
                false => {
                    let begin = values[at.index(values.len())];
                    let end = text[begin..].find(['\n', ',']).map_or(text.len(), |end| begin + end);
                    (begin, end)
                }
            };
            text.replace_range(begin..end, piece);
        }
        if let Some(cut) = cut {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            text.truncate(if places.is_empty() { 0 } else { places[cut.index(places.len())] });
        }
        text.extend(other);
        for format in [Format::of(&text), Format::Yaml, Format::Json, Format::Arguments] {
            never_panics(format, &text)?;
        }
    }
}

/// Texts that are small and would become large, or deep.
#[test]
fn what_multiplies_is_an_error_in_little_memory() {
    let wrong = |format: Format, text: &str, why: &str| {
        let error = format.read(text).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    };
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_string();
    for level in 1..20 {
        let before = format!("*a{}", level - 1);
        let items = [before.as_str(); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{items}]\n");
    }
    wrong(Format::Yaml, &bomb, "at most 100000 values");
    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(100_000),
        ["*a"; 5_000].join(", ")
    );
    wrong(Format::Yaml, &long, "");
    wrong(Format::Yaml, "a: &a [*a]\n", "");
    for open in ["[", "{a: ", "- ", "? "] {
        assert!(Format::Yaml.read(&open.repeat(100_000)).is_err());
    }
    wrong(Format::Json, &"[".repeat(100_000), "");
    wrong(Format::Toml, &format!("a = {}", "[".repeat(100_000)), "");
    wrong(
        Format::Arguments,
        &"--a ".repeat(100_001),
        "at most 100000 words",
    );
    wrong(Format::Yaml, "a: 1\na: 2\n", "a");
}

#[test]
fn a_mistake_in_the_schedule_has_its_place_and_the_rest_of_a_file_is_left_alone() {
    let facts = Facts {
        steps_per_epoch: Some(10),
        ..Facts::default()
    };
    let cases = [
        (
            r#"{"other": 1, "param_scheduler": [{"type": "StepLR", "step_size": 2, "gama": 0.5}],
                "optim_wrapper": {"clip_grad": 1, "optimizer": {"type": "SGD", "lr": 0.1}}}"#,
            "param_scheduler.gama: is no known argument; did you mean `gamma`?",
        ),
        (
            r#"{"SOLVER": {"IMS_PER_BATCH": 4, "WARMUP_ITRES": 10}}"#,
            "SOLVER.WARMUP_ITRES: is no known argument; did you mean `WARMUP_ITERS`?",
        ),
        (
            r#"{"SOLVER": {"STEPS": "(60, eighty)"}}"#,
            "SOLVER.STEPS: must be steps, as in (60000, 80000), got \"(60, eighty)\"",
        ),
        (
            r#"{"model": {"optim": {"lr": 1, "sched": {"name": "WarmupPolicy", "warmup_step": 3}}},
                "trainer": {"max_steps": 10, "devices": 2}}"#,
            "model.optim.sched.warmup_step: is no known argument; did you mean `warmup_steps`?",
        ),
        (
            r#"{"max_duration": "10ba", "optimizer": {"lr": 0.1},
                "scheduler": {"name": "cosine_with_warmup", "t_warmup": "3 hours"}}"#,
            "scheduler.t_warmup: must be a time, as in 10ep, 100ba, 800sp, 4096tok or 0.1dur, got \"3 hours\"",
        ),
        (
            r#"{"optimizer": {"lr": 0.1, "eps": 1}, "lr_scheduler": {"warmup_step": 3}, "training": {"steps": 9}}"#,
            "lr_scheduler.warmup_step: is no known argument; did you mean `warmup_steps`?",
        ),
        (
            r#"{"lr": 0.1, "num_layers": 2, "lr_decay_styl": "cosine", "train_iters": 10}"#,
            "lr_decay_styl: is no known argument; did you mean `lr_decay_style`?",
        ),
        (
            r#"{"lr": [0.1, 0.2], "lr_scheduler": "inverse_sqrt", "max_update": 10}"#,
            "optimization.lr: must be one; `fixed` takes more, got 2 rates",
        ),
        (
            r#"{"Optimizer": {"lr": {"name": "StepDecay", "learning_rate": 0.1, "step_size": 0}}}"#,
            "Optimizer.lr.step_size: must be at least 1, got 0",
        ),
    ];
    for (text, message) in cases {
        let data = Format::Json.read(text).unwrap();
        let error = ecosystems::read(data, &facts).unwrap_err();
        assert_eq!(error.to_string(), message, "{text}");
    }
}

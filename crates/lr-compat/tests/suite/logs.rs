//! Logs of trainings: `tests/logs` has some that are right, and some with known mistakes.

use std::path::{Path, PathBuf};

use lr_compat::log::{Audit, Log, audit, fit};
use lr_compat::{torch, transformers};
use lr_schedule::{Schedule, Spec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
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

#[test]
fn a_schedule_that_is_named_for_a_right_run_gives_its_rates() {
    let mut named = Vec::new();
    for (directory, answer) in runs() {
        let own = answer["row_has_the_rate_of"] == "its own step";
        if answer["kind"] != "right" || !own {
            continue;
        }
        let name = answer["file"].as_str().unwrap();
        let fit = fit(&Log::open(&directory.join(name), None).unwrap()).unwrap();
        let Some(fitted) = fit.spec else {
            println!("{}: {}", directory.display(), fit.words);
            continue;
        };
        let (fitted, right) = (fitted.build().unwrap(), spec(&answer).build().unwrap());
        let total = answer["total_steps"].as_u64().unwrap();
        let largest = (0..total).map(|step| right.at(step)).fold(0.0, f64::max);
        for step in 0..total {
            let off = (fitted.at(step) - right.at(step)).abs();
            let allowed = if fit.words.contains("32 bits") {
                1e-7
            } else {
                1e-9
            };
            assert!(off <= allowed * largest, "{}: {step}", directory.display());
        }
        let directory = directory.file_name().unwrap();
        named.push(directory.to_string_lossy().into_owned());
    }
    for (log, is_named) in [
        ("right-no-row-of-step-0-tensorboard", true),
        ("right-overlap-csv", true),
        ("right-rounded-overlap-jsonl", false),
        ("right-warmup-of-one-row-csv", false),
    ] {
        assert_eq!(named.iter().any(|named| named == log), is_named, "{log}");
    }
}

#[test]
fn rows_without_a_step_may_begin_at_step_0() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log.csv");
    let config = r#"{"scheduler": "CosineAnnealingLR", "args": {"T_max": 180}}"#;
    let schedule = torch::parse(config, 0.05).unwrap().build().unwrap();
    for (first, counted_from_1) in [(0, false), (9, true)] {
        let rates = (first..180).step_by(10).map(|step| schedule.at(step));
        let rates: String = rates.map(|rate| format!("{rate},1.5\n")).collect();
        std::fs::write(&path, format!("lr,loss\n{rates}")).unwrap();
        let audit = audit(&Log::open(&path, None).unwrap(), &schedule, None).unwrap();
        assert_eq!((audit.wrong, audit.every), (0, 10));
        assert_eq!(
            (audit.steps.0, audit.counted_from_1),
            (first, counted_from_1)
        );
    }
}

#[test]
fn another_total_is_named_where_the_length_is_another() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log.csv");
    let wsd_s = |decay: u64| json!({"wsd_s": {"peak": 0.1, "warmup": 10, "ends": [50, 100], "decay": decay, "min_lr": 0.0}});
    let halved = |decay: u64| {
        let wsd = json!({"warmup_stable_decay": {"peak": 0.1, "warmup": 10, "stable": 50, "decay": decay}});
        json!({"product": [wsd, {"constant": {"rate": 0.5}}]})
    };
    // The seed is no length, though it is the same number.
    let noisy = |steps: u64| {
        let cosine = json!({"cosine": {"start": 0.1, "end": 0.0, "steps": steps}});
        json!({"noise": {"of": cosine, "seed": 90, "limit": 0.1}})
    };
    for (told, was, kind) in [
        (wsd_s(20), wsd_s(40), "another-schedule"),
        (halved(40), halved(60), "wrong-total"),
        (noisy(90), noisy(180), "wrong-total"),
    ] {
        let [told, was] = [told, was].map(|spec| {
            let spec: Spec = serde_json::from_value(spec).unwrap();
            spec.build().unwrap()
        });
        let rows: String = (0..120)
            .map(|step| format!("{step},{}\n", was.at(step)))
            .collect();
        std::fs::write(&path, format!("step,lr\n{rows}")).unwrap();
        let audit = audit(&Log::open(&path, None).unwrap(), &told, None).unwrap();
        assert_eq!(audit.mistakes[0].kind.name(), kind);
    }
}

#[test]
fn single_steps_are_named_in_a_long_log_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log.csv");
    let config = r#"{"scheduler": "CosineAnnealingLR", "args": {"T_max": 60000}}"#;
    let schedule = torch::parse(config, 0.05).unwrap().build().unwrap();
    let wrong = [7, 20_001, 33_333, 49_999];
    let rows = (0..60_000).map(|step| match wrong.contains(&step) {
        true => format!("{step},0.75\n"),
        false => format!("{step},{}\n", schedule.at(step)),
    });
    std::fs::write(&path, format!("step,lr\n{}", rows.collect::<String>())).unwrap();
    let audit = audit(&Log::open(&path, None).unwrap(), &schedule, None).unwrap();
    assert_eq!(audit.mistakes[0].kind.name(), "single-step");
    assert_eq!(audit.wrong, 4);
}

#[test]
fn a_list_within_a_list_is_no_rate() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log.jsonl");
    let rows = "{\"step\":0,\"lr\":0.1}\n{\"step\":1,\"lr\":[[0,0.1],[1,0.2]]}\n";
    std::fs::write(&path, rows).unwrap();
    let schedule = torch::parse(
        r#"{"scheduler": "ConstantLR", "args": {"factor": 1.0}}"#,
        0.1,
    );
    let schedule = schedule.unwrap().build().unwrap();
    let audit = audit(&Log::open(&path, None).unwrap(), &schedule, None).unwrap();
    assert_eq!((audit.rows, audit.wrong), (1, 0));
}

#[test]
fn the_first_row_of_burn_train_is_step_0() {
    let directory = tempfile::tempdir().unwrap();
    let config = r#"{"scheduler": "StepLR", "args": {"step_size": 30, "gamma": 0.5}}"#;
    let schedule = torch::parse(config, 0.1).unwrap().build().unwrap();
    let write = |of: &dyn Fn(u64) -> f64| {
        for epoch in 0..4 {
            let path = directory.path().join(format!("train/epoch-{}", epoch + 1));
            std::fs::create_dir_all(&path).unwrap();
            let rates = (epoch * 25..(epoch + 1) * 25).map(|step| format!("{},1\n", of(step)));
            std::fs::write(path.join("Learning_Rate.log"), rates.collect::<String>()).unwrap();
        }
        Log::open(directory.path(), None).unwrap()
    };
    let log = write(&|step| schedule.at(step));
    let right = audit(&log, &schedule, None).unwrap();
    assert_eq!((right.wrong, right.steps), (0, (0, 99)));
    assert!(!right.counted_from_1 && !right.after_step);
    let fitted = fit(&log).unwrap().spec.unwrap().build().unwrap();
    assert!((0..100).all(|step| fitted.at(step) == schedule.at(step)));
    // Held from step 45 on: 30 steps behind, or another step_size, would give it too.
    let log = write(&|step| schedule.at(step.min(45)));
    let held = audit(&log, &schedule, None).unwrap();
    assert_eq!(held.first.unwrap().step, 60);
    assert_eq!(held.mistakes[0].kind.name(), "held");
}

/// The tables of what other libraries really did: each case's rates, and how exact they are.
fn tables() -> Vec<(String, Vec<f64>)> {
    let tables = Path::new(env!("CARGO_MANIFEST_DIR")).join("tables");
    let paths = std::fs::read_dir(tables)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let mut cases = Vec::new();
    for path in paths {
        let table = read(&path);
        for case in table["cases"].as_array().unwrap() {
            let rates = case["lr"].as_array().unwrap();
            let rates = rates.iter().map(|rate| rate.as_f64().unwrap()).collect();
            let name = format!(
                "{} {}",
                case["id"].as_str().unwrap(),
                case["scheduler"].as_str().unwrap()
            );
            cases.push((name, rates));
        }
    }
    cases
}

#[test]
fn a_schedule_that_is_named_gives_the_rates_of_its_table() {
    let directory = tempfile::tempdir().unwrap();
    let (mut named, mut wrong) = (0, Vec::new());
    let tables = tables();
    for (name, rates) in &tables {
        let path = directory.path().join("log.csv");
        let rows: String = rates
            .iter()
            .enumerate()
            .map(|(n, rate)| format!("{n},{rate}\n"))
            .collect();
        std::fs::write(&path, format!("step,lr\n{rows}")).unwrap();
        let fit = fit(&Log::open(&path, None).unwrap()).unwrap();
        let Some(spec) = fit.spec else {
            println!("{name}: {}", fit.words);
            continue;
        };
        named += 1;
        let schedule = spec.build().unwrap();
        let largest = rates
            .iter()
            .fold(0.0f64, |largest, rate| largest.max(rate.abs()));
        let off = |(n, rate): (usize, &f64)| (schedule.at(n as u64) - rate).abs() > 1e-9 * largest;
        if rates.iter().enumerate().any(off) {
            wrong.push(format!("{name}: {spec:?}"));
        }
    }
    println!("named {named} of {}", tables.len());
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(named * 2 > tables.len(), "{named} of {}", tables.len());
}

/// A log of each kind, whole.
fn samples() -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = runs()
        .iter()
        .map(|(directory, answer)| {
            let name = answer["file"].as_str().unwrap();
            (
                name.to_string(),
                std::fs::read(directory.join(name)).unwrap(),
            )
        })
        .collect();
    all.sort_by_key(|(name, bytes)| (name.clone(), bytes.len()));
    all.dedup_by_key(|(name, _)| name.clone());
    assert!(all.len() >= 5, "{}", all.len());
    all
}

/// The records of an event file with the checksums of what is in them now, so that a change gets past these.
fn with_checksums(bytes: &mut [u8]) {
    let masked = |bytes: &[u8]| {
        crc32c::crc32c(bytes)
            .rotate_right(15)
            .wrapping_add(0xa282_ead8)
    };
    let mut at = 0;
    while at + 12 <= bytes.len() {
        let length = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        let sum = masked(&bytes[at..at + 8]);
        bytes[at + 8..at + 12].copy_from_slice(&sum.to_le_bytes());
        let data = at + 12;
        let Some(end) = usize::try_from(length)
            .ok()
            .and_then(|length| data.checked_add(length))
        else {
            return;
        };
        if end.checked_add(4).is_none_or(|next| next > bytes.len()) {
            return;
        }
        let sum = masked(&bytes[data..end]);
        bytes[end..end + 4].copy_from_slice(&sum.to_le_bytes());
        at = end + 4;
    }
}

const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"'",
    b",",
    b":",
    b"\n",
    b"\\",
    b"NaN",
    b"-Infinity",
    b"null",
    b"1e999",
    b"-1",
    b"18446744073709551615",
    b"1e300",
    b"\xff\xfe",
    b"\0\0\0\0\0\0\0\0",
    b"{\"lr\":",
    b"\"step\": 3",
    b"\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"0.1,1\n",
];

/// The number of cases that are tried: `LR_LOG_CASES=100000`. Default: 2,000.
fn count() -> u32 {
    let given = std::env::var("LR_LOG_CASES").ok();
    given.and_then(|count| count.parse().ok()).unwrap_or(2_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(count()))]

    #[test]
    fn logs_that_were_changed_never_panic(
        sample in select(samples()),
        changes in proptest::collection::vec(
            (any::<Index>(), select(PIECES), 0..3usize, 1..200usize), 1..5
        ),
        cut in proptest::option::of(any::<Index>()),
        sums in any::<bool>(),
        searched in 0..20u8,
    ) {
        let (name, mut bytes) = sample;
        // A short one, so that many can be tried.
        if !name.contains("json") || name.contains("jsonl") {
            bytes.truncate(1500);
        }
        for (at, piece, kind, times) in changes {
            let at = at.index(bytes.len() + 1);
            match kind {
                0 => drop(bytes.splice(at..at, piece.repeat(times))),
                1 => drop(bytes.splice(at..(at + piece.len()).min(bytes.len()), piece.to_vec())),
                _ => drop(bytes.drain(at..(at + times).min(bytes.len()))),
            }
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        if sums && name.contains("tfevents") {
            with_checksums(&mut bytes);
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(&name);
        std::fs::write(&path, bytes).unwrap();
        let schedule = torch::parse(
            r#"{"scheduler": "CosineAnnealingLR", "args": {"T_max": 180}}"#,
            0.05,
        );
        let schedule = schedule.unwrap().build().unwrap();
        // An error or an answer, each of which can be written.
        match Log::open(&path, None) {
            Ok(log) if searched > 0 => drop(log.rows().map(Iterator::count)),
            // The search takes longer.
            Ok(log) => {
                let _ = audit(&log, &schedule, None).map(|audit| format!("{audit:?}"));
                let _ = fit(&log).map(|fit| format!("{fit:?}"));
            }
            Err(error) => prop_assert!(error.to_string().contains(&name)),
        }
    }
}

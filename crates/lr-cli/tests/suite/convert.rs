//! `lr convert`.

use crate::common::*;
use lr_schedule::Spec;

#[test]
fn a_config_becomes_a_spec() {
    let config = r#"{"scheduler": "StepLR", "args": {"step_size": 30}}"#;
    let arguments = [
        "convert",
        "--from",
        "torch",
        "--base-lr",
        "0.5",
        "-e",
        config,
    ];
    let out = lr(&arguments).yes();
    let expected = "{\n  \"step\": {\n    \"start\": 0.5,\n    \"step_size\": 30,\n    \"gamma\": 0.1\n  }\n}\n";
    assert_eq!(out, expected);
    let out = lr(&[&arguments[..], &["--to", "toml"]].concat()).yes();
    assert_eq!(out, "[step]\nstart = 0.5\nstep_size = 30\ngamma = 0.1\n");
}

#[test]
fn every_library_is_known() {
    let configs = [
        (
            "torch",
            r#"{"scheduler": "torch.optim.lr_scheduler.ExponentialLR", "args": {"gamma": 0.9}}"#,
        ),
        (
            "transformers",
            r#"{"scheduler": "constant_with_warmup", "args": {"num_warmup_steps": 10}}"#,
        ),
        (
            "timm",
            r#"{"scheduler": "CosineLRScheduler", "args": {"t_initial": 10}}"#,
        ),
        (
            "optax",
            r#"{"scheduler": "constant_schedule", "args": {"value": 0.1}}"#,
        ),
        (
            "keras",
            r#"{"scheduler": "ExponentialDecay", "args": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.9}}"#,
        ),
        (
            "burn",
            r#"{"Linear": {"initial_lr": 0.1, "final_lr": 0.0, "num_iters": 10}}"#,
        ),
    ];
    for (library, config) in configs {
        let out = lr(&[
            "convert",
            "--from",
            library,
            "--base-lr",
            "0.1",
            "-e",
            config,
        ])
        .yes();
        let spec: Spec = serde_json::from_str(&out).unwrap();
        assert!(spec.build().is_ok(), "{library}");
    }
}

/// The text that is printed reads back as the same, in both formats, for every case that has a spec.
#[test]
fn what_is_printed_reads_back() {
    for table in tables() {
        for case in cases(&table).into_iter().step_by(4) {
            let id = case["id"].as_str().unwrap();
            let arguments = ["convert", table.to_str().unwrap(), "--case", id];
            let ran = lr(&arguments);
            if case["args"].get("lr_lambda").is_some() {
                assert!(
                    ran.fails(1)
                        .ends_with("takes a function, which a spec can't hold")
                );
                continue;
            }
            let json = ran.yes();
            let toml = lr(&[&arguments[..], &["--to", "toml"]].concat()).yes();
            let from_json: Spec = serde_json::from_str(&json).unwrap();
            let from_toml: Spec = toml::from_str(&toml).unwrap();
            assert_eq!(from_json, from_toml, "{id}");
            assert_eq!(lr_with(&["convert", "-"], &toml).yes(), json, "{id}");
        }
    }
}

#[test]
fn lengths_are_resolved_for_a_run() {
    let out = lr(&["convert", "-e", RELATIVE, "--total-steps", "1000"]).yes();
    let spec: Spec = serde_json::from_str(&out).unwrap();
    let schedule = spec.build().unwrap();
    assert_eq!(lr_schedule::Schedule::length(&schedule), Some(1_000));
    // Without one they stay what they are.
    assert!(lr(&["convert", "-e", RELATIVE]).yes().contains("\"10%\""));
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let bad = |arguments: &[&str], code| lr(&[&["convert"], arguments].concat()).fails(code);
    assert_eq!(bad(&[], 2), "convert takes one SPEC, got 0");
    let config = r#"{"scheduler": "StepLR", "args": {"step": 30}}"#;
    assert_eq!(
        bad(&["--from", "torch", "--base-lr", "0.1", "-e", config], 1),
        "-e: StepLR.step: is no known argument; did you mean `step_size`?"
    );
    let config = config.replace("step", "step_size");
    assert_eq!(
        bad(&["--from", "torch", "-e", &config], 1),
        "-e: scheduler: depends on the run's `base_lr`, which the file doesn't say: give --base-lr"
    );
    let function = r#"{"scheduler": "LambdaLR", "args": {}}"#;
    assert!(bad(&["--from", "torch", "--base-lr", "1", "-e", function], 1).starts_with("-e: "));
}

fn written(directory: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_string()
}

#[test]
fn yaml_is_read_everywhere() {
    let directory = tempfile::tempdir().unwrap();
    let spec = written(
        &directory,
        "spec.yaml",
        "cosine:\n  start: 1e-1 # of the peak\n  steps: 100\n",
    );
    assert_eq!(
        lr(&["convert", &spec]).yes(),
        lr(&["convert", "-e", COSINE]).yes()
    );
    assert_eq!(lr(&["diff", &spec, "-e", COSINE]).code, 0);
    let text = std::fs::read_to_string(&spec).unwrap();
    assert_eq!(
        lr_with(&["convert", "-"], &text).yes(),
        lr(&["convert", &spec]).yes()
    );
    let inner = written(
        &directory,
        "inner.yml",
        "training:\n  schedule: {cosine: {start: 0.1, steps: 100}}\n",
    );
    let out = lr(&["convert", &inner, "--field", "training.schedule"]).yes();
    assert_eq!(out, lr(&["convert", &spec]).yes());

    let bad = written(
        &directory,
        "bad.yaml",
        "cosine:\n  start: [1\n  steps: 100\n",
    );
    let line = lr(&["check", &bad]).fails(1);
    assert!(line.starts_with(&format!("{bad}:3:")), "{line}");
    let twice = written(
        &directory,
        "twice.yaml",
        "cosine:\n  start: 1\n  start: 2\n",
    );
    let line = lr(&["check", &twice]).fails(1);
    assert!(line.starts_with(&format!("{twice}:3:")), "{line}");
}

#[test]
fn a_training_programs_config_is_taken_as_it_stands() {
    let directory = tempfile::tempdir().unwrap();
    let text = "learning_rate: 2.0e-5\nlr_scheduler_type: cosine\nwarmup_ratio: 0.1\n\
                num_train_epochs: 3\nper_device_train_batch_size: 4\noutput_dir: out\n";
    let trainer = written(&directory, "sft.yaml", text);
    let line = lr(&["table", &trainer]).fails(1);
    let expected = "num_train_epochs: depends on the run's `samples`, which the file doesn't say: give --samples";
    assert_eq!(line, format!("{trainer}: {expected}"));
    let table = lr(&[
        "table",
        &trainer,
        "--samples",
        "400",
        "--steps",
        "0..300:30",
        "--json",
    ])
    .json();
    let rates = &table["schedules"][0]["rates"];
    assert_eq!([&rates[0], &rates[1], &rates[10]], [0.0, 2e-5, 0.0]);
    let two = [
        "table",
        &trainer,
        "--samples",
        "400",
        "--processes",
        "2",
        "--steps",
        "0..150:15",
        "--json",
    ];
    assert_eq!(&lr(&two).json()["schedules"][0]["rates"], rates);
    // Of the file's own, what the command line says too is the file's.
    let again = ["convert", "--from", "trl", &trainer, "--total-steps", "300"];
    assert_eq!(
        lr(&again).yes(),
        lr(&["convert", &trainer, "--samples", "400"]).yes()
    );

    let wrong = written(
        &directory,
        "wrong.yaml",
        &text.replace("warmup_ratio", "warmup_share"),
    );
    let line = lr(&["check", &wrong, "--samples", "400"]).fails(1);
    assert!(
        line.starts_with(&format!("{wrong}: warmup_share: is no known argument")),
        "{line}"
    );
    let none = written(&directory, "none.yaml", "model: tiny\ndata: mine\n");
    assert_eq!(
        lr(&["check", &none]).fails(1),
        format!(
            "{none}: has neither the shape of a spec nor that of a config that is known: say whose it is \
                 with --from, or where it is with --field"
        )
    );
}

#[test]
fn the_optimizers_rate_is_asked_for_only_where_it_is_used() {
    let one_cycle = r#"{"scheduler": "OneCycleLR", "args": {"max_lr": 0.1, "total_steps": 100, "verbose": false}}"#;
    let cyclic =
        r#"{"scheduler": "CyclicLR", "args": {"base_lr": 0.1, "max_lr": 0.2, "last_epoch": -1}}"#;
    for config in [one_cycle, cyclic] {
        let without = lr(&["convert", "-e", config]).yes();
        assert_eq!(
            lr(&["convert", "-e", config, "--base-lr", "7"]).yes(),
            without
        );
    }
    let step = r#"{"scheduler": "StepLR", "args": {"step_size": 30, "verbose": true}}"#;
    let line = lr(&["convert", "-e", step]).fails(1);
    assert!(line.ends_with(": give --base-lr"), "{line}");
    assert!(
        lr(&["convert", "-e", step, "--base-lr", "0.5"])
            .yes()
            .contains("0.5")
    );
}

#[test]
fn a_name_is_suggested_only_where_it_is_alike() {
    let line = |text: &str| lr(&["convert", "-e", text]).fails(1);
    assert!(
        line(r#"{"rex": {"start": 1}}"#).starts_with("-e: rex: is no known schedule; there are ")
    );
    let config = r#"{"scheduler": "StepL", "args": {"step_size": 30}}"#;
    assert_eq!(
        line(config),
        "-e: StepL: is no known scheduler; did you mean `StepLR`?"
    );
    let config = r#"{"scheduler": "StepLR", "type": "step"}"#;
    assert_eq!(
        line(config),
        "-e: type: is no known field; there are scheduler, args"
    );
}

#[test]
fn a_config_over_another_file_has_what_that_says() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    };
    write(
        "base.yaml",
        "SOLVER:\n  BASE_LR: 0.02\n  STEPS: (60,)\n  MAX_ITER: 90\n",
    );
    write(
        "warm.yaml",
        "_BASE_: base.yaml\nSOLVER:\n  WARMUP_ITERS: 10\n",
    );
    let over = write(
        "over.yaml",
        "_BASE_: [warm.yaml]\nSOLVER:\n  STEPS: (70,)\n",
    );
    let merged = "SOLVER:\n  BASE_LR: 0.02\n  STEPS: (70,)\n  MAX_ITER: 90\n  WARMUP_ITERS: 10\n";
    let merged = write("merged.yaml", merged);
    let spec = |path: &str| lr(&["convert", path]).yes();
    assert_eq!(spec(&over), spec(&merged));
    assert!(spec(&over).contains("0.02"));

    let round = write(
        "round.yaml",
        "_BASE_: round.yaml\nSOLVER:\n  MAX_ITER: 90\n",
    );
    let error = lr(&["convert", &round]).fails(1);
    assert!(
        error.contains("round.yaml: _BASE_: leads to more than 32 files"),
        "{error}"
    );
    let gone = write(
        "gone.yaml",
        "_BASE_: nowhere.yaml\nSOLVER:\n  MAX_ITER: 90\n",
    );
    assert!(
        lr(&["convert", &gone])
            .fails(2)
            .contains("nowhere.yaml: can't be read")
    );
    let text = "_BASE_: base.yaml\nSOLVER:\n  MAX_ITER: 90\n";
    let error = lr(&["convert", "-e", text]).fails(1);
    assert!(
        error.contains("_BASE_: names a file whose SOLVER counts too"),
        "{error}"
    );
}

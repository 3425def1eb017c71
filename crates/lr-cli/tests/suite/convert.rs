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

/// What is printed reads back as the same, in both formats, for every case that has a spec.
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

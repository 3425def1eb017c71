//! `lr audit` and `lr fit`, on the logs that `lr-compat` tests with.

use std::path::Path;

use crate::common::*;

fn log(name: &str) -> String {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lr-compat/tests/logs");
    logs.join(name).to_str().unwrap().to_string()
}

const SCHEDULE: &str =
    r#"{"scheduler": "linear", "args": {"num_warmup_steps": 15, "num_training_steps": 150}}"#;

#[test]
fn a_mistake_is_named_with_its_first_step() {
    let log = log("restarted-csv/log.csv");
    let audit = ["audit", &log, "--against", SCHEDULE, "--base-lr", "0.001"];
    let ran = lr(&audit);
    assert_eq!((ran.code, ran.error.as_str()), (1, ""));
    let first = "\nfirst at step 60: 0 rather than ";
    assert!(ran.out.contains(first), "{}", ran.out);
    assert!(ran.out.contains("\n  restarted: "), "{}", ran.out);

    let json = lr(&[&audit[..], &["--json"]].concat()).json();
    assert_eq!(json["first_wrong_step"], 60);
    assert_eq!(json["kind"], "restarted");
    assert_eq!(json["mistakes"][0]["resumed_at"], 60);
}

#[test]
fn a_right_log_is_said_to_be_right_and_another_asks_for_a_schedule() {
    let log = log("right-csv/log.csv");
    let out = lr(&["audit", &log, "--against", SCHEDULE, "--base-lr", "0.001"]).yes();
    assert!(out.contains("\nright: all are those of "), "{out}");
    let error = lr(&["audit", &log]).fails(2);
    assert!(error.contains("give --against SPEC"), "{error}");
}

#[test]
fn a_log_gives_the_schedule_that_it_followed() {
    let right = log("right-csv/log.csv");
    let spec = lr(&["fit", &right]).yes();
    let audited = lr(&["audit", &right, "--against", &spec]).yes();
    assert!(audited.contains("\nright: "), "{audited}");

    let ran = lr(&["fit", &log("restarted-csv/log.csv")]);
    assert_eq!((ran.code, ran.error.as_str()), (1, ""));
    assert!(ran.out.starts_with("can't tell: "), "{}", ran.out);
}

#[test]
fn a_trainers_folder_is_held_to_its_arguments() {
    let saved = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lr-torch/tests/saved/hf");
    let mut count = 0;
    for folder in std::fs::read_dir(saved).unwrap() {
        let folder = folder.unwrap().path().join("checkpoint-60");
        let name = folder.to_str().unwrap();
        if name.contains("reduce_lr_on_plateau") {
            let error = lr(&["audit", name]).fails(1);
            assert!(error.contains("training_args.bin: "), "{error}");
            continue;
        }
        let out = lr(&["audit", name]).yes();
        assert!(out.contains("\nright: all are those of "), "{name}: {out}");

        // Every rate a tenth of what the arguments make of it, in the same shape.
        let other = tempfile::tempdir().unwrap();
        let arguments = other.path().join("training_args.bin");
        std::fs::copy(folder.join("training_args.bin"), arguments).unwrap();
        let state = std::fs::read(folder.join("trainer_state.json")).unwrap();
        let mut state: serde_json::Value = serde_json::from_slice(&state).unwrap();
        for row in state["log_history"].as_array_mut().unwrap() {
            if let Some(rate) = row.get_mut("learning_rate") {
                *rate = (rate.as_f64().unwrap() / 10.0).into();
            }
        }
        std::fs::write(other.path().join("trainer_state.json"), state.to_string()).unwrap();
        let other = other.path().to_str().unwrap();
        let ran = lr(&["audit", other]);
        assert_eq!(ran.code, 1, "{}", ran.out);
        assert!(ran.out.contains("\n  base-rate: "), "{name}: {}", ran.out);
        count += 1;
    }
    assert_eq!(count, 6);
}

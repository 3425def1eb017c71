//! Schedules that are not among the named ones: as a text, and as a file.

use crate::common::{RunDir, failure, killed_on_its_way, run};

const WARMED_UP: &str =
    r#"{"warmup": {"steps": "10%", "of": {"cosine": {"start": 0.02, "steps": "rest"}}}}"#;
const PLATEAU: &str = r#"{"feedback": {"rule": {"reduce_on_plateau": {"patience": 0, "factor": 0.5}}, "of": {"constant": {"rate": 0.02}}}}"#;
const LENGTH: [&str; 4] = ["--epochs", "200", "--checkpoint-every", "7"];

fn rates(dir: &RunDir) -> Vec<f64> {
    let rates = dir.rates().into_iter();
    rates.map(|rate| rate.parse().unwrap()).collect()
}

#[test]
fn a_text_gives_its_rates_with_lengths_as_shares_of_the_run() {
    let dir = RunDir::new();
    let args = ["--schedule", WARMED_UP, "--epochs", "10"];
    let done = run("flex", &[&args[..], &["--out", dir.str()]].concat());
    assert_eq!(
        (done.text("schedule"), done.figure("steps")),
        ("warmup", 120.0)
    );
    let rates = rates(&dir);
    for (step, rate) in rates.iter().enumerate() {
        let step = step as f64;
        let cosine = 0.01 * (1.0 + (std::f64::consts::PI * (step - 12.0) / 108.0).cos());
        let expected = if step < 12.0 {
            0.02 * step / 12.0
        } else {
            cosine
        };
        assert!(
            (rate - expected).abs() < 1e-15,
            "{step}: {rate}, {expected}"
        );
    }
    let picture = std::fs::read_to_string(dir.path().join("history.svg")).unwrap();
    assert!(picture.contains("A run with warmup"));
}

/// A rule's cuts included.
#[test]
fn a_file_gives_what_its_text_does_and_a_resumed_run_what_a_whole_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("plateau.json");
    std::fs::write(&json, PLATEAU).unwrap();
    let toml = folder.path().join("plateau.toml");
    let text = "feedback.of.constant.rate = 0.02\n\
        feedback.rule.reduce_on_plateau = { patience = 0, factor = 0.5 }\n";
    std::fs::write(&toml, text).unwrap();

    let whole = RunDir::new();
    let args = ["--schedule", PLATEAU, "--out", whole.str()];
    run("flex", &[&args[..], &LENGTH].concat());
    assert!(rates(&whole).last().unwrap() < &0.02, "the rule never cut");

    for file in [json, toml] {
        let stopped = RunDir::new();
        let schedule = ["--schedule", file.to_str().unwrap()];
        killed_on_its_way(&stopped, &[&schedule[..], &LENGTH].concat());
        std::fs::remove_file(&file).unwrap(); // the run knows what was in it
        let done = run("flex", &["resume", stopped.str()]);
        assert_eq!(done.text("schedule"), "feedback");
        assert!(stopped.history() == whole.history(), "{}", file.display());
    }
}

#[test]
fn what_makes_no_schedule_is_a_line_with_its_place() {
    let dir = RunDir::new();
    let fails = |schedule: &str| failure("flex", &["--schedule", schedule, "--out", dir.str()]);
    let line = fails(r#"{"cosin": {"start": 1, "steps": 5}}"#);
    assert!(
        line.ends_with("cosin: is no known schedule; did you mean `cosine`?"),
        "{line}"
    );
    let line = fails(r#"{"cosine": {"start": 0.1, "steps": "0%"}}"#);
    assert_eq!(line, "error: cosine.steps: must be at least 1, got 0");
    assert!(fails("{").contains("EOF while parsing"));
    let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    std::fs::write(&file, "[cosine]\nstart = 0.1\nsteps = \n").unwrap();
    let line = fails(file.path().to_str().unwrap());
    assert!(line.contains("line 3, column 9: "), "{line}");
    assert!(fails("nowhere.toml").contains("no file is there"));
    let line = failure(
        "flex",
        &["--schedule", WARMED_UP, "--lr", "0.1", "--out", dir.str()],
    );
    assert!(line.contains("has its rates in itself"), "{line}");
}

/// The lengths that configs leave out are the run's, and the rate is `--lr` where they have none.
#[test]
fn another_programs_config_is_taken_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("training.yaml");
    let text =
        "learning_rate: 0.02\nlr_scheduler_type: linear\nwarmup_steps: 12\nnum_train_epochs: 5\n";
    std::fs::write(&config, text).unwrap();
    let dir = RunDir::new();
    let config = ["--schedule", config.to_str().unwrap(), "--epochs", "10"];
    run("flex", &[&config[..], &["--out", dir.str()]].concat());
    for (step, rate) in rates(&dir).iter().enumerate() {
        let step = step as f64;
        let down = (60.0 - step).max(0.0) / 48.0; // 5 epochs of 12 steps
        let expected = 0.02 * down.min(step / 12.0);
        assert!((rate - expected).abs() < 1e-15, "{step}: {rate}");
    }
    let dir = RunDir::new();
    let line = failure(
        "flex",
        &[&config[..], &["--lr", "0.1", "--out", dir.str()]].concat(),
    );
    assert!(line.contains("has its rates in itself"), "{line}");

    let torch = r#"{"scheduler": "StepLR", "args": {"step_size": 50}}"#;
    let args = ["--schedule", torch, "--epochs", "10", "--out", dir.str()];
    let line = failure("flex", &args);
    assert!(
        line.ends_with("which the file doesn't say: give --lr"),
        "{line}"
    );
    let begin = [&args[..], &["--lr", "0.01", "--resume-or-start"]].concat();
    run("flex", &begin);
    let expected: [f64; 3] = [0.01, 0.001, 0.0001];
    for (step, rate) in rates(&dir).iter().enumerate() {
        assert!((rate - expected[step / 50]).abs() < 1e-15, "{step}: {rate}");
    }
    run("flex", &begin); // with the same options it is the same run
}

//! The pictures that the program draws, and the rate that it finds.

use crate::common::{RunDir, failure, killed_on_its_way, linear, run, succeeded};

fn picture(path: &std::path::Path) -> String {
    let svg = std::fs::read_to_string(path).unwrap();
    assert!(
        svg.starts_with("<svg ") && svg.ends_with("</svg>\n"),
        "{svg}"
    );
    assert!(!svg.contains("NaN"), "{svg}");
    svg
}

#[test]
fn a_run_is_drawn_and_a_resumed_one_like_a_whole_one() {
    let whole = RunDir::new();
    let args = ["--epochs", "200", "--schedule", "warm-restarts"];
    run("flex", &[&args[..], &["--out", whole.str()]].concat());
    let whole = picture(&whole.path().join("history.svg"));
    for text in ["warm-restarts", "learning rate", "training loss", "step"] {
        assert!(whole.contains(text), "{text} is not in {whole}");
    }

    let stopped = RunDir::new();
    let args = [&args[..], &["--checkpoint-every", "7"]].concat();
    killed_on_its_way(&stopped, &args);
    let drawn = stopped.path().join("history.svg");
    assert!(!drawn.exists(), "it had come to its end");
    run("flex", &["resume", stopped.str()]);
    assert_eq!(picture(&drawn), whole);
}

#[test]
fn compare_draws_every_schedule() {
    let dir = RunDir::new();
    let path = dir.path().join("compare.svg");
    let path_text = path.to_str().unwrap();
    let args = ["compare", "--epochs", "2", "--picture", path_text];
    let output = linear("flex", &args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let svg = picture(&path);
    for schedule in ["constant", "multi-step", "one-cycle", "warmup-stable-decay"] {
        assert!(svg.contains(schedule), "{schedule} is not in {svg}");
    }
}

#[test]
fn it_finds_a_rate_that_trains_and_finds_it_again() {
    let dir = RunDir::new();
    let path = dir.path().join("found.svg");
    for optimizer in ["adam", "sgd"] {
        let args = [
            "find-lr",
            "--optimizer",
            optimizer,
            "--picture",
            path.to_str().unwrap(),
        ];
        let found = || succeeded(linear("flex", &args).output().unwrap());
        let (first, again) = (found(), found());
        let rate = first.text("lr").to_string();
        assert_eq!(rate, again.text("lr"));
        assert!(picture(&path).contains("smoothed loss"));

        let run_dir = RunDir::new();
        let options = [
            "--optimizer",
            optimizer,
            "--schedule",
            "one-cycle",
            "--lr",
            &rate,
        ];
        let done = run(
            "flex",
            &[&options[..], &["--epochs", "40", "--out", run_dir.str()]].concat(),
        );
        assert!(done.figure("train_mse") < 0.55, "{optimizer} at {rate}");
    }
}

#[test]
fn a_range_that_tells_nothing_ends_with_one_line() {
    let dir = RunDir::new();
    let path = dir.path().join("found.svg");
    let find = |args: &[&str]| {
        let picture = ["--picture", path.to_str().unwrap()];
        failure("flex", &[&["find-lr"], args, &picture[..]].concat())
    };
    let line = find(&["--start", "1000", "--end", "1e6", "--optimizer", "sgd"]);
    assert!(line.contains("to judge by"), "{line}");
    let line = find(&["--start", "0"]);
    assert_eq!(
        line,
        "error: lr_finder.start: must be finite and above 0, got 0"
    );
    let line = find(&["--steps", "9"]);
    assert_eq!(line, "error: lr_finder.steps: must be at least 10, got 9");
    assert!(!path.exists());
}

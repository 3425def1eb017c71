//! The program as a user runs it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{backends, digits, directory, history, run};

/// Runs it to its end, which must be code 2, and gives its one line.
fn failure(out: &Path, args: &[&str]) -> String {
    let output = digits("flex", out, args).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.lines().count(), 1, "more than a line: {stderr}");
    stderr.trim_end().to_string()
}

fn accuracy(done: &[String]) -> f64 {
    let figure = done.iter().find_map(|word| word.strip_prefix("valid_acc="));
    figure.unwrap().parse().unwrap()
}

#[test]
fn it_learns_the_digits() {
    let (_directory, out) = directory();
    let done = run("flex", &out, &[]);
    assert_eq!(
        done[..4],
        ["done", "backend=flex", "epochs=20", "steps=460"]
    );
    assert!(accuracy(&done) >= 0.95, "{done:?}");
    let history = history(&out);
    let mut rows = history.lines();
    assert_eq!(rows.next(), Some("Epoch,Loss,Accuracy,Learning Rate"));
    let rates: Vec<f64> = rows
        .map(|row| row.rsplit(',').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!((rates.len(), rates[0], rates[23]), (460, 0.0, 0.01));
    assert!(rates[459] < 0.01, "it was never cut");
    let picture = std::fs::read_to_string(out.join("history.svg")).unwrap();
    assert!(picture.starts_with("<svg ") && picture.contains("training loss"));
    // What was done to the rate is in the log of the run, with its step.
    let log = std::fs::read_to_string(out.join("experiment.log")).unwrap();
    assert!(log.contains("reduce_on_plateau has observed"), "{log}");
}

/// The accuracies are of the training's own weights and of their average, which it validates.
#[test]
fn it_validates_the_average() {
    let mut differ = false;
    for average in [&["ema"][..], &["swa", "--swa-from", "4"]] {
        let (_directory, out) = directory();
        let args = [
            &[
                "--epochs",
                "8",
                "--patience",
                "99",
                "--lr",
                "0.03",
                "--average",
            ][..],
            average,
        ];
        let args = args.concat();
        let output = digits("flex", &out, &args).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let figure = |name: &str, end: char| -> f64 {
            let (_, rest) = text.rsplit_once(name).unwrap();
            rest.split([end, '\n']).next().unwrap().parse().unwrap()
        };
        let (raw, averaged) = (figure(" valid_acc=", ' '), figure(" average_acc=", ' '));
        differ |= raw != averaged;
        let shown = figure(" valid Accuracy ", ',');
        assert!((shown / 100.0 - averaged).abs() < 1e-4, "{text}");
        assert!(averaged > 0.95, "{text}");
    }
    assert!(differ);

    let (_directory, out) = directory();
    let args = ["--average", "ema", "--swa-from", "4"];
    let output = digits("flex", &out, &args).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text, "error: --swa-from is of `--average swa` alone\n");
}

#[test]
fn a_resumed_run_is_the_same_one() {
    for args in [
        &["--patience", "0"][..],
        &["--average", "ema"],
        &["--average", "swa", "--swa-from", "2"],
        &["--layer-decay", "0.7", "--seed", "1"],
    ] {
        let (_directory, whole) = directory();
        let all = [&["--epochs", "6"][..], args].concat();
        let mut done = run("flex", &whole, &all);
        let (_directory, resumed) = directory();
        run("flex", &resumed, &[&["--epochs", "3"][..], args].concat());
        let mut again = run("flex", &resumed, &["--resume", "--epochs", "6"]);
        // but for where it is
        assert!(
            done.pop().unwrap().starts_with("out=") && again.pop().unwrap().starts_with("out=")
        );
        assert_eq!(done, again);
        assert_eq!(history(&whole), history(&resumed));
    }
}

#[test]
fn a_killed_run_goes_on_after_its_last_checkpoint() {
    let (_directory, out) = directory();
    let mut child = digits("flex", &out, &["--epochs", "100000"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !out.join("checkpoint/epoch-000003.json").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let done = run("flex", &out, &["--resume", "--epochs", "40"]);
    assert_eq!(done[2..4], ["epochs=40", "steps=920"]);
    assert_eq!(history(&out).lines().count(), 1 + 920);
}

#[test]
fn every_layers_rate_is_in_the_history_and_in_the_logs() {
    let (_directory, out) = directory();
    run("flex", &out, &["--epochs", "2", "--layer-decay", "0.5"]);
    let history = history(&out);
    let mut rows = history.lines();
    assert_eq!(
        rows.next(),
        Some(
            "Epoch,Loss,Accuracy,Learning Rate,Learning Rate output,Learning Rate hidden,\
             Learning Rate input"
        )
    );
    for row in rows {
        let numbers: Vec<f64> = row
            .split(',')
            .map(|number| number.parse().unwrap())
            .collect();
        let base = numbers[3];
        assert_eq!(numbers[4..], [base, base * 0.5, base * 0.25]);
    }
    assert!(out.join("train/epoch-2/Learning_Rate_input.log").exists());
}

/// A run on flex: wgpu and cuda choose their kernels by what is fast just then, and round as those do.
#[test]
fn it_finds_a_rate_and_finds_it_again() {
    let (_directory, out) = directory();
    let picture = out.join("found.svg");
    let found = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_digits"));
        command.env("BURN_DEVICE", "flex");
        command.args(["find-lr", "--seed", "3", "--picture"]);
        let output = command.arg(&picture).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let text = found();
    for name in ["steepest", "valley", "minimum/10", "slide"] {
        assert!(text.contains(&format!("\n{name} ")), "{text}");
    }
    let rate = text.lines().last().unwrap().split(' ').nth(1).unwrap();
    let rate: f64 = rate.strip_prefix("lr=").unwrap().parse().unwrap();
    assert!((1e-4..1.0).contains(&rate), "{text}");
    assert_eq!(text, found());
    assert!(std::fs::read_to_string(picture).unwrap().contains("valley"));
}

#[test]
fn it_runs_on_every_backend() {
    for backend in backends() {
        let (_directory, out) = directory();
        let done = run(backend, &out, &["--epochs", "2"]);
        assert_eq!(done[1], format!("backend={backend}"));
        assert!(accuracy(&done) > 0.6, "{done:?}");
    }
}

#[test]
fn what_cannot_be_done_is_said_in_one_line() {
    let (_directory, out) = directory();
    let at = out.display();
    assert_eq!(
        failure(&out, &["--resume"]),
        format!("error: `{at}` holds no run")
    );
    run("flex", &out, &["--epochs", "1"]);
    assert_eq!(
        failure(&out, &["--epochs", "1"]),
        format!(
            "error: `{at}` already holds a run: `--resume` goes on with it, `--out` puts a new one elsewhere"
        )
    );
    for bad in [
        ["--lr", "0"],
        ["--layer-decay", "-1"],
        ["--epochs", "0"],
        ["--batch-size", "0"],
    ] {
        let line = failure(&out, &bad);
        assert!(line.starts_with("error: invalid value"), "{line}");
    }
    assert!(failure(&out, &["--resume", "--lr", "0.1"]).contains("cannot be used with"));
    std::fs::write(out.join("options.json"), "{}").unwrap();
    let line = failure(&out, &["--resume"]);
    assert!(
        line.contains("can't be read: missing field `epochs`"),
        "{line}"
    );
}

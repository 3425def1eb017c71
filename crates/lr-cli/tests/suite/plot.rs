//! `lr plot`.

use std::io::Read;
use std::process::{Command, Stdio};

use crate::common::*;

#[test]
fn a_schedule_is_drawn_in_the_terminal() {
    let out = lr(&["plot", "-e", COSINE, "--size", "60x14"]).yes();
    assert_eq!(out.lines().count(), 14, "{out}");
    assert!(out.starts_with("cosine\nlearning rate\n"), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 60), "{out}");
    assert!(
        !out.contains('\x1b'),
        "no colours where there is no terminal"
    );
    let colored = lr(&["plot", "-e", COSINE, "--size", "60x14", "--color", "always"]).yes();
    assert!(colored.contains("\x1b[38;5;"));
}

#[test]
fn files_are_written_as_their_ending_says() {
    let directory = tempfile::tempdir().unwrap();
    let spec = directory.path().join("schedule.toml");
    std::fs::write(&spec, "cosine = { start = 0.1, steps = 100 }\n").unwrap();
    for (name, start) in [("a.svg", &b"<svg "[..]), ("a.PNG", b"\x89PNG")] {
        let path = directory.path().join(name);
        let arguments = [
            "plot",
            spec.to_str().unwrap(),
            "-e",
            LINEAR,
            "--label",
            "the first",
            "--log",
            "--title",
            "Two",
            "-o",
            path.to_str().unwrap(),
        ];
        assert_eq!(lr(&arguments).yes(), "");
        assert!(std::fs::read(&path).unwrap().starts_with(start));
    }
    let svg = std::fs::read_to_string(directory.path().join("a.svg")).unwrap();
    for text in ["the first", "linear", "Two", "learning rate (log scale)"] {
        assert!(svg.lines().any(|line| line == text), "{text}");
    }
}

/// A run of 150 steps, warmed up for 15, beside a straight line of 100.
#[test]
fn a_log_is_drawn_over_the_schedule() {
    let log = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../lr-compat/tests/logs/right-csv/log.csv"
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("both.svg");
    let drawn = ["-o", path.to_str().unwrap(), "--json", "--measured", log];
    let json = lr(&[&["plot", "-e", LINEAR], &drawn[..]].concat()).json();
    assert_eq!(json["steps"]["end"], 150);

    // The log is drawn last: up to its peak at a tenth, and down.
    let points = || {
        let svg = std::fs::read_to_string(&path).unwrap();
        assert!(svg.lines().any(|line| line == "measured"));
        let lines = svg.split("<polyline").skip(1);
        let points = lines.map(|line| {
            let points = line.split("points=\"").nth(1).unwrap().split('"').next();
            let points = points.unwrap().split_whitespace().map(|point| {
                let (x, y) = point.split_once(',').unwrap();
                (x.parse::<f64>().unwrap(), y.parse::<f64>().unwrap())
            });
            points.collect::<Vec<_>>()
        });
        points.last().unwrap()
    };
    let both = points();
    let peak = both
        .iter()
        .copied()
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap();
    let (left, right) = (both[0].0, both[both.len() - 1].0);
    let share = (peak.0 - left) / (right - left);
    assert!((share - 15.0 / 149.0).abs() < 0.01, "{share}");

    lr(&[&["plot"], &drawn[..]].concat()).yes(); // the log alone
    assert_eq!(points().len(), both.len());
    let error = lr(&["plot", "--measured", log, "--column", "loss"]).fails(2);
    assert!(
        error.contains("has no numbers that are called \"loss\""),
        "{error}"
    );
}

#[test]
fn epochs_and_shares_are_of_the_run() {
    let epochs = ["--epochs", "10", "--steps-per-epoch", "50"];
    let given = [&["plot", "-e", RELATIVE, "--json"], &epochs[..]].concat();
    let json = lr(&given).json();
    assert_eq!(json["steps"]["end"], 500);
    let phases = &json["schedules"][0]["phases"];
    assert_eq!(phases[0]["name"], "warm-up");
    assert_eq!(phases[0]["end"], 50.0);

    let given = [&["plot", "-e", RELATIVE, "--in-epochs"], &epochs[..]].concat();
    assert!(lr(&given).yes().trim_end().ends_with("epoch"));

    let json = lr(&[
        "plot",
        "-e",
        RELATIVE,
        "--json",
        "--samples",
        "1000",
        "--batch-size",
        "10",
        "--epochs",
        "2",
    ]);
    assert_eq!(json.json()["steps"]["end"], 200);
}

/// Draws for every library each case of the files that come with `lr-compat`.
#[test]
fn other_libraries_configs_are_drawn_straight_from_the_parity_files() {
    let directory = tempfile::tempdir().unwrap();
    let svg = directory.path().join("case.svg");
    let mut drawn = 0;
    for table in tables() {
        for case in cases(&table) {
            let id = case["id"].as_str().unwrap();
            let ran = lr(&[
                "plot",
                table.to_str().unwrap(),
                "--case",
                id,
                "-o",
                svg.to_str().unwrap(),
            ]);
            assert_eq!(ran.code, 0, "{id}: {}", ran.error);
            let notes = ran
                .error
                .lines()
                .filter(|line| !line.starts_with("lr: note: "));
            assert_eq!(notes.count(), 0, "{}", ran.error);
            let text = std::fs::read_to_string(&svg).unwrap();
            assert!(text.contains("<polyline"), "{id}");
            std::fs::remove_file(&svg).unwrap();
            drawn += 1;
        }
    }
    assert!(drawn > 120, "{drawn}");
}

#[test]
fn a_rule_is_said_to_hear_a_metric() {
    let rule =
        r#"{"feedback": {"rule": {"reduce_on_plateau": {}}, "of": {"constant": {"rate": 0.1}}}}"#;
    let ran = lr(&["plot", "-e", rule, "--steps", "100"]);
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.error,
        "lr: note: feedback: reduce_on_plateau hears a metric; this is the schedule underneath it\n"
    );
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let bad = |arguments: &[&str], code| lr(&[&["plot"], arguments].concat()).fails(code);
    assert_eq!(
        bad(&[], 2),
        "there is no SPEC: give a file, `-`, or a text with -e"
    );
    assert_eq!(
        bad(&["-e", r#"{"constant": {"rate": 0.1}}"#], 2),
        "constant: has no end, so give --steps"
    );
    assert_eq!(
        bad(&["-e", COSINE, "-o", "x.gif"], 2),
        "--output x.gif: must end in .svg or .png"
    );
    assert!(
        bad(&["-e", COSINE, "-o", "/no/such/place/x.svg"], 2)
            .starts_with("/no/such/place/x.svg: can't be written: ")
    );
    assert_eq!(
        bad(&["-e", COSINE, "--steps", "5..5"], 2),
        "there are no steps from 5 to 5"
    );
    assert_eq!(
        bad(
            &[
                "-e",
                r#"{"constant": {"rate": 0}}"#,
                "--steps",
                "9",
                "--log"
            ],
            1
        ),
        "a logarithmic y axis needs a value above 0, and there is none"
    );
    assert_eq!(
        bad(&["-e", RELATIVE], 1),
        "-e: warmup.steps: must be in steps, got 10%: give --total-steps, or --epochs and \
         --steps-per-epoch, or --epochs, --samples and --batch-size"
    );
    assert_eq!(
        bad(&["-e", RELATIVE, "--epochs", "3"], 2),
        "--epochs: needs --steps-per-epoch, or --samples and --batch-size"
    );
    let twice = [
        "--total-steps",
        "100",
        "--epochs",
        "3",
        "--steps-per-epoch",
        "50",
    ];
    assert_eq!(
        bad(&[&["-e", RELATIVE], &twice[..]].concat(), 2),
        "--total-steps: is 100, and the epochs have 150"
    );
    assert_eq!(
        bad(&["-e", COSINE, "--in-epochs"], 2),
        "--in-epochs: needs --steps-per-epoch, or --samples and --batch-size"
    );
    let table = tables().remove(0);
    let line = bad(&[table.to_str().unwrap()], 2);
    assert!(line.contains("choose one with --case: keras/"), "{line}");
    let line = bad(&[table.to_str().unwrap(), "--case", "nothing"], 1);
    assert!(line.ends_with(": there is no case nothing"), "{line}");
}

#[test]
fn a_batch_of_the_run_has_to_be_known() {
    let spec = r#"{"batch_scale": {"rule": "linear", "reference": 256, "of": {"cosine": {"start": 0.1, "steps": "rest"}}}}"#;
    let epochs = ["--epochs", "2", "--steps-per-epoch", "50"];
    let line = lr(&[&["plot", "-e", spec], &epochs[..]].concat()).fails(1);
    assert_eq!(
        line,
        "-e: batch_scale.batch: is the run's, so give --batch-size (and --epochs, not --total-steps)"
    );
    let steps = ["plot", "-e", spec, "--total-steps", "100"];
    assert_eq!(lr(&steps).fails(1), line);
    let known = [
        &["plot", "--json", "-e", spec, "--batch-size", "512"],
        &epochs[..],
    ]
    .concat();
    assert_eq!(lr(&known).json()["schedules"][0]["first"], 0.2);
}

/// `lr plot … | head -1`
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let many = ["table", "-e", COSINE, "--steps", "0..500000"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_lr"))
        .args(many)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 10]).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

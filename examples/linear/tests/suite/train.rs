//! The end of a run, on every backend.

use crate::common::{RunDir, backends, failure, run};
use linear::data::{Dataset, FEATURES};
use nalgebra::{DMatrix, DVector};

/// The least mean squared error that a linear model can have on the training part, by a singular
/// value decomposition.
fn least_squares(seed: u64) -> f64 {
    let rows = Dataset::new(seed).train;
    let design = DMatrix::from_fn(rows.len(), FEATURES + 1, |row, column| match column {
        FEATURES => 1.0,
        column => rows.features[row][column],
    });
    let targets = DVector::from_vec(rows.targets);
    let weights = design
        .clone()
        .svd(true, true)
        .solve(&targets, 1e-12)
        .unwrap();
    (design * weights - &targets).norm_squared() / targets.len() as f64
}

#[test]
fn the_default_run_is_within_a_hundredth_of_least_squares() {
    let dir = RunDir::new();
    let done = run("flex", &["--out", dir.str()]);
    let optimum = least_squares(42);
    let mse = done.figure("train_mse");
    assert!(
        (optimum * (1.0 - 1e-6)..optimum * 1.01).contains(&mse),
        "{mse}, at best {optimum}"
    );
    assert_eq!(
        (done.text("backend"), done.text("schedule")),
        ("flex", "warmup-cosine")
    );
    assert_eq!(done.figure("steps"), 2400.0);
    assert_eq!(dir.rates().len(), 2400);
    assert_eq!(dir.rates().last().unwrap(), done.text("lr"));
}

#[test]
fn every_backend_ends_where_flex_does() {
    let mut flex = None;
    for backend in backends() {
        let dir = RunDir::new();
        let done = run(backend, &["train", "--out", dir.str()]);
        let ends = ["train_mse", "valid_mse"].map(|name| done.figure(name));
        let flex = *flex.get_or_insert(ends);
        for (end, flex) in ends.iter().zip(flex) {
            assert!(
                (end - flex).abs() <= 1e-3 * flex,
                "{backend}: {end}, flex: {flex}"
            );
        }
    }
}

#[test]
fn every_schedule_and_optimizer_trains() {
    for (schedule, optimizer) in [
        ("constant", "sgd"),
        ("multi-step", "adam"),
        ("cosine", "adamw"),
        ("warm-restarts", "sgd"),
        ("plateau", "adam"),
        ("one-cycle", "sgd"),
        ("one-cycle", "adam"),
        ("one-cycle", "adamw"),
        ("warmup-stable-decay", "adamw"),
    ] {
        let dir = RunDir::new();
        let args = [
            "--schedule",
            schedule,
            "--optimizer",
            optimizer,
            "--epochs",
            "40",
        ];
        let done = run("flex", &[&args[..], &["--out", dir.str()]].concat());
        let mse = done.figure("train_mse");
        assert!(
            mse < 1.1 * least_squares(42),
            "{schedule} with {optimizer}: {mse}"
        );
    }
}

#[test]
fn compare_ranks_every_schedule() {
    let dir = RunDir::new();
    let picture = dir.path().join("compare.svg");
    let picture = ["--picture", picture.to_str().unwrap()];
    let args = [&["compare", "--epochs", "2"][..], &picture].concat();
    let output = crate::common::linear("flex", &args).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let ranked: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("rank"))
        .take_while(|line| !line.starts_with("picture"))
        .collect();
    assert_eq!(ranked.len(), 9, "{text}");
    let losses: Vec<f64> = ranked[1..]
        .iter()
        .map(|line| line.split_whitespace().nth(2).unwrap().parse().unwrap())
        .collect();
    assert!(losses.is_sorted(), "{text}");
}

#[test]
fn what_cannot_run_ends_with_one_line() {
    let dir = RunDir::new();
    run("flex", &["--epochs", "1", "--out", dir.str()]);
    let fails = |args: &[&str]| failure("flex", args);

    assert_eq!(
        fails(&["--lr", "-1"]),
        "error: invalid value '-1' for '--lr <LR>': a learning rate is a finite number above 0"
    );
    assert!(fails(&["--schedule", "cosin"]).contains("possible values: constant, multi-step"));
    assert!(fails(&["train", "--out", dir.str()]).contains("already holds a run"));
    assert!(fails(&["resume", "nowhere"]).contains("`nowhere` holds no run"));
    assert!(fails(&["resume"]).contains("<RUN_DIR>"));
    assert!(failure("abacus", &["compare"]).contains("Unknown BURN_DEVICE override: 'abacus'"));

    let checkpoint = dir.checkpoint();
    let whole = std::fs::read(&checkpoint).unwrap();
    let resume_with = |bytes: &[u8]| {
        std::fs::write(&checkpoint, bytes).unwrap();
        fails(&["resume", dir.str()])
    };
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    assert!(resume_with(&flipped).contains("is damaged"));
    assert!(resume_with(&whole[..whole.len() - 1]).contains("is damaged"));
    assert!(resume_with(b"a text").contains("is not a checkpoint"));
    assert!(resume_with(b"").contains("is not a checkpoint"));

    std::fs::write(&checkpoint, &whole).unwrap();
    std::fs::write(
        dir.path().join("history.csv"),
        "step,epoch,lr,loss\n0,0,0.1,1.0\n",
    )
    .unwrap();
    assert!(fails(&["resume", dir.str()]).ends_with("the 12 steps before the checkpoint, but 1"));
}

/// A feature that was named wins over the default, without BURN_DEVICE.
#[test]
fn the_backend_is_the_one_of_the_feature() {
    let expected = if cfg!(feature = "cuda") {
        "cuda"
    } else if cfg!(feature = "wgpu") {
        "wgpu"
    } else if cfg!(feature = "ndarray") {
        "ndarray"
    } else {
        "flex"
    };
    let dir = RunDir::new();
    for args in [
        &["--epochs", "2", "--out", dir.str()][..],
        &["resume", dir.str()],
    ] {
        let mut command = crate::common::linear("", args);
        let output = command.env_remove("BURN_DEVICE").output().unwrap();
        assert_eq!(crate::common::succeeded(output).text("backend"), expected);
    }
}

#[test]
fn one_process_at_a_time_works_in_a_directory() {
    let dir = RunDir::new();
    let mut child = crate::common::spawn("flex", &["--epochs", "100000", "--out", dir.str()]);
    while !dir.path().join("history.csv").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let line = failure("flex", &["resume", dir.str()]);
    assert!(line.contains("another process is working in"), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
    // Somebody else's history is not overwritten.
    std::fs::remove_file(dir.checkpoint()).unwrap();
    assert!(failure("flex", &["--out", dir.str()]).contains("already holds a run"));
}

#[test]
fn a_rate_that_is_far_too_high_says_so() {
    let dir = RunDir::new();
    let args = [
        "--optimizer",
        "sgd",
        "--schedule",
        "constant",
        "--lr",
        "1e6",
        "--out",
        dir.str(),
    ];
    assert!(failure("flex", &args).contains("the learning rate may be too high"));
    let picture = dir.path().join("compare.svg");
    let picture = ["--picture", picture.to_str().unwrap()];
    let args = [
        &["compare", "--optimizer", "sgd", "--lr", "1e6"][..],
        &picture,
    ]
    .concat();
    let output = crate::common::linear("flex", &args).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("   -  constant "), "{text}");
}

/// Hides all drivers from the loaders of Vulkan and OpenGL.
#[cfg(all(feature = "wgpu", target_os = "linux"))]
#[test]
fn wgpu_without_a_driver_ends_with_one_line() {
    let mut command = crate::common::linear("wgpu", &["compare"]);
    for variable in [
        "VK_DRIVER_FILES",
        "VK_ICD_FILENAMES",
        "__EGL_VENDOR_LIBRARY_DIRS",
    ] {
        command.env(variable, "/nonexistent");
    }
    let line = crate::common::failed(command);
    assert!(
        line.starts_with("error: the backend `wgpu` does not start: "),
        "{line}"
    );
}

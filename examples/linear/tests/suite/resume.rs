//! Runs that are killed, and go on: on the same backend bit for bit, on another one all the same.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::common::{RunDir, assert_same, backends, run, spawn, succeeded};
use burn_lr::Checkpoint;
use rand::{Rng, SeedableRng};

/// Kills runs at `kills` random moments in all, resuming each time, and gives what they ended as:
/// one run, or more where a run comes to its end between two kills. Once it has a checkpoint, a run
/// always has one that loads, and of no earlier step.
fn killed(backend: &str, options: &[&str], kills: usize, longest: Duration) -> Vec<RunDir> {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut killed = 0;
    let mut stops = BTreeSet::new();
    let mut dirs = vec![];
    while killed < kills {
        let dir = RunDir::new();
        let train = [&["train", "--out", dir.str()], options].concat();
        let resume = ["resume", dir.str()];
        let begin_or_go_on = || match dir.checkpoint().exists() {
            true => &resume[..],
            false => &train[..], // killed before there was anything to resume
        };
        let mut last = 0;
        loop {
            let mut child = spawn(backend, begin_or_go_on());
            if killed < kills {
                sleep(longest.mul_f64(random.random()));
                child.kill().unwrap(); // SIGKILL
            }
            let output = child.wait_with_output().unwrap();
            if output.status.code().is_some() {
                succeeded(output);
                break;
            }
            killed += 1;
            if dir.checkpoint().exists() {
                let step = Checkpoint::load(dir.checkpoint()).unwrap().progress().step;
                assert!(step >= last, "step {last} is gone");
                last = step;
                stops.insert(step);
            }
        }
        let entries = std::fs::read_dir(dir.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(
            names,
            [".lock", "checkpoint.bpk", "history.csv", "history.svg"]
        );
        dirs.push(dir);
    }
    assert!(
        stops.len() > kills / 2,
        "most kills struck before training: {stops:?}"
    );
    dirs
}

/// Checks that runs with a checkpoint after every step, killed so many times on each of two backends with
/// each of two schedules, end bit for bit as if they had not been.
fn ends_the_same_after(kills: usize) {
    for backend in ["flex", "ndarray"] {
        // plateau: with state that hears; one-cycle: with momentum
        for (schedule, optimizer) in [("plateau", "adam"), ("one-cycle", "sgd")] {
            #[rustfmt::skip]
            let options = [
                "--schedule", schedule, "--optimizer", optimizer,
                "--epochs", "60", "--checkpoint-every", "1",
            ];
            let whole = RunDir::new();
            let start = Instant::now();
            run(backend, &[&["--out", whole.str()], &options[..]].concat());
            let expected = whole.state();
            assert!(expected.contains_key("model linear.weight"));
            assert!(
                expected
                    .keys()
                    .any(|name| name.starts_with("optimizer linear.weight "))
            );

            for dir in killed(backend, &options, kills, start.elapsed() / 8) {
                assert_same(&dir, &whole, &format!("{backend} {schedule}"));
            }
        }
    }
}

#[test]
fn a_run_killed_at_20_random_moments_ends_bit_for_bit_as_if_it_had_not_been() {
    ends_the_same_after(20);
}

#[test]
#[ignore = "takes minutes"]
fn a_run_killed_at_200_random_moments_does_too() {
    ends_the_same_after(200);
}

#[test]
fn a_run_goes_on_on_every_other_backend() {
    let options = ["--epochs", "60", "--checkpoint-every", "1"];
    let whole = RunDir::new();
    let uninterrupted = run("flex", &[&["--out", whole.str()], &options[..]].concat());
    for saved_on in backends() {
        for resumed_on in backends() {
            let dir = RunDir::new();
            let mut child = spawn(saved_on, &[&["--out", dir.str()], &options[..]].concat());
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let half = lines.find(|line| line.as_ref().unwrap().starts_with("epoch 30/60 "));
            half.expect("a line per tenth of a run").unwrap();
            child.kill().unwrap();
            assert_eq!(child.wait().unwrap().code(), None, "it ended by itself");

            let done = run(resumed_on, &["resume", dir.str()]);
            assert_eq!(done.text("backend"), resumed_on);
            let pair = format!("from {saved_on} to {resumed_on}");
            assert_eq!(dir.rates(), whole.rates(), "{pair}");
            let (mse, expected) = (done.figure("valid_mse"), uninterrupted.figure("valid_mse"));
            assert!(
                (mse - expected).abs() <= 1e-4 * expected,
                "{pair}: {mse}, {expected}"
            );
        }
    }
}

//! Runs that are told to stop, as a scheduler of jobs and Ctrl-C do, and the line that begins or continues one.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::common::{RunDir, failure, run, signal, spawn, succeeded};
use burn_lr::Checkpoint;
use rand::{Rng, SeedableRng};

const OPTIONS: [&str; 6] = [
    "--schedule",
    "plateau",
    "--epochs",
    "300",
    "--checkpoint-every",
    "500",
];

fn job(dir: &RunDir) -> Vec<&str> {
    [
        &["train", "--resume-or-start", "--out", dir.str()],
        &OPTIONS[..],
    ]
    .concat()
}

/// A run to its end, and how long it took.
fn whole() -> (RunDir, Duration) {
    let (dir, start) = (RunDir::new(), Instant::now());
    run("flex", &job(&dir));
    (dir, start.elapsed())
}

fn step(dir: &RunDir) -> u64 {
    Checkpoint::inspect(dir.checkpoint()).map_or(0, |found| found.progress.step)
}

#[test]
fn a_run_stopped_at_40_random_moments_goes_on_bit_for_bit() {
    let (whole, took) = whole();
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(3);
    let mut stopped = 0;
    while stopped < 40 {
        let dir = RunDir::new();
        loop {
            let before = step(&dir);
            let mut child = spawn("flex", &job(&dir));
            if stopped < 40 {
                sleep(took.mul_f64(random.random::<f64>() / 4.0));
                let interrupt = random.random::<bool>();
                let expected = if interrupt { 130 } else { 143 };
                signal(&child, if interrupt { "INT" } else { "TERM" });
                let again = stopped % 2 == 1;
                if again {
                    signal(&child, "TERM");
                }
                let code = child.wait().unwrap().code();
                let output = child.wait_with_output().unwrap();
                let text = String::from_utf8(output.stdout).unwrap();
                if code == Some(0) {
                    break; // it had taken its last step
                }
                stopped += 1;
                // Before there is anything to lose, a process ends as it always does.
                let ends_as_always = code.is_none() && !text.contains("epoch");
                let after = step(&dir);
                assert!(after >= before);
                match again {
                    false if ends_as_always => {}
                    false => {
                        assert_eq!(code, Some(expected), "{text}");
                        let line = format!(
                            "stopped at step {after} of 3600: `resume {}` goes on",
                            dir.str()
                        );
                        assert_eq!(text.lines().last(), Some(&line[..]));
                    }
                    true => assert!(
                        ends_as_always || [Some(expected), Some(143)].contains(&code),
                        "{code:?}"
                    ),
                }
            } else {
                succeeded(child.wait_with_output().unwrap());
                break;
            }
        }
        assert!(dir.history() == whole.history(), "another history");
        assert!(dir.state() == whole.state(), "another state");
    }
}

#[test]
fn one_line_begins_a_run_and_continues_it() {
    let (whole, _) = whole();
    // Finished, it is finished again, and with other options it is another run.
    let history = whole.history();
    run("flex", &job(&whole));
    assert_eq!(whole.history(), history);
    let other = ["--resume-or-start", "--epochs", "301", "--out", whole.str()];
    let line = failure("flex", &other);
    assert!(line.contains("was begun with other options: {"), "{line}");
    assert_eq!(whole.history(), history);
}

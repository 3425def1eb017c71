//! Runs that are killed or told to stop, and go on from the last complete epoch, bit for bit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::common::{digits, directory, history, run};
use burn::lr_scheduler::LrSchedulerRecord;
use burn::optim::OptimizerRecord;
use burn::store::ModuleRecord;
use burn::train::checkpoint::{Checkpoint, Checkpointer};
use burn_lr::train::EpochCheckpoints;
use burn_pack::Reader;
use rand::{Rng, SeedableRng};

pub const EPOCHS: usize = 16;

/// The saved parts of a run's last epoch, as names and bytes. Parameter ids differ from run to run,
/// so that the optimizer's names have the parameter's path in their place.
pub fn state(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let checkpoints = EpochCheckpoints::open(out.join("checkpoint")).unwrap();
    let latest = checkpoints.latest().unwrap().unwrap();
    assert_eq!((latest.epoch, latest.passed_over.len()), (EPOCHS, 0));
    fn reader<R: Checkpoint>(checkpoints: &EpochCheckpoints) -> Reader
    where
        EpochCheckpoints: Checkpointer<R>,
    {
        let record: R = checkpoints.restore(EPOCHS).unwrap();
        Reader::from_bytes(record.checkpoint_into_bytes().unwrap()).unwrap()
    }
    let mut paths = BTreeMap::new();
    let mut state = BTreeMap::new();
    for tensor in reader::<ModuleRecord>(&checkpoints).into_tensors().unwrap() {
        // Of a parameter and its average, the first.
        let path = paths.entry(tensor.param_id.unwrap().to_string());
        path.or_insert(tensor.name.clone());
        let bytes = tensor.to_bytes().unwrap().to_vec();
        state.insert(format!("model {}", tensor.name), bytes);
    }
    for (part, reader) in [
        ("optimizer", reader::<OptimizerRecord>(&checkpoints)),
        ("scheduler", reader::<LrSchedulerRecord>(&checkpoints)),
    ] {
        let named = |name: &str| match name.split_once('.') {
            Some((id, field)) if part == "optimizer" => format!("{part} {} {field}", paths[id]),
            _ => format!("{part} {name}"),
        };
        for (name, value) in reader.scalars() {
            state.insert(named(name), format!("{value:?}").into_bytes());
        }
        for tensor in reader.into_tensors().unwrap() {
            state.insert(named(&tensor.name), tensor.to_bytes().unwrap().to_vec());
        }
    }
    state
}

#[test]
fn a_run_killed_at_20_random_moments_ends_bit_for_bit_as_if_it_had_not_been() {
    ends_the_same_after("KILL", &[]);
}

#[test]
fn a_run_told_to_stop_at_20_random_moments_does_too() {
    ends_the_same_after("TERM", &[]);
}

#[test]
fn so_does_one_with_an_average_of_the_weights() {
    ends_the_same_after("KILL", &["--average", "ema"]);
    ends_the_same_after("KILL", &["--average", "swa", "--swa-from", "4"]);
}

/// Checks that a run which is sent a signal so many times ends bit for bit as if it had not been.
fn ends_the_same_after(signal: &str, more: &[&str]) {
    const KILLS: usize = 20;
    let epochs = EPOCHS.to_string();
    let options = [&["--epochs", epochs.as_str(), "--patience", "0"], more].concat();
    let (_directory, whole) = directory();
    let start = Instant::now();
    let mut expected = run("flex", &whole, &options);
    expected.pop(); // where it is
    let longest = start.elapsed() / 4;
    let expected_state = state(&whole);
    assert!(
        expected_state
            .keys()
            .any(|name| name.starts_with("optimizer input.weight "))
    );
    let averaged = "model weight-average.output.bias";
    assert_eq!(expected_state.contains_key(averaged), !more.is_empty());

    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let (mut kills, mut told) = (0, 0);
    let mut stops = BTreeSet::new();
    while kills < KILLS {
        let (_directory, out) = directory();
        let mut last = 0;
        loop {
            let mut command = digits("flex", &out, &options);
            command.arg("--resume-or-start").stdout(Stdio::piped());
            let child = command.spawn().unwrap();
            if kills < KILLS {
                sleep(longest.mul_f64(random.random()) + Duration::from_millis(1));
                let kill = format!("kill -{signal} {}", child.id());
                assert!(
                    Command::new("sh")
                        .args(["-c", &kill])
                        .status()
                        .unwrap()
                        .success()
                );
            }
            let output = child.wait_with_output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            match output.status.code() {
                Some(0) => break,
                Some(143) => {
                    let line = text.lines().last().unwrap();
                    let goes_on = line.ends_with("; `--resume` goes on");
                    assert!(
                        line.starts_with("stopped after epoch ") && goes_on,
                        "{text}"
                    );
                    told += 1;
                }
                code => assert_eq!(code, None, "{text}"), // by the signal itself
            }
            kills += 1;
            let checkpoints = EpochCheckpoints::open(out.join("checkpoint")).unwrap();
            if let Some(latest) = checkpoints.latest().unwrap() {
                assert!(latest.passed_over.is_empty(), "{:?}", latest.passed_over);
                assert!(latest.epoch >= last, "epoch {last} is gone");
                last = latest.epoch;
                stops.insert(last);
            }
        }
        // It has nothing left to do but say so once more.
        let mut done = run("flex", &out, &["--resume"]);
        done.pop();
        assert_eq!(done, expected);
        assert!(history(&out) == history(&whole), "another history");
        let state = state(&out);
        assert!(
            state.keys().eq(expected_state.keys()),
            "another kind of state"
        );
        for (name, bytes) in &state {
            assert!(*bytes == expected_state[name], "another {name}");
        }
    }
    assert_eq!(told > KILLS / 2, signal == "TERM", "{told}");
    assert!(
        stops.len() > KILLS / 4,
        "most kills struck before training: {stops:?}"
    );
}

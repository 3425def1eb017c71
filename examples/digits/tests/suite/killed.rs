//! Runs that are killed, and go on from the last complete epoch, bit for bit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
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

const EPOCHS: usize = 16;

/// What is saved of a run's last epoch, as names and bytes. Parameter ids differ from run to run,
/// so that the optimizer's names have the parameter's path in their place.
fn state(out: &Path) -> BTreeMap<String, Vec<u8>> {
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
        paths.insert(tensor.param_id.unwrap().to_string(), tensor.name.clone());
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
    const KILLS: usize = 20;
    let epochs = EPOCHS.to_string();
    let options = ["--epochs", epochs.as_str(), "--patience", "0"];
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

    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut kills = 0;
    let mut stops = BTreeSet::new();
    while kills < KILLS {
        let (_directory, out) = directory();
        let mut last = 0;
        loop {
            let args: &[&str] = match out.join("options.json").exists() {
                true => &["--resume"],
                false => &options, // killed before there was anything to resume
            };
            let mut command = digits("flex", &out, args);
            let mut child = command.stdout(Stdio::null()).spawn().unwrap();
            if kills < KILLS {
                sleep(longest.mul_f64(random.random()) + Duration::from_millis(1));
                child.kill().unwrap(); // SIGKILL
            }
            let status = child.wait().unwrap();
            if status.code().is_some() {
                assert!(status.success(), "it ended with {status}");
                break;
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
    assert!(
        stops.len() > KILLS / 4,
        "most kills struck before training: {stops:?}"
    );
}

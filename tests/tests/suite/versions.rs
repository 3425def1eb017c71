//! Checkpoints of every version that was ever written still load, and go on as they would have.
//!
//! `fixtures/checkpoint-v*.bpk` are of the run below, after [`STEPS`] steps on `flex`. That of the
//! version which is written now is made by `cargo test -p tests versions -- --ignored`.

use std::path::{Path, PathBuf};

use burn::optim::AdamConfig;
use burn::tensor::Device;
use burn_lr::combine::Warmup;
use burn_lr::prelude::*;
use burn_lr::{CheckpointError, FileError, FileFault};
use tests::{Training, devices};

/// The version that is written now.
const CURRENT: u64 = 3;
const STEPS: u64 = 12;
const MORE: u64 = 28;

type Lr = Scheduler<Warmup<Cosine>, ReduceOnPlateau>;

fn lr() -> Lr {
    let rule = ReduceOnPlateauConfig::new().with_patience(1);
    let schedule = Cosine::new(0.1, 0.0, 90).warmup(10);
    Scheduler::with_feedback(schedule, rule.build().unwrap())
}

/// The steps of the run before number `end`, from number `begin` on; returns their rates.
fn train(training: &mut Training, lr: &mut Lr, begin: u64, end: u64) -> Vec<f64> {
    let mut rates = vec![];
    for step in begin..end {
        if step == 4 {
            lr.handle().scale(0.5).unwrap();
        }
        rates.push(lr.step());
        training.step(rates[rates.len() - 1]);
        if step == 6 {
            lr.skip_step();
        }
        if step % 5 == 4 {
            lr.observe(1.0); // it stalls
        }
    }
    rates
}

fn begun(device: &Device) -> (Training, Lr) {
    (Training::new(AdamConfig::new().init(), device), lr())
}

fn fixture(version: u64) -> PathBuf {
    let name = format!("fixtures/checkpoint-v{version}.bpk");
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
#[ignore = "writes the fixture of the current version"]
fn write_fixture() {
    let (mut training, mut lr) = begun(&devices()[0]);
    train(&mut training, &mut lr, 0, STEPS);
    let progress = Progress {
        epoch: 3,
        step: STEPS,
        seed: 42,
        metrics: [("valid_mse".to_string(), 0.5)].into(),
    };
    let Training {
        model, optimizer, ..
    } = &training;
    let checkpoint = Checkpoint::capture(model, optimizer, &AdamConfig::new(), &lr, progress);
    let checkpoint = checkpoint.unwrap().with_note("host", "here");
    checkpoint.save(fixture(CURRENT)).unwrap();
}

/// Damage of the version is damage too: an older checkpoint may still be whole.
#[test]
fn damage_is_damage_in_every_version() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checkpoint.bpk");
    for version in 1..=CURRENT {
        let whole = std::fs::read(fixture(version)).unwrap();
        // Here and there, and every bit of where it says which version it is.
        let said = whole.windows(8).position(|text| text == b"versiona");
        let said = said.unwrap() * 8;
        let last = whole.len() * 8 - 8;
        let bits = (0..last).step_by(61);
        for bit in bits.chain(said..said + 80).chain(last..last + 8) {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, bytes).unwrap();
            match Checkpoint::load(&path).unwrap_err() {
                CheckpointError::File(FileError {
                    fault: FileFault::Damaged(_) | FileFault::NotACheckpoint(_),
                    ..
                }) => {}
                other => panic!("version {version}, bit {bit}: {other}"),
            }
        }
    }
}

#[test]
fn every_version_goes_on() {
    for device in devices() {
        let (mut whole, mut whole_lr) = begun(&device);
        train(&mut whole, &mut whole_lr, 0, STEPS);
        let rates = train(&mut whole, &mut whole_lr, STEPS, STEPS + MORE);

        for version in 1..=CURRENT {
            let checkpoint = Checkpoint::load(fixture(version)).unwrap();
            assert_eq!(checkpoint.note("host"), Some("here"));
            let progress = checkpoint.progress();
            assert_eq!((progress.epoch, progress.step), (3, STEPS));
            assert_eq!((progress.seed, progress.metrics["valid_mse"]), (42, 0.5));

            let (mut resumed, mut lr) = begun(&device);
            let Training {
                model, optimizer, ..
            } = resumed;
            let restored = checkpoint.restore(model, optimizer, &AdamConfig::new(), &mut lr);
            (resumed.model, resumed.optimizer) = restored.unwrap();
            let again = train(&mut resumed, &mut lr, STEPS, STEPS + MORE);
            assert_eq!(again, rates, "version {version} on {device:?}");
            // Other machines and backends round differently.
            for (weight, other) in whole.weights().iter().zip(resumed.weights()) {
                assert!(
                    (weight - other).abs() < 1e-4,
                    "version {version} on {device:?}: {weight}, not {other}"
                );
            }
        }
    }
}

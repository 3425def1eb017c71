//! A disk that is full and a directory that can't be written to: a clear error, the checkpoint that
//! was there as it was, and a run that goes on in memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use burn::module::Module;
use burn::nn::LinearConfig;
use burn::optim::AdamConfig;
use burn::tensor::Device;
use burn::train::checkpoint::{Checkpointer, CheckpointerError};
use burn_lr::prelude::*;
use burn_lr::train::{EpochCheckpointError, EpochCheckpoints};
use tests::Training;

/// The place of the file system that some tests need for themselves.
const MOUNTED: &str = "FULL_DISK_TEST_AT";

/// Runs the ignored test `name` of this module with a tmpfs of 64 KiB at a directory, which only that
/// process sees: in a user namespace, where it is root, or as root. Where the system allows neither, it
/// says so and leaves the test out.
fn with_a_small_disk(name: &str) {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().to_str().unwrap();
    let unshared = |namespaces: &[&str], script: &str| {
        let mut command = Command::new("unshare");
        command.args(namespaces);
        command.args(["sh", "-ec", script, "sh", at]);
        command.arg(std::env::current_exe().unwrap());
        command.arg(format!("full_disk::{name}")).env(MOUNTED, at);
        command
    };
    let mount = "mount -t tmpfs -o size=64k tmpfs \"$1\"";
    let ways: [&[&str]; 2] = [&["--user", "--map-root-user", "--mount"], &["--mount"]];
    let works = |way: &&[&str]| {
        let output = unshared(way, mount).output();
        output.is_ok_and(|output| output.status.success())
    };
    let Some(way) = ways.into_iter().find(works) else {
        println!("left out, since no file system can be mounted here");
        return;
    };
    let run = format!("{mount}; exec \"$2\" --ignored --exact \"$3\" --nocapture");
    let output = unshared(way, &run).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && stdout.contains("1 passed"),
        "{stdout}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn mounted() -> Option<PathBuf> {
    std::env::var_os(MOUNTED).map(PathBuf::from)
}

/// Takes all the room that is left.
fn fill(directory: &Path) {
    let filler = directory.join("filler");
    let _ = fs::write(&filler, vec![0; 1 << 17]); // all that goes
    assert!(
        fs::metadata(&filler).unwrap().len() < 1 << 17,
        "the disk is larger than it should be"
    );
}

/// Makes the file system one that is only read, as a failing disk becomes.
fn make_read_only(directory: &Path) {
    let status = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(directory)
        .status();
    assert!(status.unwrap().success());
}

/// A run of some steps.
struct Run {
    training: Training,
    lr: Scheduler<LinearRamp>,
}

impl Run {
    fn new() -> Self {
        let device = Device::flex().autodiff();
        let mut run = Self {
            training: Training::new(AdamConfig::new().init(), &device),
            lr: Scheduler::new(LinearRamp::new(0.1, 0.0, 100)),
        };
        run.train(5);
        run
    }

    fn train(&mut self, steps: u64) {
        (0..steps).for_each(|_| self.training.step(self.lr.step()));
    }

    fn checkpoint(&self) -> Checkpoint {
        let Training {
            model, optimizer, ..
        } = &self.training;
        let progress = Progress {
            step: self.lr.position(),
            ..Progress::default()
        };
        Checkpoint::capture(model, optimizer, &AdamConfig::new(), &self.lr, progress).unwrap()
    }

    /// A run that goes on from a checkpoint.
    fn restored(checkpoint: Checkpoint) -> Self {
        let mut run = Self::new();
        let config = AdamConfig::new();
        run.lr = Scheduler::new(LinearRamp::new(0.1, 0.0, 100));
        let Training { model, .. } = run.training;
        let (model, optimizer) = checkpoint
            .restore(model, config.init(), &config, &mut run.lr)
            .unwrap();
        let device = Device::flex().autodiff();
        run.training = Training::new(optimizer, &device);
        run.training.model = model;
        run
    }
}

fn files(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Saves where that fails, goes on, and compares with a run that never tried.
fn a_failed_save_changes_nothing(at: &Path, prevent: fn(&Path), reason: &str) {
    let mut run = Run::new();
    let checkpoints = CheckpointDir::new(at.join("checkpoints"));
    let mut writer = checkpoints.writer(Retention::new().keep_last(1)).unwrap();
    let path = writer.save(&run.checkpoint()).unwrap();
    drop(writer); // nothing can be made read-only that is open
    let single = at.join("single.bpk");
    run.checkpoint().save(&single).unwrap();
    let before = (fs::read(&path).unwrap(), fs::read(&single).unwrap());
    let listed = files(checkpoints.path());
    prevent(at);

    let mut other = Run::restored(run.checkpoint());
    run.train(7);
    let writer = checkpoints.writer(Retention::new().keep_last(1));
    let saved = writer.and_then(|mut writer| writer.save(&run.checkpoint()));
    let error = saved.unwrap_err().to_string();
    assert!(
        error.contains("checkpoints") && error.contains(reason),
        "{error}"
    );
    let error = run.checkpoint().save(&single).unwrap_err().to_string();
    assert!(
        error.contains("single.bpk") && error.contains(reason),
        "{error}"
    );
    let mut background = BackgroundWriter::new(&single);
    let mut arrives = |run: &mut Run, expected: bool| {
        let before = background.save(run.checkpoint());
        run.train(2); // while it fails
        let error = before.err().map(|error| error.to_string());
        assert_eq!(error.is_some(), expected);
        assert!(error.is_none_or(|error| error.contains("single.bpk") && error.contains(reason)));
    };
    arrives(&mut run, false);
    arrives(&mut run, true);
    let error = background.finish().unwrap_err().to_string();
    assert!(error.contains(reason), "{error}");
    let error = a_failed_epoch(&at.join("epochs")).to_string();
    assert!(
        error.contains("epochs") && error.contains(reason),
        "{error}"
    );
    run.train(3);
    other.train(14);
    assert_eq!(run.training.weights(), other.training.weights());

    assert_eq!(files(checkpoints.path()), listed, "a scratch file is left");
    assert_eq!(
        before,
        (fs::read(&path).unwrap(), fs::read(&single).unwrap())
    );
    let latest = checkpoints.latest().unwrap().unwrap();
    assert_eq!(latest.path, path);
    let mut restored = Run::restored(latest.checkpoint);
    restored.train(14);
    assert_eq!(run.training.weights(), restored.training.weights());
}

/// Saves part of an epoch, larger than the disk, as burn-train does.
fn a_failed_epoch(path: &Path) -> EpochCheckpointError {
    let checkpoints = match EpochCheckpoints::open(path) {
        Ok(checkpoints) => checkpoints,
        Err(error) => return error,
    };
    let model = LinearConfig::new(256, 256).init(&Device::flex());
    let error = checkpoints.save(1, model.into_record()).unwrap_err();
    let CheckpointerError::IOError(error) = error else {
        panic!("{error}");
    };
    assert!(checkpoints.latest().unwrap().is_none());
    assert_eq!(files(checkpoints.path()), [".lock"]);
    error.downcast::<EpochCheckpointError>().unwrap()
}

#[test]
fn a_full_disk_leaves_the_last_checkpoint_and_the_run_as_they_were() {
    with_a_small_disk("full");
}

#[test]
fn a_read_only_disk_leaves_the_last_checkpoint_and_the_run_as_they_were() {
    with_a_small_disk("read_only");
}

#[test]
#[ignore = "runs where the tests above have mounted a small disk"]
fn full() {
    if let Some(at) = mounted() {
        a_failed_save_changes_nothing(&at, fill, "No space left on device");
    }
}

#[test]
#[ignore = "runs where the tests above have mounted a small disk"]
fn read_only() {
    if let Some(at) = mounted() {
        a_failed_save_changes_nothing(&at, make_read_only, "Read-only file system");
    }
}

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use burn::nn::LinearConfig;
use burn::optim::SgdConfig;
use burn::tensor::Device;
use tempfile::TempDir;

use super::*;
use crate::checkpoint::{CheckpointError, FileFault};
use crate::prelude::*;

mod background;

/// A checkpoint of a run that has come so far.
fn checkpoint(step: u64, metrics: &[(&str, f64)]) -> Checkpoint {
    let device = Device::flex().autodiff();
    let model = LinearConfig::new(1, 1).init(&device);
    let config = SgdConfig::new();
    let metrics = metrics.iter();
    let metrics = metrics.map(|(name, value)| (name.to_string(), *value));
    let progress = Progress {
        epoch: step / 10,
        step,
        seed: 1,
        metrics: metrics.collect(),
    };
    let lr = Scheduler::new(Constant::new(0.1));
    Checkpoint::capture(&model, &config.init(), &config, &lr, progress).unwrap()
}

/// A directory with checkpoints of these steps and losses.
fn directory(saved: &[(u64, f64)]) -> (TempDir, CheckpointDir) {
    let parent = TempDir::new().unwrap();
    let directory = CheckpointDir::new(parent.path().join("run/checkpoints"));
    let mut writer = directory.writer(Retention::new()).unwrap();
    for &(step, loss) in saved {
        writer.save(&checkpoint(step, &[("loss", loss)])).unwrap();
    }
    (parent, directory)
}

fn steps(directory: &CheckpointDir) -> Vec<u64> {
    let files = directory.list().unwrap();
    files.iter().map(|file| file.step).collect()
}

fn latest(directory: &CheckpointDir) -> Progress {
    let found = directory.latest().unwrap().unwrap();
    found.checkpoint.progress().clone()
}

fn file(directory: &CheckpointDir, step: u64) -> PathBuf {
    CheckpointFile::new(directory.path(), step).path
}

/// Turns over a bit in the middle of the file.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_directory_that_is_not_there_or_empty_has_no_checkpoints() {
    let parent = TempDir::new().unwrap();
    for path in ["nowhere", "."] {
        let directory = CheckpointDir::new(parent.path().join(path));
        assert!(directory.list().unwrap().is_empty());
        assert!(directory.latest().unwrap().is_none());
        assert!(directory.best("loss", Mode::Min).unwrap().is_none());
    }
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    let directory = CheckpointDir::new(&file);
    for (error, expected) in [
        (directory.list().unwrap_err(), "read"),
        (directory.writer(Retention::new()).unwrap_err(), "create"),
    ] {
        assert!(
            matches!(&error, CheckpointDirError::Io(error) if error.action == expected),
            "{error}"
        );
    }
}

#[test]
fn the_best_by_a_metric_survives_the_newest_ones() {
    let (_parent, directory) = directory(&[]);
    let retention = Retention::new().keep_last(2).keep_best("loss", Mode::Min);
    let save = |writer: &mut CheckpointWriter, step: u64| {
        let losses = [f64::NAN, 0.9, 0.1, 0.5, 0.6, f64::NAN, 0.05, 0.3, 0.2];
        let path = writer
            .save(&checkpoint(step, &[("loss", losses[step as usize])]))
            .unwrap();
        assert_eq!(path, file(&directory, step));
    };
    let mut writer = directory.writer(retention.clone()).unwrap();
    (0..6).for_each(|step| save(&mut writer, step));
    assert_eq!(steps(&directory), [2, 4, 5]);
    drop(writer);
    // A writer knows the ones that it has saved itself; another one learns them from the files.
    let mut writer = directory.writer(retention).unwrap();
    (6..9).for_each(|step| save(&mut writer, step));
    assert_eq!(steps(&directory), [6, 7, 8]);
    let best = writer.best("loss", Mode::Min).unwrap().unwrap();
    assert_eq!(best.path, file(&directory, 6));
    assert_eq!(latest(&writer).metrics["loss"], 0.2);
}

#[test]
fn the_best_of_none_is_an_error_that_says_what_there_is() {
    let (_parent, directory) = directory(&[(1, f64::NAN), (2, f64::INFINITY)]);
    let best = |metric| directory.best(metric, Mode::Max).unwrap_err().to_string();
    let path = directory.path().display();
    assert_eq!(
        best("accuracy"),
        format!("no checkpoint in `{path}` has a finite metric `accuracy`; there are loss")
    );
    assert!(best("loss").contains("a finite metric `loss`"));
}

#[test]
fn damaged_ones_are_passed_over_and_named() {
    let (_parent, directory) = directory(&[(1, 0.1), (2, 0.3), (3, 0.2), (4, 0.4)]);
    damage(&file(&directory, 4));
    fs::write(file(&directory, 3), "").unwrap();
    let latest = directory.latest().unwrap().unwrap();
    assert_eq!(latest.path, file(&directory, 2));
    let passed_over: Vec<_> = latest.passed_over.iter().map(|over| &over.path).collect();
    assert_eq!(passed_over, [&file(&directory, 4), &file(&directory, 3)]);
    assert!(matches!(latest.passed_over[0].fault, FileFault::Damaged(_)));

    damage(&file(&directory, 1));
    let best = directory.best("loss", Mode::Min).unwrap().unwrap();
    assert_eq!(best.path, file(&directory, 2));
    assert_eq!(best.passed_over.len(), 3);

    damage(&file(&directory, 2));
    for error in [
        directory.latest().unwrap_err(),
        directory.best("loss", Mode::Min).unwrap_err(),
    ] {
        let CheckpointDirError::NoneWhole { passed_over, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(passed_over.len(), 4);
        assert!(
            error.to_string().contains("checkpoint-000000000002.bpk"),
            "{error}"
        );
    }
}

#[test]
fn a_damaged_one_counts_for_no_rule_and_is_never_removed() {
    let (_parent, directory) = directory(&[(1, 0.1), (2, 0.2), (3, 0.3)]);
    damage(&file(&directory, 3));
    let mut writer = directory.writer(Retention::new().keep_last(2)).unwrap();
    // The run goes on from 2, and is not held up by what it could not go on from.
    writer.save(&checkpoint(2, &[])).unwrap();
    assert_eq!(steps(&directory), [1, 2, 3]);
    writer.save(&checkpoint(3, &[])).unwrap();
    assert_eq!(steps(&directory), [2, 3]);
    assert!(directory.latest().unwrap().unwrap().passed_over.is_empty());
}

#[test]
fn one_that_was_damaged_since_it_was_saved_holds_up_no_save() {
    let (_parent, directory) = directory(&[(1, 0.1), (2, 0.2)]);
    let mut writer = directory.writer(Retention::new()).unwrap();
    writer.save(&checkpoint(3, &[])).unwrap();
    damage(&file(&directory, 3));
    writer.save(&checkpoint(2, &[])).unwrap();
    assert_eq!(steps(&directory), [1, 2, 3]);
}

#[test]
fn what_later_versions_wrote_is_not_passed_over() {
    let (_parent, directory) = directory(&[(1, 0.1), (2, 0.2)]);
    let path = file(&directory, 2);
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] = 9; // the version, after a hash
    bytes[last - 8] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = directory.latest().unwrap_err();
    let CheckpointDirError::Checkpoint(CheckpointError::File(error)) = error else {
        panic!("{error}");
    };
    assert!(matches!(error.fault, FileFault::Version { .. }), "{error}");
}

#[test]
fn an_earlier_step_is_saved_once_the_later_ones_are_given_up() {
    let (_parent, directory) = directory(&[(10, 0.1), (20, 0.2), (30, 0.3)]);
    let mut writer = directory.writer(Retention::new().keep_last(1)).unwrap();
    let error = writer.save(&checkpoint(15, &[])).unwrap_err();
    assert!(
        matches!(&error, CheckpointDirError::NotTheLatest { step: 15, later } if *later == file(&directory, 20)),
        "{error}"
    );
    assert_eq!(steps(&directory), [10, 20, 30]);
    let error = writer.discard_after(9).unwrap_err();
    assert!(
        matches!(error, CheckpointDirError::NothingBefore { step: 9, .. }),
        "{error}"
    );
    let discarded = writer.discard_after(10).unwrap();
    assert_eq!(discarded, [file(&directory, 20), file(&directory, 30)]);
    writer.save(&checkpoint(15, &[])).unwrap();
    assert_eq!(steps(&directory), [15]);
    writer.save(&checkpoint(u64::MAX, &[])).unwrap();
    assert_eq!(steps(&directory), [u64::MAX]);
}

#[test]
fn what_is_not_a_checkpoints_file_is_left_alone() {
    let (_parent, directory) = directory(&[]);
    let path = |name: &str| directory.path().join(name);
    let foreign = [
        "notes.txt",
        "checkpoint-3.bpk",
        "checkpoint-000000000003.bpk.bak",
        "model.bpk.4294967295-0.tmp",
    ];
    for name in foreign {
        fs::write(path(name), name).unwrap();
    }
    fs::create_dir(path("checkpoint-000000000004.bpk")).unwrap();
    fs::create_dir(path("checkpoint-000000000008.bpk.4294967295-0.tmp")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let odd = std::ffi::OsStr::from_bytes(b"checkpoint-\xff00000000005.bpk");
        fs::write(directory.path().join(odd), "").unwrap();
    }
    let of_the_dead = path("checkpoint-000000000007.bpk.4294967295-0.tmp");
    fs::write(&of_the_dead, "half").unwrap();
    let before = fs::read_dir(directory.path()).unwrap().count();
    let mut writer = directory.writer(Retention::new().keep_last(1)).unwrap();
    (1..=3).for_each(|step| _ = writer.save(&checkpoint(step, &[])).unwrap());
    assert_eq!(steps(&directory), [3]);
    assert!(!of_the_dead.exists() && foreign.iter().all(|name| path(name).exists()));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), before);
    // One that can't take its name, since a directory has it.
    let error = writer.save(&checkpoint(4, &[])).unwrap_err();
    assert!(
        matches!(error, CheckpointDirError::Checkpoint(_)),
        "{error}"
    );
    assert_eq!(latest(&writer).step, 3);
}

#[test]
fn a_second_writer_is_refused_while_the_first_one_is() {
    let (_parent, directory) = directory(&[(1, 0.1)]);
    let writer = directory.writer(Retention::new()).unwrap();
    let error = directory.writer(Retention::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "another writer is at work in `{}`",
            directory.path().display()
        )
    );
    assert!(
        directory.latest().unwrap().is_some(),
        "who reads needs no lock"
    );
    drop(writer);
    directory.writer(Retention::new()).unwrap();
}

const HELD: &str = "CHECKPOINT_DIR_TO_HOLD";

#[test]
#[ignore = "what the test below starts as another process"]
fn a_writer_that_waits_to_be_killed() {
    let Ok(path) = std::env::var(HELD) else {
        return;
    };
    let directory = CheckpointDir::new(path);
    let _writer = directory.writer(Retention::new()).unwrap();
    let leftover = format!("checkpoint-000000000009.bpk.{}-0.tmp", std::process::id());
    fs::write(directory.path().join(leftover), "half").unwrap();
    std::thread::sleep(Duration::from_secs(600));
}

#[test]
fn another_process_holds_it_until_it_is_killed() {
    let (_parent, directory) = directory(&[(1, 0.1)]);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "checkpoint_dir::tests::a_writer_that_waits_to_be_killed",
        ])
        .env(HELD, directory.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let leftover = format!("checkpoint-000000000009.bpk.{}-0.tmp", child.id());
    let leftover = directory.path().join(leftover);
    while !leftover.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(5));
    }
    let error = directory.writer(Retention::new()).unwrap_err();
    assert!(matches!(error, CheckpointDirError::Busy { .. }), "{error}");
    assert!(leftover.exists(), "it is being written");
    child.kill().unwrap();
    child.wait().unwrap();
    directory.writer(Retention::new()).unwrap();
    assert!(!leftover.exists());
}

#[test]
fn who_reads_while_it_is_written_always_finds_one() {
    let (_parent, directory) = directory(&[(0, 0.0)]);
    let mut writer = directory.writer(Retention::new().keep_last(1)).unwrap();
    std::thread::scope(|scope| {
        let writing = scope.spawn(move || {
            (1..=50).for_each(|step| _ = writer.save(&checkpoint(step, &[])).unwrap());
        });
        let mut last = 0;
        while !writing.is_finished() {
            let step = latest(&directory).step;
            assert!(step >= last);
            last = step;
        }
    });
    assert_eq!(steps(&directory), [50]);
}

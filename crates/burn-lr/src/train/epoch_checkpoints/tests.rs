use std::collections::BTreeMap;
use std::fs;

use burn::module::Module;
use burn::nn::LinearConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use burn::train::checkpoint::Checkpoint;
use burn_pack::Reader;
use lr_checkpoint::disk::DirLock;
use tempfile::TempDir;

use super::manifest::{Digest, manifest_path, part_name};
use super::*;
use crate::prelude::*;

/// The state that burn-train has at the end of an epoch.
struct Run {
    model: burn::nn::Linear,
    optimizer: ModuleOptimizer,
    lr: Scheduler<LinearRamp>,
}

impl Run {
    fn new() -> Self {
        let device = Device::flex().autodiff();
        Self {
            model: LinearConfig::new(2, 1).init(&device),
            optimizer: AdamConfig::new().init(),
            lr: Scheduler::new(LinearRamp::new(0.1, 0.0, 100)),
        }
    }

    fn epoch(&mut self) {
        let device = Device::flex().autodiff();
        let inputs = Tensor::<2>::from_floats([[1.0, 2.0]], &device);
        let loss = self.model.forward(inputs).square().sum();
        let grads = GradientsParams::from_grads(loss.backward(), &self.model);
        self.model = self
            .optimizer
            .step(self.lr.step(), self.model.clone(), grads);
    }

    fn records(&self) -> (ModuleRecord, OptimizerRecord, LrSchedulerRecord) {
        let model = self.model.clone().into_record();
        (model, self.optimizer.to_record(), self.lr.to_record())
    }
}

/// The contents of a record, by name: Burn writes it in another order once it has been read.
type Contents = BTreeMap<String, Vec<u8>>;

fn contents(record: impl Checkpoint) -> Contents {
    let bytes = record.checkpoint_into_bytes().unwrap();
    let reader = Reader::from_bytes(bytes).unwrap();
    let scalars = reader.scalars().iter();
    let scalars = scalars.map(|(name, value)| (name.clone(), format!("{value:?}").into_bytes()));
    let mut contents: Contents = scalars.collect();
    for tensor in reader.into_tensors().unwrap() {
        contents.insert(tensor.name.clone(), tensor.to_bytes().unwrap().to_vec());
    }
    contents
}

fn saved(run: &Run) -> [Contents; 3] {
    let (model, optimizer, scheduler) = run.records();
    [contents(model), contents(optimizer), contents(scheduler)]
}

/// Saves an epoch, its parts in an order that differs from epoch to epoch.
fn save(checkpoints: &EpochCheckpoints, epoch: usize, run: &Run) {
    let (model, optimizer, scheduler) = run.records();
    let mut saves: [Box<dyn FnOnce()>; 3] = [
        Box::new(|| checkpoints.save(epoch, model).unwrap()),
        Box::new(|| checkpoints.save(epoch, optimizer).unwrap()),
        Box::new(|| checkpoints.save(epoch, scheduler).unwrap()),
    ];
    saves.rotate_left(epoch % 3);
    saves.into_iter().for_each(|save| save());
}

fn restored(checkpoints: &EpochCheckpoints, epoch: usize) -> Result<[Contents; 3], String> {
    let text = |error: CheckpointerError| error.to_string();
    let model: ModuleRecord = checkpoints.restore(epoch).map_err(text)?;
    let optimizer: OptimizerRecord = checkpoints.restore(epoch).map_err(text)?;
    let scheduler: LrSchedulerRecord = checkpoints.restore(epoch).map_err(text)?;
    Ok([contents(model), contents(optimizer), contents(scheduler)])
}

fn delete(checkpoints: &EpochCheckpoints, epoch: usize) {
    Checkpointer::<ModuleRecord>::delete(checkpoints, epoch).unwrap();
    Checkpointer::<OptimizerRecord>::delete(checkpoints, epoch).unwrap();
    Checkpointer::<LrSchedulerRecord>::delete(checkpoints, epoch).unwrap();
}

/// A directory with some epochs, and what was saved in each.
fn epochs(count: usize) -> (TempDir, EpochCheckpoints, Vec<[Contents; 3]>) {
    let directory = TempDir::new().unwrap();
    let checkpoints = EpochCheckpoints::open(directory.path().join("checkpoint")).unwrap();
    let mut run = Run::new();
    let each = (1..=count).map(|epoch| {
        run.epoch();
        save(&checkpoints, epoch, &run);
        saved(&run)
    });
    let each = each.collect();
    (directory, checkpoints, each)
}

fn reopen(checkpoints: EpochCheckpoints) -> EpochCheckpoints {
    let path = checkpoints.path().to_path_buf();
    drop(checkpoints);
    EpochCheckpoints::open(path).unwrap()
}

fn names(checkpoints: &EpochCheckpoints) -> Vec<String> {
    let entries = fs::read_dir(checkpoints.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != DirLock::FILE_NAME).collect();
    names.sort();
    names
}

fn part(checkpoints: &EpochCheckpoints, epoch: usize, part: Part) -> PathBuf {
    let manifest = Manifest::read(checkpoints.path(), epoch).unwrap();
    checkpoints.path().join(manifest.file_name(part))
}

#[test]
fn what_was_saved_comes_back() {
    let (_directory, checkpoints, saved) = epochs(3);
    let checkpoints = reopen(checkpoints);
    assert_eq!(checkpoints.epochs().unwrap(), [1, 2, 3]);
    assert_eq!(checkpoints.latest().unwrap().unwrap().epoch, 3);
    for (index, saved) in saved.iter().enumerate() {
        assert!(restored(&checkpoints, index + 1).unwrap() == *saved);
    }
    let error = restored(&checkpoints, 4).unwrap_err();
    assert!(error.contains("epoch 4 is not complete"), "{error}");
}

#[test]
fn a_record_is_not_read_from_its_file_later() {
    let (_directory, checkpoints, saved) = epochs(1);
    let record: ModuleRecord = checkpoints.restore(1).unwrap();
    fs::write(part(&checkpoints, 1, Part::Model), "something else").unwrap();
    assert!(contents(record) == saved[0][0]);
}

#[test]
fn an_epoch_counts_once_all_parts_and_the_manifest_are_there() {
    let (_directory, checkpoints, _) = epochs(1);
    let mut run = Run::new();
    run.epoch();
    let (model, optimizer, scheduler) = run.records();
    checkpoints.save(2, scheduler).unwrap();
    assert_eq!(checkpoints.epochs().unwrap(), [1]);
    checkpoints.save(2, model).unwrap();
    assert_eq!(checkpoints.latest().unwrap().unwrap().epoch, 1);
    let error = restored(&checkpoints, 2).unwrap_err();
    assert!(error.contains("epoch 2 is not complete"), "{error}");

    // The process is killed here; what another one saves never completes it.
    let checkpoints = reopen(checkpoints);
    assert_eq!(names(&checkpoints).len(), 4, "its parts are cleared");
    checkpoints.save(2, optimizer).unwrap();
    assert_eq!(checkpoints.latest().unwrap().unwrap().epoch, 1);
}

#[test]
fn each_damaged_part_is_named_and_its_epoch_passed_over() {
    for damaged in Part::ALL {
        for remove in [true, false] {
            let (_directory, checkpoints, saved) = epochs(2);
            let path = part(&checkpoints, 2, damaged);
            let reason = match remove {
                true => {
                    fs::remove_file(&path).unwrap();
                    "is missing"
                }
                false => {
                    let mut bytes = fs::read(&path).unwrap();
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 1;
                    fs::write(&path, bytes).unwrap();
                    "has another hash"
                }
            };
            let checkpoints = reopen(checkpoints);
            let part = damaged.name();
            let path = path.display();
            let expected = format!("epoch 2: its {part} is not what was saved: `{path}` {reason}");
            let error = restored(&checkpoints, 2).unwrap_err();
            assert!(error.contains(&expected), "{error}");

            let latest = checkpoints.latest().unwrap().unwrap();
            assert_eq!((latest.epoch, latest.passed_over.len()), (1, 1));
            assert_eq!(latest.passed_over[0].to_string(), expected);
            assert!(restored(&checkpoints, 1).unwrap() == saved[0]);
        }
    }
}

#[test]
fn a_damaged_manifest_is_passed_over_and_its_parts_left_alone() {
    let (_directory, checkpoints, _) = epochs(2);
    fs::write(manifest_path(checkpoints.path(), 2), "{").unwrap();
    let checkpoints = reopen(checkpoints);
    assert_eq!(names(&checkpoints).len(), 8);
    assert_eq!(checkpoints.latest().unwrap().unwrap().epoch, 1);
    fs::write(manifest_path(checkpoints.path(), 1), "").unwrap();
    let error = checkpoints.latest().unwrap_err();
    assert!(
        matches!(&error, EpochCheckpointError::NoneWhole { passed_over, .. } if passed_over.len() == 2),
        "{error}"
    );
}

#[test]
fn an_epoch_is_deleted_once_a_later_one_is_complete() {
    let (_directory, checkpoints, _) = epochs(0);
    let run = Run::new();
    delete(&checkpoints, 1); // there is none
    save(&checkpoints, 1, &run);
    delete(&checkpoints, 1); // as a strategy says before it says save
    assert_eq!(checkpoints.epochs().unwrap(), [1]);
    let (model, optimizer, scheduler) = run.records();
    checkpoints.save(2, model).unwrap();
    checkpoints.save(2, optimizer).unwrap();
    assert_eq!(checkpoints.epochs().unwrap(), [1]);
    checkpoints.save(2, scheduler).unwrap();
    assert_eq!(checkpoints.epochs().unwrap(), [2]);
    assert_eq!(names(&checkpoints).len(), 4, "its parts are gone too");

    save(&checkpoints, 3, &run);
    delete(&checkpoints, 2);
    assert_eq!(checkpoints.epochs().unwrap(), [3]);
    delete(&checkpoints, 3);
    save(&checkpoints, 3, &run); // once more, so that it stays
    save(&checkpoints, 4, &run);
    assert_eq!(checkpoints.epochs().unwrap(), [3, 4]);
}

#[test]
fn a_later_epoch_that_is_damaged_does_not_count_as_a_replacement() {
    let (_directory, checkpoints, _) = epochs(3);
    fs::remove_file(part(&checkpoints, 3, Part::Scheduler)).unwrap();
    let checkpoints = reopen(checkpoints);
    assert_eq!(checkpoints.latest().unwrap().unwrap().epoch, 2);
    delete(&checkpoints, 2);
    assert_eq!(checkpoints.latest().unwrap().unwrap().epoch, 2);
    delete(&checkpoints, 1);
    assert_eq!(checkpoints.epochs().unwrap(), [2, 3]);
    save(&checkpoints, 3, &Run::new());
    assert_eq!(checkpoints.latest().unwrap().unwrap().epoch, 3);
    assert_eq!(checkpoints.epochs().unwrap(), [3]);
}

#[test]
fn an_epoch_that_is_saved_again_is_there_until_the_new_one_is_complete() {
    let (_directory, checkpoints, saved) = epochs(2);
    let checkpoints = reopen(checkpoints);
    let mut run = Run::new();
    run.epoch();
    let (model, optimizer, scheduler) = run.records();
    checkpoints.save(2, model).unwrap();
    checkpoints.save(2, optimizer).unwrap();
    assert!(restored(&checkpoints, 2).unwrap() == saved[1]);
    checkpoints.save(2, scheduler).unwrap();
    assert!(restored(&checkpoints, 2).unwrap() == super::tests::saved(&run));
    assert_eq!(names(&checkpoints).len(), 8, "what it replaced is gone");

    checkpoints.discard_after(1).unwrap();
    assert!(restored(&checkpoints, 1).unwrap() == saved[0]);
    assert_eq!(names(&checkpoints).len(), 4);
    assert!(checkpoints.discard_after(2).is_err());
}

#[test]
fn after_a_failure_nothing_more_is_saved() {
    let (_directory, checkpoints, _) = epochs(1);
    let (model, optimizer, scheduler) = Run::new().records();
    // A directory has the name that the part needs.
    let digest = Digest::of(&Run::new().lr.to_record().into_bytes().unwrap());
    let path = checkpoints
        .path()
        .join(part_name(2, Part::Scheduler, &digest));
    fs::create_dir(&path).unwrap();
    checkpoints.save(2, model).unwrap();
    let error = checkpoints.save(2, scheduler).unwrap_err();
    assert!(error.to_string().contains("can't write"), "{error}");
    let error = checkpoints.save(2, optimizer).unwrap_err();
    assert!(
        error.to_string().contains("an earlier save failed"),
        "{error}"
    );
    assert_eq!(checkpoints.latest().unwrap().unwrap().epoch, 1);
    fs::remove_dir(&path).unwrap();
    let checkpoints = reopen(checkpoints);
    save(&checkpoints, 2, &Run::new());
    assert_eq!(checkpoints.latest().unwrap().unwrap().epoch, 2);
}

#[test]
fn one_training_at_a_time_and_nothing_that_is_not_ours() {
    let (_directory, checkpoints, _) = epochs(1);
    let error = EpochCheckpoints::open(checkpoints.path()).unwrap_err();
    assert!(
        matches!(error, EpochCheckpointError::Busy { .. }),
        "{error}"
    );
    let path = |name: &str| checkpoints.path().join(name);
    let foreign = [
        "model-1.bpk",
        "epoch-000001-model-x.bpk",
        "notes.4294967295-0.tmp",
    ];
    foreign
        .iter()
        .for_each(|name| fs::write(path(name), "").unwrap());
    let leftovers = [
        path("epoch-000001.json.4294967295-0.tmp"),
        path("epoch-000009-model-0123456789abcdef.bpk.4294967295-0.tmp"),
        path("epoch-000001-model-0123456789abcdef.bpk"),
        path("epoch-000009-model-0123456789abcdef.bpk"),
    ];
    leftovers
        .iter()
        .for_each(|path| fs::write(path, "").unwrap());
    let checkpoints = reopen(checkpoints);
    assert!(leftovers.iter().all(|path| !path.exists()));
    assert!(
        foreign
            .iter()
            .all(|name| checkpoints.path().join(name).exists())
    );
    assert_eq!(names(&checkpoints).len(), 4 + foreign.len());
    assert_eq!(checkpoints.latest().unwrap().unwrap().epoch, 1);
}

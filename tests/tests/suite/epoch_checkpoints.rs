//! Epochs that burn-train saves on its own threads, however late those come to it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use burn::data::dataloader::DataLoaderBuilder;
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::InMemDataset;
use burn::module::Module;
use burn::optim::{AdamConfig, OptimizerRecord};
use burn::store::ModuleRecord;
use burn::tensor::{Device, Tensor};
use burn::train::checkpoint::{Checkpoint, Checkpointer, CheckpointerError, KeepLastNCheckpoints};
use burn::train::{Learner, SupervisedTraining};
use burn_lr::Averaged;
use burn_lr::prelude::*;
use burn_lr::train::{EpochCheckpoints, EpochDataLoader, WaitForSaves};
use linear::data::Dataset;
use tests::devices;

use crate::burn::Regression;

/// Saves after the first steps of the next epoch, as where there is much to save.
struct Late(EpochCheckpoints);

impl<R> Checkpointer<R> for Late
where
    R: Checkpoint,
    EpochCheckpoints: Checkpointer<R>,
{
    fn save(&self, epoch: usize, record: R) -> Result<(), CheckpointerError> {
        sleep(Duration::from_millis(300));
        self.0.save(epoch, record)
    }

    fn delete(&self, epoch: usize) -> Result<(), CheckpointerError> {
        Checkpointer::<R>::delete(&self.0, epoch)
    }

    fn restore(&self, epoch: usize) -> Result<R, CheckpointerError> {
        self.0.restore(epoch)
    }
}

/// All training patients, whatever is asked for.
#[derive(Clone)]
struct Patients;

impl Batcher<u8, (Tensor<2>, Tensor<2>)> for Patients {
    fn batch(&self, _: Vec<u8>, device: &Device) -> (Tensor<2>, Tensor<2>) {
        Dataset::new(1).train.to_tensors(device)
    }
}

/// Trains `model` on `device` and saves every epoch of five steps in `directory`.
fn train(model: Averaged<Regression>, device: &Device, epochs: usize, directory: &Path) {
    let batches = |count| InMemDataset::new(vec![0; count]);
    let train = EpochDataLoader::new(Arc::new(batches(5)), Patients, 1, 7, device);
    let valid = DataLoaderBuilder::new(Patients).set_device(device.clone().inner());
    let checkpoints = EpochCheckpoints::open(directory).unwrap();
    let late = || Late(checkpoints.clone());
    let every_epoch = KeepLastNCheckpoints::new(epochs);
    let training = SupervisedTraining::new(directory, Arc::new(train), valid.build(batches(1)))
        .with_custom_checkpointers(late(), late(), late())
        .with_checkpointing_strategy(WaitForSaves::new(device).with_strategy(every_epoch))
        .with_application_logger(None)
        .renderer(Box::new(digits::plain::Lines::default()))
        .num_epochs(epochs);
    let lr = Scheduler::new(Constant::new(0.01));
    let result = training.launch(Learner::new(model, AdamConfig::new().init(), lr));
    assert!(result.error.is_none(), "{:?}", result.error);
}

/// The values of a record, by name.
fn values(record: impl Checkpoint) -> BTreeMap<String, Vec<u8>> {
    let reader = burn_pack::Reader::from_bytes(record.checkpoint_into_bytes().unwrap()).unwrap();
    let tensors = reader.into_tensors().unwrap().into_iter();
    tensors
        .map(|tensor| (tensor.name.clone(), tensor.to_bytes().unwrap().to_vec()))
        .collect()
}

/// The model and the optimizer's state of an epoch.
fn saved(directory: &Path, epoch: usize) -> [BTreeMap<String, Vec<u8>>; 2] {
    let checkpoints = EpochCheckpoints::open(directory).unwrap();
    let model: ModuleRecord = checkpoints.restore(epoch).unwrap();
    let optimizer: OptimizerRecord = checkpoints.restore(epoch).unwrap();
    [values(model), values(optimizer)]
}

#[test]
fn an_epoch_is_saved_as_it_ended_though_the_next_one_trains() {
    for device in devices() {
        let model = Regression::new(&device);
        model.clone().into_record().into_bytes().unwrap(); // which initializes it
        let trained = |epochs: usize| {
            let directory = tempfile::tempdir().unwrap();
            let average = WeightAverage::ema(&model, Constant::new(0.9));
            let averaged = Averaged {
                model: model.clone(),
                average: Some(average),
            };
            train(averaged, &device, epochs, directory.path());
            directory
        };
        let whole = trained(3);
        for epoch in [1, 2] {
            let ended = saved(trained(epoch).path(), epoch); // after it, nothing was trained
            for (saved, ended) in saved(whole.path(), epoch).iter().zip(&ended) {
                let names = ended
                    .keys()
                    .filter(|name| saved.get(*name) != ended.get(*name));
                let other: Vec<&String> = names.collect();
                assert!(other.is_empty(), "epoch {epoch} on {device:?}: {other:?}");
                assert_eq!(saved.len(), ended.len());
            }
        }
    }
}

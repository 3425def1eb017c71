//! Averages of weights inside burn-train: the training goes by the model as if there were none.

use std::sync::Arc;

use burn::data::dataloader::DataLoaderBuilder;
use burn::module::Module;
use burn::optim::AdamConfig;
use burn::tensor::Device;
use burn::train::metric::LossMetric;
use burn::train::{
    ExecutionStrategy, InferenceStep, Learner, LearningResult, MultiDeviceOptim,
    SupervisedTraining, TrainingStrategy,
};
use burn_lr::Averaged;
use burn_lr::prelude::*;
use burn_lr::train::EpochDataLoader;
use digits::data::{self, DigitBatcher};
use digits::model::Network;

type Strategy = TrainingStrategy<Averaged<Network>>;

/// Two epochs of 23 batches, and the optimizer's steps in them, each of which is of up to three batches.
const STEPS: u64 = 2 * 8;

fn train(model: Averaged<Network>, strategy: Option<Strategy>) -> Averaged<Network> {
    let directory = tempfile::tempdir().unwrap();
    let (train, valid) = data::split();
    let train = EpochDataLoader::new(Arc::new(train), DigitBatcher, 64, 7, &Device::flex());
    let loader = DataLoaderBuilder::new(DigitBatcher).batch_size(128);
    let valid = loader.set_device(Device::flex()).build(valid);
    let training = SupervisedTraining::new(directory.path(), Arc::new(train), valid)
        .metrics((LossMetric::new(),))
        .with_application_logger(None)
        .renderer(Box::new(digits::plain::Lines::default()))
        .num_epochs(2);
    let training = match strategy {
        Some(strategy) => training.with_training_strategy(strategy),
        None => training.grads_accumulation(3),
    };
    let lr = Scheduler::new(Constant::new(0.01));
    let learner = Learner::new(model, AdamConfig::new().init(), lr);
    let LearningResult { model, error, .. } = training.launch(learner);
    assert!(error.is_none(), "{error:?}");
    model
}

fn bytes(model: &Network) -> Vec<Vec<u8>> {
    let record = model.clone().into_record().into_bytes().unwrap();
    let reader = burn_pack::Reader::from_bytes(record).unwrap();
    let tensors = reader.into_tensors().unwrap().into_iter();
    tensors
        .map(|tensor| tensor.to_bytes().unwrap().to_vec())
        .collect()
}

#[test]
fn the_training_is_the_same_and_every_step_is_in_the_average() {
    let network = Network::new(&Device::flex().autodiff());
    bytes(&network); // which initializes it
    let one = |average: Option<fn(&Network) -> WeightAverage<Network>>| {
        let model = network.clone();
        let average = average.map(|average| average(&model));
        train(Averaged { model, average }, None)
    };
    let without = one(None);
    assert!(bytes(without.evaluated()) == bytes(&without.model));
    let with = one(Some(|model| WeightAverage::ema(model, Constant::new(0.9))));
    assert!(bytes(&with.model) == bytes(&without.model));
    assert!(bytes(with.evaluated()) != bytes(&with.model));
    assert_eq!(with.average.as_ref().unwrap().updates(), STEPS);

    // What it gives for a batch is the average's, and the model's until there is one.
    let (train, _) = data::split();
    let loader = EpochDataLoader::new(Arc::new(train), DigitBatcher, 64, 7, &Device::flex());
    let batch = burn::data::dataloader::DataLoader::iter(&loader);
    let batch = batch.map(Result::unwrap).next().unwrap();
    let output = |model: &Averaged<Network>| {
        let output = InferenceStep::step(model, batch.clone()).output;
        output.try_into_vec_as::<f32>().unwrap()
    };
    let raw = output(&without);
    assert_ne!(output(&with), raw);
    let later = one(Some(|model| WeightAverage::swa(model, STEPS, 1)));
    assert_eq!(later.average.as_ref().unwrap().samples(), 0);
    assert_eq!(output(&later), raw);
}

#[test]
fn several_workers_share_one_average() {
    let network = Network::new(&Device::flex().autodiff());
    for optim in [
        MultiDeviceOptim::OptimMainDevice,
        MultiDeviceOptim::OptimSharded,
    ] {
        let model = network.clone();
        let average = Some(WeightAverage::ema(&model, Constant::new(0.0)));
        let devices = vec![Device::flex(), Device::flex()];
        let strategy = ExecutionStrategy::multi(devices, optim).into();
        let done = train(Averaged { model, average }, Some(strategy));
        let average = done.average.as_ref().unwrap();
        assert!(average.updates() > 0 && average.updates() == average.samples());
        // A decay of 0: it is the model itself, as it is after the last step.
        for (value, other) in bytes(done.evaluated()).iter().zip(bytes(&done.model)) {
            let floats = |bytes: &[u8]| -> Vec<f32> {
                let numbers = bytes.chunks_exact(4);
                let numbers = numbers.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
                numbers.collect()
            };
            for (value, other) in floats(value).iter().zip(floats(&other)) {
                assert!((value - other).abs() <= 1e-6 * other.abs().max(1.0));
            }
        }
    }
}

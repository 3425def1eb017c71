//! The learning-rate finder: beside fastai's, and on models that it must leave as they are.

use std::sync::Arc;

use burn::data::dataloader::DataLoader;
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::InMemDataset;
use burn::module::Module;
use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::optim::{AdamConfig, ModuleOptimizer, OptimizerRecord};
use burn::tensor::{Device, Tensor};
use burn::train::{RegressionOutput, TrainOutput, TrainStep};
use burn_lr::finder::{
    FinderError, FinderRunError, LrFinder, LrFinderConfig, Outcome, Point, RangeTest,
};
use burn_lr::prelude::*;
use burn_lr::train::EpochDataLoader;
use serde_json::Value;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// The numbers, with `null` for NaN.
fn numbers(value: &Value) -> Vec<f64> {
    let number = |value: &Value| match value.is_null() {
        true => f64::NAN,
        false => number(value),
    };
    value.as_array().unwrap().iter().map(number).collect()
}

fn close(ours: f64, theirs: f64, tolerance: f64) -> bool {
    (ours - theirs).abs() <= tolerance * theirs.abs()
}

/// The finder with the options of a call of fastai's `lr_find`.
fn like_fastai(options: &Value) -> LrFinder {
    let mut config = LrFinderConfig::new();
    for (name, value) in options.as_object().unwrap() {
        config = match name.as_str() {
            "start_lr" => config.with_start(number(value)),
            "end_lr" => config.with_end(number(value)),
            "num_it" => config.with_steps(value.as_u64().unwrap()),
            "stop_div" => config.with_divergence(value.as_bool().unwrap().then_some(4.0)),
            other => panic!("{other} is no option"),
        };
    }
    config.build().unwrap()
}

/// fastai's are 32-bit numbers.
#[test]
fn it_sees_and_suggests_what_fastai_does() {
    let cases: Value = serde_json::from_str(include_str!("../../fastai/range_tests.json")).unwrap();
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 9);
    for (case, n) in cases.iter().zip(0..) {
        let losses = numbers(&case["losses"]);
        let mut heard = losses.iter();
        let found = like_fastai(&case["options"])
            .sweep(|_| heard.next().copied().ok_or("no more losses"))
            .unwrap();
        // It ends with the same step; but fastai goes on where the loss is no number any more.
        let finite = losses.iter().take_while(|loss| loss.is_finite()).count();
        assert_eq!(finite < losses.len(), n == 8);
        assert_eq!(found.points().len(), finite, "case {n}");
        let theirs = numbers(&case["rates"]).into_iter();
        for (point, (rate, smoothed)) in found
            .points()
            .iter()
            .zip(theirs.zip(numbers(&case["smoothed"])))
        {
            assert!(
                close(point.rate, rate, 1e-12),
                "case {n}: {point:?}, {rate}"
            );
            let same = close(point.smoothed, smoothed, 1e-5);
            assert!(same, "case {n}: {point:?}, {smoothed}");
        }
        let ours = [
            ("steep", found.steepest()),
            ("valley", found.valley()),
            ("minimum", found.minimum()),
            ("slide", found.slide()),
        ];
        for (name, ours) in ours {
            let theirs = number(&case["suggestions"][name]);
            match ours {
                Ok(ours) => {
                    let same = close(ours.rate, theirs, 1e-6);
                    assert!(same, "case {n}, {name}: {ours:?}, {theirs}");
                }
                // The first point that is judged by is the lowest, and fastai gives that.
                Err(FinderError::NeverFalls { rate, .. }) => {
                    assert_eq!((n, name), (6, "minimum"));
                    assert!(close(rate / 10.0, theirs, 1e-6));
                }
                Err(error) => panic!("case {n}, {name}: {error}"),
            }
        }
    }
}

fn of(losses: &[f64]) -> RangeTest {
    let mut losses = losses.iter().copied();
    let config = LrFinderConfig::new().with_smoothing(0.0);
    let mut finder = config.build().unwrap();
    while let (Some(_), Some(loss)) = (finder.next_rate(), losses.next()) {
        finder.observe(loss);
    }
    finder.finish()
}

#[test]
fn what_cannot_be_told_is_an_error_that_says_why() {
    let too_few = of(&[1.0, 1.0, f64::NAN]);
    for suggestion in [
        too_few.steepest(),
        too_few.valley(),
        too_few.minimum(),
        too_few.slide(),
    ] {
        let text = suggestion.unwrap_err().to_string();
        let start = "the loss was NaN at a rate of 1.445439770745927";
        assert!(text.starts_with(start), "{text}");
        assert!(text.contains("after 2 of 100 steps"), "{text}");
    }
    // It was 4 times as high as at first from the second step on.
    let diverged = of(&[1.0, 5.0]).valley().unwrap_err();
    let text = diverged.to_string();
    assert!(
        text.starts_with("the range test diverged after 2"),
        "{text}"
    );

    let climbing: Vec<f64> = (0..100).map(|n| 1.0 + f64::from(n) / 100.0).collect();
    let flat = [1.0; 100];
    for found in [of(&climbing), of(&flat)] {
        for suggestion in [found.steepest(), found.valley(), found.minimum()] {
            let error = suggestion.unwrap_err();
            assert!(matches!(error, FinderError::NeverFalls { .. }), "{error}");
        }
        assert!(found.slide().is_ok());
    }
    // 10 are left out before and 5 behind: one more makes a pair, and 14 more a slide.
    let falling = |steps: i32| of(&(0..steps).map(|n| -f64::from(n)).collect::<Vec<_>>());
    assert_eq!(falling(16).outcome(), Outcome::Unfinished);
    assert!(falling(16).valley().is_err() && falling(17).valley().is_ok());
    assert!(falling(30).slide().is_err() && falling(31).slide().is_ok());
    // One whose loss isn't finite is among the last 5.
    let mut losses: Vec<f64> = (0..16).map(|n| -f64::from(n)).collect();
    losses.push(f64::INFINITY);
    assert!(of(&losses).valley().is_ok());
}

/// A network with a running state, which clones share.
#[derive(Module, Debug)]
struct Network {
    input: Linear,
    norm: BatchNorm,
    output: Linear,
}

impl Network {
    fn new(device: &Device) -> Self {
        Self {
            input: LinearConfig::new(3, 8).init(device),
            norm: BatchNormConfig::new(8).init(device),
            output: LinearConfig::new(8, 1).init(device),
        }
    }
}

impl TrainStep for Network {
    type Input = (Tensor<2>, Tensor<2>);
    type Output = RegressionOutput;

    fn step(&self, (inputs, targets): Self::Input) -> TrainOutput<RegressionOutput> {
        let hidden = self.norm.forward(self.input.forward(inputs));
        let output = self.output.forward(hidden);
        let loss = MseLoss::new().forward(output.clone(), targets.clone(), Reduction::Mean);
        let item = RegressionOutput::new(loss.clone(), output, targets);
        TrainOutput::new(self, loss.backward(), item)
    }
}

struct Rows;

impl Batcher<[f32; 3], (Tensor<2>, Tensor<2>)> for Rows {
    fn batch(&self, items: Vec<[f32; 3]>, device: &Device) -> (Tensor<2>, Tensor<2>) {
        let count = items.len();
        let rows = Tensor::<1>::from_floats(items.concat().as_slice(), device);
        let inputs = rows.reshape([count, 3]);
        (inputs.clone(), inputs.sum_dim(1))
    }
}

fn loader(rows: u32, device: &Device) -> EpochDataLoader<[f32; 3], (Tensor<2>, Tensor<2>)> {
    let value = |n: u32| ((n * 37 % 101) as f32 / 101.0 - 0.5) * 2.0;
    let rows = (0..rows).map(|n| [value(n), value(n + 1_000), value(n + 5_000)]);
    EpochDataLoader::new(
        Arc::new(InMemDataset::new(rows.collect())),
        Rows,
        16,
        7,
        device,
    )
}

fn bytes(model: &Network) -> Vec<u8> {
    let record = model.clone().into_record().into_bytes().unwrap();
    record.to_vec()
}

fn optimizer_bytes(optimizer: &ModuleOptimizer) -> Vec<u8> {
    let record: OptimizerRecord = optimizer.to_record();
    record.into_bytes().unwrap().to_vec()
}

#[test]
fn model_optimizer_and_scheduler_are_left_as_they_were() {
    for device in tests::devices() {
        device.seed(3);
        let mut model = Network::new(&device);
        let mut optimizer = AdamConfig::new().init();
        let mut lr = Scheduler::new(Constant::new(0.01).warmup(10));
        // In the middle of a training, so that there is a state of everything.
        let data = loader(100, &device);
        for batch in data.epoch(1) {
            let output = TrainStep::step(&model, batch.unwrap());
            model = optimizer.step(lr.step(), model, output.grads);
        }
        let _ = model.valid(); // folds the running state of the last batch in, as a validation does
        let before = (
            bytes(&model),
            optimizer_bytes(&optimizer),
            lr.to_record().into_bytes().unwrap().to_vec(),
        );
        let found = LrFinder::new().run(&model, &optimizer, &data).unwrap();
        let after = (
            bytes(&model),
            optimizer_bytes(&optimizer),
            lr.to_record().into_bytes().unwrap().to_vec(),
        );
        assert!(before == after, "something changed on {device:?}");
        assert_eq!(lr.position(), 7);
        // It did train: with a rate that is far too high, it diverges.
        assert!(found.points().len() > 30);
        assert!(found.points()[20].loss != found.points()[27].loss);

        // As many passes as it takes: 7 batches in each.
        let passes = found.points().len().div_ceil(7) as u64;
        assert_eq!(data.next_epoch(), 1 + passes);

        // The same again, since weights and batches are the same.
        let again = LrFinder::new().run(&model, &optimizer, &data.starting_with(1));
        assert_eq!(again.unwrap(), found);
    }
}

/// A hand-written loop with burn-train's step does what `run` does.
#[test]
fn a_loop_by_hand_finds_the_same() {
    let device = Device::flex().autodiff();
    device.seed(5);
    let model = Network::new(&device);
    let optimizer = AdamConfig::new().init();
    let data = loader(100, &device);
    let found = LrFinder::new().run(&model, &optimizer, &data).unwrap();

    let mut finder = LrFinder::new();
    let (mut trial, mut trial_optimizer) = (model.valid().train(), optimizer.clone());
    let mut batches = (1..).flat_map(|epoch| data.epoch(epoch));
    while let Some(rate) = finder.next_rate() {
        let output = TrainStep::step(&trial, batches.next().unwrap().unwrap());
        trial = trial_optimizer.step(rate, trial, output.grads);
        finder.observe(f64::from(output.item.loss.into_scalar::<f32>()));
    }
    let by_hand = finder.finish();
    let losses = |found: &RangeTest| -> Vec<Point> { found.points().to_vec() };
    assert_eq!(losses(&by_hand), losses(&found));
}

#[test]
fn without_data_it_says_so() {
    let device = Device::flex().autodiff();
    let model = Network::new(&device);
    let empty = loader(0, &device);
    let empty: &dyn DataLoader<_> = &empty;
    let found = LrFinder::new().run(&model, &AdamConfig::new().init(), empty);
    assert!(matches!(found, Err(FinderRunError::NoData)));
}

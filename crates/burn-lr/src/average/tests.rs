//! Averages beside those of PyTorch and timm, of the same training (`tests/torch/average.py`).

use std::collections::BTreeMap;

use burn::module::{Module, Param, Parameter, RunningState};
use burn::nn::{BatchNorm, BatchNormConfig, Linear};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{DType, Device, Tensor, TensorData};
use lr_schedule::prelude::*;
use serde::Deserialize;

use super::*;

const STEPS: usize = 200;
const ROWS: usize = 64;

/// By the names of PyTorch.
type State = BTreeMap<String, Vec<f64>>;

fn device() -> Device {
    Device::flex().autodiff()
}

fn tensor<const D: usize>(values: Vec<f64>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), (&device(), DType::F64))
}

fn layer(inputs: usize, outputs: usize) -> Linear {
    let weight = |index| 0.2 * f64::sin((1 + (index % outputs) * inputs + index / outputs) as f64);
    let weights = (0..inputs * outputs).map(weight).collect();
    Linear {
        weight: Param::from_tensor(tensor(weights, [inputs, outputs])),
        bias: Some(Param::from_tensor(tensor(vec![0.0; outputs], [outputs]))),
    }
}

#[derive(Module, Debug)]
struct Model {
    first: Linear,
    rest: Option<(BatchNorm, Linear)>,
}

/// The variance of a batch divided by its size, as a share of that divided by one less.
const BIASED: f64 = (ROWS - 1) as f64 / ROWS as f64;

impl Model {
    fn linear() -> Self {
        Self {
            first: layer(10, 1),
            rest: None,
        }
    }

    fn with_batch_norm() -> Self {
        let norm = BatchNorm {
            gamma: Param::from_tensor(tensor(vec![1.0; 8], [8])),
            beta: Param::from_tensor(tensor(vec![0.0; 8], [8])),
            running_mean: RunningState::new(tensor(vec![0.0; 8], [8])),
            // So that it is at each step PyTorch's times that share.
            running_var: RunningState::new(tensor(vec![BIASED; 8], [8])),
            ..BatchNormConfig::new(8).init(&device())
        };
        Self {
            first: layer(10, 8),
            rest: Some((norm, layer(8, 1))),
        }
    }

    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let outputs = self.first.forward(inputs);
        match &self.rest {
            None => outputs,
            Some((norm, last)) => last.forward(relu(norm.forward(outputs))),
        }
    }

    /// Its numbers by PyTorch's names, as PyTorch has them.
    fn state(&self) -> State {
        let mut state = State::new();
        let mut add = |name: &str, values: Tensor<1>, factor: f64| {
            let data = values.into_data();
            let values = data.iter::<f64>().map(|value| value * factor);
            state.insert(name.to_string(), values.collect());
        };
        let rows = |layer: &Linear| layer.weight.val().transpose().reshape([-1]);
        let bias = |layer: &Linear| layer.bias.as_ref().unwrap().val();
        add("0.weight", rows(&self.first), 1.0);
        add("0.bias", bias(&self.first), 1.0);
        if let Some((norm, last)) = &self.rest {
            add("1.weight", norm.gamma.val(), 1.0);
            add("1.bias", norm.beta.val(), 1.0);
            add("1.running_mean", norm.running_mean.value(), 1.0);
            add("1.running_var", norm.running_var.value(), 1.0 / BIASED);
            add("3.weight", rows(last), 1.0);
            add("3.bias", bias(last), 1.0);
        }
        state
    }
}

fn batch(step: usize) -> (Tensor<2>, Tensor<2>) {
    let input = |row: usize, column: usize| {
        f64::sin((1 + 7 * step + 3 * row + column * column) as f64) + column as f64 / 10.0
    };
    let rows = (0..ROWS).map(|row| (0..10).map(|column| input(row, column)).collect::<Vec<_>>());
    let rows: Vec<Vec<f64>> = rows.collect();
    let targets = rows
        .iter()
        .enumerate()
        .map(|(row, inputs)| inputs.iter().sum::<f64>() / 10.0 + f64::cos((step + row) as f64));
    let targets = tensor(targets.collect(), [ROWS, 1]);
    (tensor(rows.concat(), [ROWS, 10]), targets)
}

/// Trains, and shows the model after each step.
fn train(mut model: Model, steps: std::ops::Range<usize>, mut each: impl FnMut(&Model)) -> Model {
    let mut optimizer = SgdConfig::new().init();
    for step in steps {
        let (inputs, targets) = batch(step);
        let loss = (model.forward(inputs) - targets).square().mean();
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(0.05, model, grads);
        each(&model);
    }
    model
}

/// `model` with the statistics of these inputs.
fn updated(
    model: Model,
    inputs: impl IntoIterator<Item = Tensor<2>>,
) -> Result<Model, UpdateBnError> {
    update_bn(model, inputs, |model, inputs| {
        drop(model.forward(inputs.clone()))
    })
}

fn largest<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    let values = values.into_iter();
    values.fold(0.0, |max: f64, value| max.max(value.abs()))
}

#[track_caller]
fn assert_close(ours: &[f64], theirs: &[f64], largest: f64, what: &str) {
    for (ours, theirs) in ours.iter().zip(theirs) {
        let difference = (ours - theirs).abs() / largest;
        assert!(difference < 1e-6, "{what}: {ours}, not {theirs}");
    }
}

#[track_caller]
fn assert_same(ours: &State, theirs: &State, what: &str) {
    assert!(ours.keys().eq(theirs.keys()), "{what}: {ours:?}");
    let weights = theirs.iter().filter(|(name, _)| !name.contains("running"));
    let of_weights = largest(weights.flat_map(|(_, values)| values));
    for (name, theirs) in theirs {
        let largest = match name.contains("running") {
            true => largest(theirs),
            false => of_weights,
        };
        assert_close(&ours[name], theirs, largest, &format!("{what}, {name}"));
    }
}

/// `1 - (1 + n / gamma)^-power`, up to `max`.
fn warmup(gamma: f64, power: f64, max: f64) -> impl Schedule + Send + Sync + 'static {
    let rest = InverseTimeConfig::new(-1.0, 1.0, gamma).with_power(power);
    let rest = rest.build().unwrap().into_dyn();
    sum([Constant::new(1.0).into_dyn(), rest]).clamp(Some(0.0), Some(max))
}

fn averages(model: &Model) -> Vec<(&'static str, WeightAverage<Model>)> {
    let ema = || WeightAverage::ema(model, Constant::new(0.99));
    let timm = WeightAverage::ema(model, warmup(2.0, 2.0 / 3.0, 0.9));
    vec![
        ("ema", ema()),
        ("ema_buffers", ema().with_averaged_buffers()),
        ("swa", WeightAverage::swa(model, 100, 20)),
        ("timm", timm.with_averaged_buffers()),
    ]
}

#[test]
fn averages_are_those_of_pytorch_and_timm() {
    let table = include_str!("../../../../tests/torch/average.json");
    let table: serde_json::Value = serde_json::from_str(table).unwrap();
    let models = [
        ("linear", Model::linear()),
        ("batch_norm", Model::with_batch_norm()),
    ];
    for (name, model) in models {
        let expected = BTreeMap::<String, State>::deserialize(&table[name]).unwrap();
        let mut averages = averages(&model);
        let raw = train(model, 0..STEPS, |model| {
            averages
                .iter_mut()
                .for_each(|(_, average)| average.update(model));
        });
        for (name, average) in &averages {
            assert_same(&average.model().state(), &expected[*name], name);
            assert_eq!(average.updates(), 200);
            assert_eq!(average.samples(), if *name == "swa" { 5 } else { 200 });
            let key = format!("{name}_update_bn");
            let Some(expected) = expected.get(&key) else {
                continue;
            };
            let inputs = (0..10).map(|number| batch(number).0);
            let updated = updated(average.model(), inputs).unwrap();
            assert_same(&updated.state(), expected, &key);
            assert_eq!(average.model().state(), average.clone().model().state());
        }
        assert!(raw.devices().iter().all(Device::is_autodiff));
    }
}

#[test]
fn frozen_weights_stay_as_they_are_to_the_bit_and_go_on_when_they_are_trained() {
    let frozen = |model: Model| Model {
        first: model.first.no_grad(),
        ..model
    };
    let model = frozen(Model::with_batch_norm());
    let before = model.state();
    let mut average = WeightAverage::ema(&model, Constant::new(0.9));
    let model = train(model, 0..10, |model| average.update(model));
    let now = average.model().state();
    assert_eq!(now["0.weight"], before["0.weight"]);
    assert_ne!(now["3.weight"], before["3.weight"]);

    // An average that was made of a frozen model takes its weights for weights.
    let model = Model {
        first: model.first.unfreeze(),
        ..model
    };
    let model = train(model, 10..11, |model| average.update(model));
    let (raw, now) = (model.state(), average.model().state());
    let key = "0.weight";
    for (now, (raw, before)) in now[key].iter().zip(raw[key].iter().zip(&before[key])) {
        assert!((now - (0.9 * before + 0.1 * raw)).abs() < 1e-12);
    }
}

#[test]
fn a_model_that_was_given_does_not_change_with_the_average() {
    let model = Model::with_batch_norm();
    let mut average = WeightAverage::ema(&model, Constant::new(0.5));
    let (given, copy) = (average.model(), average.clone());
    let before = given.state();
    let model = train(model, 0..3, |model| average.update(model));
    assert_eq!(given.state(), before);
    assert_eq!(copy.model().state(), before);
    let raw = model.state();
    average.model().train(); // nothing of the training is the average's
    assert_eq!(model.state(), raw);
    assert_ne!(average.model().state(), before);
}

#[test]
fn weights_that_are_shared_stay_shared() {
    #[derive(Module, Debug)]
    struct Tied {
        one: Linear,
        other: Linear,
    }
    let one = layer(2, 2);
    let model = |one: Linear| Tied {
        other: one.clone(),
        one,
    };
    let mut average = WeightAverage::ema(&model(one.clone()), Constant::new(0.5));
    average.update(&model(one.clone()));
    let moved = Linear {
        weight: one.weight.map(|weight| weight.detach() + 1.0),
        ..one
    };
    average.update(&model(moved));
    let Tied { one, other } = average.model();
    assert_eq!(one.weight.val().into_data(), other.weight.val().into_data());
    let before = layer(2, 2).weight.val().inner();
    let after = before.clone() + 1.0;
    let expected = (before - after.clone()) * 0.5 + after;
    assert_eq!(one.weight.val().into_data(), expected.into_data());
}

#[test]
#[should_panic(expected = "the model has another `first.weight` than the average")]
fn a_model_of_other_shapes_is_refused() {
    let mut average = WeightAverage::ema(&Model::linear(), Constant::new(0.5));
    average.update(&Model::with_batch_norm());
}

#[test]
#[should_panic(expected = "`every` must be at least 1, got 0")]
fn samples_are_taken_every_so_many_steps() {
    WeightAverage::swa(&Model::linear(), 0, 0);
}

#[test]
fn statistics_are_found_whatever_the_momentum() {
    for dtype in [DType::F32, DType::F64] {
        for momentum in [0.1, 0.01, 0.001, 0.3, 0.125, 1.0] {
            let mut model = Model::with_batch_norm();
            let (norm, _) = model.rest.as_mut().unwrap();
            norm.momentum = momentum;
            let model = model.map(&mut Cast(dtype));
            let input = |number| batch(number).0.cast(dtype);
            let updated = updated(model.clone(), (0..10).map(input)).unwrap();

            let outputs = (0..10).map(|number| model.first.forward(input(number)).inner());
            let of_batches = outputs.map(|outputs| outputs.mean_dim(0).reshape([-1]));
            let mean = Tensor::<1>::stack::<2>(of_batches.collect(), 0).mean_dim(0);
            let expected: Vec<f64> = mean.into_data().iter().collect();
            let found = &updated.state()["1.running_mean"];
            let what = format!("{momentum}");
            assert_close(found, &expected, largest(&expected), &what);
            // The training's own statistics are as they were.
            assert_eq!(model.state()["1.running_mean"], [0.0; 8]);
        }
    }
}

struct Cast(DType);

impl burn::module::ModuleMapper for Cast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| Parameter::set_require_grad(tensor.cast(self.0).detach(), true))
    }
}

#[test]
fn statistics_of_nothing_are_refused_and_frozen_ones_kept() {
    let none = updated(Model::with_batch_norm(), []);
    assert_eq!(none.unwrap_err(), UpdateBnError::NoBatches);
    assert!(updated(Model::linear(), []).is_ok());

    let infinite = batch(0).0 * f64::INFINITY;
    let error = updated(Model::with_batch_norm(), [infinite]).unwrap_err();
    assert!(error.to_string().contains("running_mean"), "{error}");

    let frozen = Model::with_batch_norm().freeze();
    let before = frozen.state();
    let after = updated(frozen, [batch(0).0]).unwrap();
    assert_eq!(after.state(), before);
}

//! Averages of weights beside those of PyTorch, timm and Lightning: of a training from its beginning
//! (`torch/average.py`), and of one that goes on from their files (`torch/averages.py`).

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use burn::module::{Module, ModuleMapper, Param, Parameter, RunningState};
use burn::nn::{BatchNorm, BatchNormConfig, Linear};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{DType, Device, Tensor};
use burn_lr::prelude::*;
use burn_lr::pytorch::{TorchFile, TorchNames, Value, load_weights};
use burn_lr::{UpdateBnError, update_bn};
use serde::Deserialize;
use tests::torch::{BATCH, Place, values, weights_of};

const SAVED: usize = 20;

/// The values by PyTorch's names.
type State = BTreeMap<String, Vec<f64>>;

fn place() -> Place {
    Place {
        device: Device::flex().autodiff(),
        dtype: DType::F64,
    }
}

#[derive(Module, Debug)]
struct Model {
    first: Linear,
    norm: Option<BatchNorm>,
    last: Option<Linear>,
}

/// The variance of a batch divided by its size, as a share of that divided by one less.
const BIASED: f64 = (BATCH - 1) as f64 / BATCH as f64;

impl Model {
    fn linear() -> Self {
        Self {
            first: place().layer(10, 1),
            norm: None,
            last: None,
        }
    }

    fn with_batch_norm() -> Self {
        let all = |value| place().tensor(vec![value; 8], [8]);
        let norm = BatchNorm {
            gamma: Param::from_tensor(all(1.0)),
            beta: Param::from_tensor(all(0.0)),
            running_mean: RunningState::new(all(0.0)),
            // So that it is at each step PyTorch's times that share.
            running_var: RunningState::new(all(BIASED)),
            ..BatchNormConfig::new(8).init(&place().device)
        };
        Self {
            first: place().layer(10, 8),
            norm: Some(norm),
            last: Some(place().layer(8, 1)),
        }
    }

    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let outputs = self.first.forward(inputs);
        match (&self.norm, &self.last) {
            (Some(norm), Some(last)) => last.forward(relu(norm.forward(outputs))),
            _ => outputs,
        }
    }

    /// Its numbers by PyTorch's names, as PyTorch has them.
    fn state(&self) -> State {
        let mut state = State::new();
        let mut add = |name: &str, values: Vec<f64>| state.insert(name.to_string(), values);
        let [weight, bias] = weights_of(&self.first);
        add("0.weight", weight);
        add("0.bias", bias);
        if let (Some(norm), Some(last)) = (&self.norm, &self.last) {
            let [weight, bias] = weights_of(last);
            add("1.weight", values(norm.gamma.val()));
            add("1.bias", values(norm.beta.val()));
            add("1.running_mean", values(norm.running_mean.value()));
            add("1.running_var", values(norm.running_var.value() / BIASED));
            add("3.weight", weight);
            add("3.bias", bias);
        }
        state
    }
}

fn batch(step: usize) -> (Tensor<2>, Tensor<2>) {
    let (mut inputs, mut targets) = (vec![], vec![]);
    for row in 0..BATCH {
        let value = |column: usize| {
            let phase = 1 + 7 * step + 3 * row + column * column;
            f64::sin(phase as f64) + column as f64 / 10.0
        };
        let values: Vec<f64> = (0..10).map(value).collect();
        targets.push(values.iter().sum::<f64>() / 10.0 + f64::cos((step + row) as f64));
        inputs.extend(values);
    }
    let tensor = |values, columns| place().tensor(values, [BATCH, columns]);
    (tensor(inputs, 10), tensor(targets, 1))
}

/// Trains, and shows the model after each step.
fn train(mut model: Model, steps: Range<usize>, mut each: impl FnMut(&Model)) -> Model {
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

/// Weights are compared beside the largest of all, since a bias before a batch norm has nothing but rounding in it.
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

/// timm's `ModelEmaV3`.
fn timm(model: &Model) -> WeightAverage<Model> {
    let decay = warmup(2.0, 2.0 / 3.0, 0.9);
    WeightAverage::ema(model, decay).with_averaged_buffers()
}

#[test]
fn averages_are_those_of_pytorch_and_timm() {
    let table: serde_json::Value =
        serde_json::from_str(include_str!("../../torch/average.json")).unwrap();
    for (name, model) in [
        ("linear", Model::linear()),
        ("batch_norm", Model::with_batch_norm()),
    ] {
        let expected = BTreeMap::<String, State>::deserialize(&table[name]).unwrap();
        let ema = || WeightAverage::ema(&model, Constant::new(0.99));
        let mut averages = [
            ("ema", ema()),
            ("ema_buffers", ema().with_averaged_buffers()),
            ("swa", WeightAverage::swa(&model, 100, 20)),
            ("timm", timm(&model)),
        ];
        let raw = train(model, 0..200, |model| {
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
    let one = place().layer(2, 2);
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
    let before = place().layer(2, 2).weight.val().inner();
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
            model.norm.as_mut().unwrap().momentum = momentum;
            let model = model.map(&mut Cast(dtype));
            let input = |number| batch(number).0.cast(dtype);
            let updated = updated(model.clone(), (0..10).map(input)).unwrap();

            let outputs = (0..10).map(|number| model.first.forward(input(number)).inner());
            let of_batches = outputs.map(|outputs| outputs.mean_dim(0).reshape([-1]));
            let mean = Tensor::<1>::stack::<2>(of_batches.collect(), 0).mean_dim(0);
            let expected = values(mean);
            let found = &updated.state()["1.running_mean"];
            let what = format!("{momentum}");
            assert_close(found, &expected, largest(&expected), &what);
            // The training's own statistics are as they were.
            assert_eq!(model.state()["1.running_mean"], [0.0; 8]);
        }
    }
}

struct Cast(DType);

impl ModuleMapper for Cast {
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

fn names() -> TorchNames {
    let parts = [("0", "first"), ("1", "norm"), ("3", "last")];
    let names = TorchNames::new().without("n_averaged");
    parts.into_iter().fold(names, |names, (torch, burn)| {
        let pattern = format!(r"^(module\.|net\.)?{torch}\.");
        names
            .with_key_remapping(&pattern, &format!("{burn}."))
            .unwrap()
    })
}

/// Continues from the training's own weights and the average to the last step.
fn goes_on(
    name: &str,
    raw: &Value<'_>,
    averaged: &Value<'_>,
    samples: u64,
    begin: impl Fn(&Model) -> WeightAverage<Model>,
) {
    let table = include_str!("../../torch/averages.json");
    let mut table: BTreeMap<String, State> = serde_json::from_str(table).unwrap();
    let load = |state| load_weights(Model::with_batch_norm(), state, &names()).unwrap();
    // The variance of PyTorch's files is not divided by the size of a batch, so that statistics are others.
    let weights = |mut state: State| {
        state.retain(|name, _| !name.contains("running"));
        state
    };
    let model = load(raw);
    let mut average = begin(&model).resume_from(&load(averaged), SAVED as u64, samples);
    assert_ne!(weights(model.state()), weights(average.model().state()));
    train(model, SAVED..30, |model| average.update(model));
    let expected = weights(table.remove(name).unwrap());
    assert_same(&weights(average.model().state()), &expected, name);
}

fn open(name: &str) -> TorchFile {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("torch/averages");
    TorchFile::open(directory.join(name)).unwrap()
}

type Rule<'r> = &'r dyn Fn(&Model) -> WeightAverage<Model>;

fn ema(model: &Model) -> WeightAverage<Model> {
    WeightAverage::ema(model, Constant::new(0.9))
}

#[test]
fn pytorchs_averages_go_on() {
    let swa = |model: &Model| WeightAverage::swa(model, 0, 4);
    let rules: [(&str, Rule); 2] = [("ema", &ema), ("swa", &swa)];
    for (name, rule) in rules {
        let file = open(&format!("{name}.pt"));
        let field = |name: &str| file.root().field(name).unwrap();
        let samples = field("average").field("n_averaged").unwrap();
        let samples = samples.count().unwrap();
        goes_on(name, &field("model"), &field("average"), samples, rule);
    }
}

#[test]
fn timms_average_goes_on() {
    let file = open("timm.pth.tar");
    let field = |name: &str| file.root().field(name).unwrap();
    let (raw, averaged) = (field("state_dict"), field("state_dict_ema"));
    goes_on("timm", &raw, &averaged, SAVED as u64, timm);
}

#[test]
fn lightnings_average_goes_on() {
    let file = open("lightning.ckpt");
    let root = file.root();
    let samples = root.at("averaging_state.n_averaged").unwrap();
    let samples = samples.count().unwrap();
    assert_eq!(samples, SAVED as u64);
    let field = |name: &str| root.field(name).unwrap();
    goes_on(
        "lightning",
        &field("current_model_state"),
        &field("state_dict"),
        samples,
        ema,
    );
}

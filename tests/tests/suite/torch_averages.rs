//! Averages of weights that PyTorch, timm and Lightning saved go on as they did there (`torch/averages.py`).

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, ModuleMapper, Param};
use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_lr::prelude::*;
use burn_lr::pytorch::{TorchFile, TorchNames, Value, load_weights};
use tests::devices;

const SAVED: u64 = 20;
const STEPS: u64 = 30;
const ROWS: usize = 64;

#[derive(Module, Debug)]
struct Model {
    first: Linear,
    norm: BatchNorm,
    last: Linear,
}

impl Model {
    fn new(device: &Device) -> Self {
        let model = Self {
            first: LinearConfig::new(10, 8).init(device),
            norm: BatchNormConfig::new(8).init(device),
            last: LinearConfig::new(8, 1).init(device),
        };
        model.map(&mut Double)
    }

    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let hidden = self.norm.forward(self.first.forward(inputs));
        self.last.forward(relu(hidden))
    }
}

struct Double;

impl ModuleMapper for Double {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor.cast(DType::F64).detach().require_grad())
    }
}

fn batch(step: u64, device: &Device) -> [Tensor<2>; 2] {
    let (mut inputs, mut targets) = (vec![], vec![]);
    for row in 0..ROWS {
        let value = |column: usize| {
            let phase = 1 + 7 * step as usize + 3 * row + column * column;
            (phase as f64).sin() + column as f64 / 10.0
        };
        let values: Vec<f64> = (0..10).map(value).collect();
        let mean = values.iter().sum::<f64>() / 10.0;
        targets.push(mean + ((step as usize + row) as f64).cos());
        inputs.extend(values);
    }
    [(inputs, 10), (targets, 1)].map(|(values, columns)| {
        Tensor::from_data(
            TensorData::new(values, [ROWS, columns]),
            (device, DType::F64),
        )
    })
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

/// The weights, as PyTorch lays them out.
fn weights(model: &Model) -> BTreeMap<&'static str, Vec<f64>> {
    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
        tensor.into_data().iter().collect()
    }
    let bias = |layer: &Linear| numbers(layer.bias.as_ref().unwrap().val());
    [
        ("0.weight", numbers(model.first.weight.val().transpose())),
        ("0.bias", bias(&model.first)),
        ("1.weight", numbers(model.norm.gamma.val())),
        ("1.bias", numbers(model.norm.beta.val())),
        ("3.weight", numbers(model.last.weight.val().transpose())),
        ("3.bias", bias(&model.last)),
    ]
    .into()
}

/// Goes on from the training's own weights and the average to the last step.
fn goes_on(
    name: &str,
    raw: &Value<'_>,
    averaged: &Value<'_>,
    samples: u64,
    begin: impl Fn(&Model) -> WeightAverage<Model>,
) {
    let table = include_str!("../../torch/averages.json");
    let table: BTreeMap<String, BTreeMap<String, Vec<f64>>> = serde_json::from_str(table).unwrap();
    let device = &devices()[0];
    let load = |state: &Value<'_>| load_weights(Model::new(device), state, &names()).unwrap();
    let mut model = load(raw);
    let mut average = begin(&model).resume_from(&load(averaged), SAVED, samples);
    assert_ne!(weights(&model), weights(&average.model()));
    let mut optimizer = SgdConfig::new().init();
    for step in SAVED..STEPS {
        let [inputs, targets] = batch(step, device);
        let outputs = model.forward(inputs);
        let loss = MseLoss::new().forward(outputs, targets, Reduction::Mean);
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(0.05, model, grads);
        average.update(&model);
    }
    // Of all, since a bias before a batch norm has nothing but rounding in it.
    let weights = weights(&average.model());
    let numbers = weights.values().flatten();
    let largest = numbers.fold(0.0f64, |most, value| most.max(value.abs()));
    for (path, values) in weights {
        for (value, expected) in values.iter().zip(&table[name][path]) {
            let difference = (value - expected).abs() / largest;
            assert!(difference < 1e-6, "{name}, {path}: {value}, not {expected}");
        }
    }
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
    let warmup = |model: &Model| {
        let rest = InverseTimeConfig::new(-1.0, 1.0, 2.0).with_power(2.0 / 3.0);
        let rest = rest.build().unwrap().into_dyn();
        let decay = sum([Constant::new(1.0).into_dyn(), rest]).clamp(None, Some(0.9));
        WeightAverage::ema(model, decay).with_averaged_buffers()
    };
    goes_on(
        "timm",
        &field("state_dict"),
        &field("state_dict_ema"),
        SAVED,
        warmup,
    );
}

#[test]
fn lightnings_average_goes_on() {
    let file = open("lightning.ckpt");
    let root = file.root();
    let samples = root.at("averaging_state.n_averaged").unwrap();
    let samples = samples.count().unwrap();
    assert_eq!(samples, SAVED);
    let field = |name: &str| root.field(name).unwrap();
    goes_on(
        "lightning",
        &field("current_model_state"),
        &field("state_dict"),
        samples,
        ema,
    );
}

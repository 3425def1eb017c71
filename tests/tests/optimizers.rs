//! Scheduled momentum and weight decay, step for step as PyTorch has them: 200 steps from the same
//! weights on the same batches. What PyTorch made of them stands in `torch/optimizers.json`.
//!
//! Where Burn's optimizers differ from PyTorch's: SGD dampens new gradients by default (set to 0
//! here), AdamW's epsilon is 1e-5 by default (1e-8 here), and momentum, betas, epsilon and weight
//! decay are 32-bit numbers, also for 64-bit parameters.

use burn::module::{Module, Param};
use burn::nn::Linear as LinearLayer;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_lr::prelude::*;
use serde::Deserialize;
use tests::devices;

const STEPS: usize = 200;
const BATCH: usize = 64;

#[derive(Deserialize)]
struct Case {
    model: String,
    optimizer: String,
    lr: Vec<f64>,
    #[serde(alias = "momentum", alias = "weight_decay")]
    moved: Vec<f64>,
    losses: Vec<f64>,
    weights: Weights,
}

#[derive(Deserialize)]
struct Weights {
    after: usize,
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
struct Layer {
    weight: Vec<Vec<f64>>,
    bias: Vec<f64>,
}

fn cases() -> Vec<Case> {
    #[derive(Deserialize)]
    struct Table {
        cases: Vec<Case>,
    }
    let text = include_str!("../torch/optimizers.json");
    serde_json::from_str::<Table>(text).unwrap().cases
}

/// Numbers on a device, of one type.
#[derive(Clone)]
struct Place {
    device: Device,
    dtype: DType,
}

impl Place {
    fn tensor<const D: usize>(&self, values: Vec<f64>, shape: [usize; D]) -> Tensor<D> {
        let data = TensorData::new::<f64, _>(values, shape).convert_dtype(self.dtype);
        Tensor::from_data(data, (&self.device, self.dtype))
    }

    /// A layer with the weights that every layer of the reference begins with.
    fn layer(&self, inputs: usize, outputs: usize) -> LinearLayer {
        let weight = |input, output| 0.2 * f64::sin((1 + output * inputs + input) as f64);
        let weights = (0..inputs * outputs).map(|index| weight(index / outputs, index % outputs));
        let weight = self.tensor(weights.collect(), [inputs, outputs]);
        let bias = self.tensor(vec![0.0; outputs], [outputs]);
        LinearLayer {
            weight: Param::from_tensor(weight),
            bias: Some(Param::from_tensor(bias)),
        }
    }
}

/// One layer, or two with a ReLU between them.
#[derive(Module, Debug)]
struct Model {
    layers: Vec<LinearLayer>,
}

impl Model {
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let mut layers = self.layers.iter();
        let first = layers.next().unwrap().forward(inputs);
        layers.fold(first, |outputs, layer| layer.forward(relu(outputs)))
    }

    /// Weights as PyTorch lays them out, and biases, layer by layer.
    fn weights(&self) -> Vec<f64> {
        let values = |data: TensorData| {
            data.convert_dtype(DType::F64)
                .try_into_vec::<f64>()
                .unwrap()
        };
        let layers = self.layers.iter().flat_map(|layer| {
            let weight = values(layer.weight.val().transpose().into_data());
            let bias = values(layer.bias.as_ref().unwrap().val().into_data());
            [weight, bias].concat()
        });
        layers.collect()
    }
}

/// The rows of a data set, and what is to be learned of them: for each, `width` targets.
struct Data {
    rows: Vec<Vec<f64>>,
    targets: Vec<Vec<f64>>,
    classes: bool,
}

impl Data {
    fn diabetes() -> Self {
        let all = linear::data::Rows::all();
        let mut rows: Vec<Vec<f64>> = all.features.iter().map(|row| row.to_vec()).collect();
        let mut targets: Vec<Vec<f64>> = all.targets.iter().map(|target| vec![*target]).collect();
        for columns in [&mut rows, &mut targets] {
            for column in 0..columns[0].len() {
                let count = columns.len() as f64;
                let mean = columns.iter().map(|row| row[column]).sum::<f64>() / count;
                let squares = columns.iter().map(|row| (row[column] - mean).powi(2));
                let deviation = (squares.sum::<f64>() / count).sqrt();
                for row in columns.iter_mut() {
                    row[column] = (row[column] - mean) / deviation;
                }
            }
        }
        Self {
            rows,
            targets,
            classes: false,
        }
    }

    fn digits() -> Self {
        let digits = digits::data::all();
        let one_hot = |label: usize| (0..10).map(|class| f64::from(class == label)).collect();
        Self {
            targets: digits.iter().map(|digit| one_hot(digit.label)).collect(),
            rows: digits.into_iter().map(|digit| digit.pixels).collect(),
            classes: true,
        }
    }

    /// The mean loss on the batch of a step.
    fn loss(&self, model: &Model, step: usize, place: &Place) -> Tensor<1> {
        let batch = (0..BATCH).map(|k| (37 * step + 11 * k) % self.rows.len());
        let batch: Vec<usize> = batch.collect();
        let tensor = |columns: &[Vec<f64>]| {
            let values = batch.iter().flat_map(|&row| columns[row].iter().copied());
            place.tensor(values.collect(), [BATCH, columns[0].len()])
        };
        let (outputs, targets) = (model.forward(tensor(&self.rows)), tensor(&self.targets));
        match self.classes {
            true => (log_softmax(outputs, 1) * targets).sum().neg() / BATCH as f64,
            false => (outputs - targets).square().mean(),
        }
    }
}

/// The rate of a case, and the optimizer whose other quantity follows it.
fn optimizer(case: &Case) -> (Scheduler<DynSchedule>, ModuleOptimizer) {
    match case.optimizer.as_str() {
        "sgd_one_cycle" => {
            let cycle = OneCycle::new(0.1, STEPS as u64);
            let mut lr = Scheduler::new(cycle.into_dyn());
            let momentum = ("momentum", cycle.momentum().into_dyn());
            let optimizer = ScheduledOptimizer::new(&mut lr, [momentum], |[momentum]| {
                let momentum = MomentumConfig::new().with_momentum(momentum);
                let config = SgdConfig::new().with_momentum(Some(momentum.with_dampening(0.0)));
                config.build()
            });
            (lr, optimizer.into())
        }
        "adamw_weight_decay" => {
            let mut lr = Scheduler::new(CosineAnnealing::new(1e-3, 0.0, STEPS as u64).into_dyn());
            let decay = (
                "weight_decay",
                Cosine::new(0.2, 0.01, STEPS as u64).into_dyn(),
            );
            let optimizer = ScheduledOptimizer::new(&mut lr, [decay], |[decay]| {
                let config = AdamWConfig::new().with_epsilon(1e-8);
                config.with_weight_decay(decay as f32).build()
            });
            (lr, optimizer.into())
        }
        other => panic!("no such optimizer: {other}"),
    }
}

/// Trains as the case did, holding every step to it; the largest difference of a weight, as a share
/// of the largest weight.
fn train(case: &Case, place: &Place) -> f64 {
    let (data, mut model) = match case.model.as_str() {
        "linear" => (Data::diabetes(), vec![place.layer(10, 1)]),
        "two_layer" => (
            Data::digits(),
            vec![place.layer(64, 32), place.layer(32, 10)],
        ),
        other => panic!("no such model: {other}"),
    };
    let mut model = Model {
        layers: std::mem::take(&mut model),
    };
    let (mut lr, mut optimizer) = optimizer(case);
    for step in 0..STEPS {
        let loss = data.loss(&model, step, place);
        let value = loss.clone().into_scalar::<f64>();
        let expected = case.losses[step];
        assert!(
            (value - expected).abs() < 1e-4 * expected,
            "{value}, not {expected} at {step}"
        );
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        let rate = lr.step();
        assert!((rate - case.lr[step]).abs() < 1e-12);
        model = optimizer.step(rate, model, grads);
    }
    let expected: Vec<f64> = case
        .weights
        .layers
        .iter()
        .flat_map(|layer| [layer.weight.concat(), layer.bias.clone()].concat())
        .collect();
    let ours = model.weights();
    assert_eq!((case.weights.after, ours.len()), (STEPS, expected.len()));
    let largest = expected
        .iter()
        .fold(0.0, |largest: f64, weight| largest.max(weight.abs()));
    let differences = ours
        .iter()
        .zip(expected)
        .map(|(ours, theirs)| (ours - theirs).abs());
    differences.fold(0.0, f64::max) / largest
}

#[test]
fn what_follows_the_rate_has_the_values_that_pytorch_had() {
    for case in cases() {
        let moved: DynSchedule = match case.optimizer.as_str() {
            "sgd_one_cycle" => OneCycle::new(0.1, STEPS as u64).momentum().into_dyn(),
            _ => Cosine::new(0.2, 0.01, STEPS as u64).into_dyn(),
        };
        for (step, expected) in case.moved.iter().enumerate() {
            assert!((moved.at(step as u64) - expected).abs() < 1e-12);
        }
    }
}

/// Whether a place has an exponential, which the loss of the two-layer network takes. (Burn 0.22.1's
/// wgpu offers 64-bit numbers, but Vulkan has their exponential in 32 bits only, and the result is
/// neither.)
fn has_exp(place: &Place) -> bool {
    let e = place.tensor(vec![1.0], [1]).exp().into_scalar::<f64>();
    (e - std::f64::consts::E).abs() < 1e-6
}

#[test]
fn scheduled_momentum_and_weight_decay_train_as_in_pytorch() {
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            if !device.supports_dtype(dtype) {
                continue;
            }
            let place = Place {
                device: device.clone(),
                dtype,
            };
            assert!(dtype == DType::F64 || has_exp(&place), "{device:?}");
            for case in cases() {
                let name = format!("{} of {} in {dtype:?}", case.optimizer, case.model);
                if case.model == "two_layer" && !has_exp(&place) {
                    println!("{name} on {device:?}: left out, it has no exponential");
                    continue;
                }
                let difference = train(&case, &place);
                println!("{name} on {device:?}: {difference:.1e} of the largest weight");
                assert!(difference < 1e-5, "{name} on {device:?}: {difference:e}");
            }
        }
    }
}

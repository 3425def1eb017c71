//! Scheduled momentum and weight decay, step for step as PyTorch has them: 200 steps from the same
//! weights on the same batches. What PyTorch made of them stands in `torch/optimizers.json`.
//!
//! Where Burn's optimizers differ from PyTorch's: SGD dampens new gradients by default (set to 0
//! here), AdamW's epsilon is 1e-5 by default (1e-8 here), and momentum, betas, epsilon and weight
//! decay are 32-bit numbers, also for 64-bit parameters.

use burn::module::Module;
use burn::nn::Linear;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{DType, Tensor};
use burn_lr::prelude::*;
use serde::Deserialize;
use tests::torch::{Data, Place, difference, weights_of};
use tests::{devices, tolerance};

const STEPS: usize = 200;

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
    let text = include_str!("../../torch/optimizers.json");
    serde_json::from_str::<Table>(text).unwrap().cases
}

/// One layer, or two with a ReLU between them.
#[derive(Module, Debug)]
struct Model {
    layers: Vec<Linear>,
}

impl Model {
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let mut layers = self.layers.iter();
        let first = layers.next().unwrap().forward(inputs);
        layers.fold(first, |outputs, layer| layer.forward(relu(outputs)))
    }

    /// Weights as PyTorch lays them out, and biases, layer by layer.
    fn weights(&self) -> Vec<f64> {
        let layers = self.layers.iter();
        layers
            .flat_map(|layer| weights_of(layer).concat())
            .collect()
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
        let loss = data.loss(|inputs| model.forward(inputs), step, place);
        let value = loss.clone().into_scalar::<f64>();
        let expected = case.losses[step];
        assert!(
            (value - expected).abs() < tolerance(&place.device) * expected,
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
    assert_eq!(case.weights.after, STEPS);
    difference(&model.weights(), &expected)
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
            assert!(dtype == DType::F64 || place.has_exp(), "{device:?}");
            for case in cases() {
                let name = format!("{} of {} in {dtype:?}", case.optimizer, case.model);
                if case.model == "two_layer" && !place.has_exp() {
                    println!("{name} on {device:?}: left out, it has no exponential");
                    continue;
                }
                let difference = train(&case, &place);
                println!("{name} on {device:?}: {difference:.1e} of the largest weight");
                let bound = tolerance(&device) / 10.0;
                assert!(difference < bound, "{name} on {device:?}: {difference:e}");
            }
        }
    }
}

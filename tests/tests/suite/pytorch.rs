//! Runs of PyTorch's that go on in Burn: 100 steps from what it saved at step 100, on the same
//! batches. `torch/runs.py` wrote the files, and what became of the runs in PyTorch.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::torch_file::{entries, packed};
use burn::grad_clipping::GradientClippingConfig;
use burn::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::module::{Module, Param, ParamId};
use burn::nn::{
    BatchNorm, BatchNormConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig, LinearLayout,
};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{DType, Device, Int, Tensor};
use burn_lr::GroupScheduler;
use burn_lr::prelude::*;
use burn_lr::pytorch::{
    OptimizerState, ReadOptions, SchedulerState, TorchError, TorchFile, TorchLoadError, TorchNames,
    TorchOptimizer, TorchOptimizerKind, load_weights,
};
use burn_pack::Reader;
use serde::Deserialize;
use tests::torch::{Data, Place, difference, values, weights_of};
use tests::{devices, tolerance};

const SAVED: usize = 100;
const STEPS: usize = 200;
/// A plateau hears the loss once in so many steps.
const EVERY: usize = 5;

#[derive(Deserialize)]
pub struct Case {
    model: String,
    pub optimizer: String,
    /// The rates of each step from the saved one on, one for each group.
    pub rates: Vec<Vec<f64>>,
    losses: Vec<f64>,
    weights: BTreeMap<String, Vec<f64>>,
}

pub fn cases_of(text: &str) -> Vec<Case> {
    #[derive(Deserialize)]
    struct Table {
        cases: Vec<Case>,
    }
    serde_json::from_str::<Table>(text).unwrap().cases
}

fn cases() -> Vec<Case> {
    cases_of(include_str!("../../torch/runs.json"))
}

fn path(folder: &str, file: &str) -> PathBuf {
    let runs = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/torch/runs"));
    runs.join(folder).join(file)
}

fn open(folder: &str, file: &str) -> TorchFile {
    TorchFile::open(path(folder, file)).unwrap()
}

/// One of PyTorch's models in Burn.
pub trait Network: Module + 'static {
    fn new(device: &Device) -> Self;
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2>;
    /// The names of PyTorch's weights.
    fn names() -> TorchNames;
    /// The weights under PyTorch's names, as it lays them out.
    fn weights(&self) -> BTreeMap<String, Vec<f64>>;
}

/// A `Sequential` of PyTorch's.
#[derive(Module, Debug)]
pub struct Sequential {
    layers: Vec<Linear>,
}

impl Network for Sequential {
    fn new(device: &Device) -> Self {
        Self {
            layers: vec![LinearConfig::new(10, 1).init(device)],
        }
    }

    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        self.layers[0].forward(inputs)
    }

    fn names() -> TorchNames {
        let names = TorchNames::new();
        names.with_key_remapping(r"^(\d+)\.", "layers.$1.").unwrap()
    }

    fn weights(&self) -> BTreeMap<String, Vec<f64>> {
        named("0", &self.layers[0]).into()
    }
}

/// Declared from its input to its output, and not as PyTorch's is.
#[derive(Module, Debug)]
struct TwoLayer {
    hidden: Linear,
    norm: LayerNorm,
    head: Linear,
}

impl Network for TwoLayer {
    fn new(device: &Device) -> Self {
        Self {
            hidden: LinearConfig::new(64, 10).init(device),
            norm: LayerNormConfig::new(10).init(device),
            head: LinearConfig::new(10, 10).init(device),
        }
    }

    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let hidden = self.norm.forward(self.hidden.forward(inputs));
        self.head.forward(relu(hidden))
    }

    fn names() -> TorchNames {
        TorchNames::new()
    }

    fn weights(&self) -> BTreeMap<String, Vec<f64>> {
        let norm = [
            ("norm.weight".to_string(), values(self.norm.gamma.val())),
            (
                "norm.bias".to_string(),
                values(self.norm.beta.as_ref().unwrap().val()),
            ),
        ];
        let layers = [named("hidden", &self.hidden), named("head", &self.head)];
        layers.into_iter().flatten().chain(norm).collect()
    }
}

fn named(name: &str, layer: &Linear) -> [(String, Vec<f64>); 2] {
    let [weight, bias] = weights_of(layer);
    [
        (format!("{name}.weight"), weight),
        (format!("{name}.bias"), bias),
    ]
}

/// The source of the rates.
pub enum Rates {
    One(Box<DynScheduler>),
    Groups(GroupScheduler),
}

impl Rates {
    /// The rates of the next step, and the same of each group.
    fn step(&mut self) -> (ModuleLearningRate, Vec<f64>) {
        let one = |rate: f64| (rate.into(), vec![rate]);
        match self {
            Self::One(lr) => one(lr.step()),
            Self::Groups(lr) => {
                let rates = lr.step();
                let groups = [Some(rates.base()), lr.rate("group 1", &rates)];
                (rates, groups.into_iter().flatten().collect())
            }
        }
    }
}

/// A run that goes on.
pub struct Run<M> {
    model: M,
    optimizer: ModuleOptimizer,
    pub rates: Rates,
}

impl<M: Network> Run<M> {
    fn load(folder: &str, device: &Device) -> Result<Self, TorchLoadError> {
        let weights = open(folder, "model.pt");
        let model = load_weights(M::new(device), &weights.root(), &M::names())?;

        let optimizer = open(folder, "optimizer.pt");
        let saved = TorchOptimizer::read(&optimizer.root())?;
        // Files of one group have no names here, and PyTorch's order is not Burn's.
        let names = match saved.groups() {
            [_one] => M::names().with_order_of(&weights.root())?,
            _ => M::names(),
        };
        let scheduler = open(folder, "scheduler.pt");
        let state = OptimizerState::read(&optimizer.root())?;
        let state = ReadOptions::new().with_optimizer(&state);
        let state = state.read(&scheduler.root())?;
        Self::of(model, &saved, &state, &names)
    }

    /// The same of what was read.
    pub fn of(
        model: M,
        saved: &TorchOptimizer<'_>,
        state: &SchedulerState,
        names: &TorchNames,
    ) -> Result<Self, TorchLoadError> {
        let groups = state.groups.len();
        let rates = match groups {
            1 => Rates::One(Box::new(Scheduler::from_torch(state, 0)?)),
            _ => {
                let all = (0..groups).map(|group| Scheduler::from_torch(state, group));
                let all = all.collect::<Result<Vec<_>, _>>()?;
                Rates::Groups(saved.schedule(all, &model, names)?)
            }
        };
        let (optimizer, rates) = match (&state.groups[0].momentum, rates) {
            (Some(momentum), Rates::One(mut lr)) => {
                let (config, moved) = (saved.sgd_config(0)?, saved.momentum_config(0)?);
                let schedules = [("momentum", momentum.build()?)];
                let optimizer = ScheduledOptimizer::new(&mut *lr, schedules, move |[momentum]| {
                    let moved = moved.clone().with_momentum(momentum);
                    config.clone().with_momentum(Some(moved)).build()
                });
                let optimizer = saved.load(optimizer.into(), &model, names)?;
                (optimizer, Rates::One(lr))
            }
            (_, rates) => (saved.init(&model, names)?, rates),
        };
        Ok(Self {
            model,
            optimizer,
            rates,
        })
    }

    /// Trains as the case did, holding every rate and every loss to it; the largest difference of a
    /// rate, and that of a weight as a share of the largest weight.
    pub fn train(mut self, case: &Case, data: &Data, place: &Place) -> [f64; 2] {
        let mut off: f64 = 0.0;
        for (index, step) in (SAVED..STEPS).enumerate() {
            let loss = data.loss(|inputs| self.model.forward(inputs), step, place);
            let value = loss.clone().into_scalar::<f64>();
            let expected = case.losses[index];
            assert!(
                (value - expected).abs() < tolerance(&place.device) * expected,
                "{value}, not {expected} at {step}"
            );
            let grads = GradientsParams::from_grads(loss.backward(), &self.model);
            let (rates, groups) = self.rates.step();
            assert_eq!(groups.len(), case.rates[index].len());
            for (ours, theirs) in groups.iter().zip(&case.rates[index]) {
                off = off.max((ours - theirs).abs());
            }
            self.model = self.optimizer.step(rates, self.model, grads);
            if let Rates::One(lr) = &mut self.rates
                && (step + 1) % EVERY == 0
            {
                lr.observe(value);
            }
        }
        let ours = self.model.weights();
        assert!(ours.keys().eq(case.weights.keys()));
        let all = |weights: &BTreeMap<String, Vec<f64>>| {
            let weights = weights.values();
            weights.flatten().copied().collect::<Vec<f64>>()
        };
        [off, difference(&all(&ours), &all(&case.weights))]
    }
}

fn go_on<M: Network>(case: &Case, data: &Data, place: &Place) -> [f64; 2] {
    let folder = format!("{}-{}", case.model, case.optimizer);
    let run = Run::<M>::load(&folder, &place.device).unwrap();
    run.train(case, data, place)
}

#[test]
fn runs_go_on_as_they_would_have_in_pytorch() {
    let names: Vec<String> = cases()
        .iter()
        .map(|case| format!("{}-{}", case.model, case.optimizer))
        .collect();
    for model in ["linear", "two_layer"] {
        for optimizer in ["sgd_one_cycle", "adam_sequential", "adamw_plateau"] {
            assert!(names.contains(&format!("{model}-{optimizer}")), "{names:?}");
        }
    }
    let (diabetes, digits) = (Data::diabetes(), Data::digits());
    for device in devices() {
        let place = Place {
            device,
            dtype: DType::F32,
        };
        for case in cases() {
            let [rate, weight] = match case.model.as_str() {
                "linear" => go_on::<Sequential>(&case, &diabetes, &place),
                _ => go_on::<TwoLayer>(&case, &digits, &place),
            };
            let name = format!("{} of {} on {:?}", case.optimizer, case.model, place.device);
            println!("{name}: rates off by {rate:.1e}, weights by {weight:.1e} of the largest");
            assert!(rate < 1e-12, "{name}: a rate is off by {rate:e}");
            let bound = tolerance(&place.device);
            assert!(weight < bound, "{name}: a weight is off by {weight:e}");
        }
    }
}

/// Everything that an optimizer keeps, by name.
fn kept(optimizer: &ModuleOptimizer) -> BTreeMap<String, Vec<u8>> {
    let reader = Reader::from_bytes(optimizer.into_bytes().unwrap()).unwrap();
    let scalars = reader.scalars().iter();
    let scalars = scalars.map(|(name, value)| (name.clone(), format!("{value:?}").into_bytes()));
    let tensors = reader.tensor_names().into_iter();
    let tensors = tensors.map(|name| (name.to_string(), reader.tensor_data(name).unwrap()));
    scalars.chain(tensors).collect()
}

#[test]
fn one_file_may_hold_all_of_a_run() {
    let device = Device::flex().autodiff();
    let apart = "two_layer-amsgrad_sequential";
    let file = open(apart, "checkpoint.pt");
    let root = file.root();
    assert_eq!(root.field("epoch").unwrap().count().unwrap(), 3);

    let weights = root.field("model").unwrap();
    let model = load_weights(TwoLayer::new(&device), &weights, &TorchNames::new()).unwrap();
    let names = TorchNames::new().with_order_of(&weights).unwrap();
    let saved = TorchOptimizer::read(&root.field("optimizer").unwrap()).unwrap();
    let optimizer = saved.init(&model, &names).unwrap();
    let state = SchedulerState::read(&root.field("scheduler").unwrap()).unwrap();
    let lr = Scheduler::from_torch(&state, 0).unwrap();

    // the parameters' ids are this model's
    let optimizer_apart = open(apart, "optimizer.pt");
    let optimizer_apart = TorchOptimizer::read(&optimizer_apart.root()).unwrap();
    let optimizer_apart = optimizer_apart.init(&model, &names).unwrap();
    assert_eq!(kept(&optimizer), kept(&optimizer_apart));
    assert_eq!(kept(&optimizer).len(), 6 * (3 + 2)); // moments; steps and ranks
    let apart = Run::<TwoLayer>::load(apart, &device).unwrap();
    assert_eq!(model.weights(), apart.model.weights());
    assert_eq!(lr.position(), SAVED as u64);

    // errors name their places in the file
    let error = load_weights(Sequential::new(&device), &weights, &TorchNames::new()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("model: lacks layers.0.weight, layers.0.bias, and"),
        "{message}"
    );
}

#[test]
fn parameters_can_be_named_one_by_one() {
    let model = TwoLayer::new(&Device::flex().autodiff());
    let file = open("two_layer-adamw_plateau", "optimizer.pt");
    let saved = TorchOptimizer::read(&file.root()).unwrap();
    let pairs = [
        ("head.weight", "head.weight"),
        ("head.bias", "head.bias"),
        ("norm.weight", "norm.gamma"),
        ("norm.bias", "norm.beta"),
        ("hidden.weight", "hidden.weight"),
        ("hidden.bias", "hidden.bias"),
    ];
    let weights = open("two_layer-adamw_plateau", "model.pt");
    let by_state_dict = TorchNames::new().with_order_of(&weights.root()).unwrap();
    let by_names = TorchNames::new().with_order(pairs.map(|(torch, _)| torch));
    let by_state_dict = kept(&saved.init(&model, &by_state_dict).unwrap());
    assert_eq!(by_state_dict, kept(&saved.init(&model, &by_names).unwrap()));
    let by_pairs = TorchNames::of_pairs(pairs);
    assert_eq!(by_state_dict, kept(&saved.init(&model, &by_pairs).unwrap()));
    assert_eq!(
        saved.paths(&model, &by_pairs).unwrap(),
        [pairs.map(|(_, burn)| burn.to_string())]
    );

    // in the order of Burn's declaration they would be others
    let error = saved
        .init(&model, &TorchNames::new())
        .map(drop)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "state[0].exp_avg: must have the shape [10, 64] for `hidden.weight`, and has [10, 10]"
    );
}

/// A convolution's, say, without the convolution.
#[derive(Module, Debug)]
struct Normed {
    layer: Linear,
    norm: BatchNorm,
}

impl Normed {
    fn new(device: &Device) -> Self {
        Self {
            layer: LinearConfig::new(3, 4).init(device),
            norm: BatchNormConfig::new(4).init(device),
        }
    }

    fn names() -> TorchNames {
        let names = TorchNames::new().keep_indices();
        let names = names.with_key_remapping(r"^0\.", "layer.").unwrap();
        names.with_key_remapping(r"^1\.", "norm.").unwrap()
    }
}

#[test]
fn buffers_are_weights_and_no_parameters() {
    let device = Device::flex().autodiff();
    let weights = open("batch_norm", "model.pt");
    let model = load_weights(Normed::new(&device), &weights.root(), &Normed::names()).unwrap();
    let expected = weights.root().field("1.running_var").unwrap();
    let expected: Vec<f32> = expected
        .tensor()
        .unwrap()
        .bytes()
        .unwrap()
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    let running = values(model.norm.running_var.value_sync());
    assert!(running.iter().map(|value| *value as f32).eq(expected));
    assert!(running[0] > 25.0);

    let file = open("batch_norm", "optimizer.pt");
    let saved = TorchOptimizer::read(&file.root()).unwrap();
    let paths = [["layer.weight", "layer.bias", "norm.gamma", "norm.beta"]];
    assert_eq!(saved.paths(&model, &TorchNames::new()).unwrap(), paths);
    let names = Normed::names().with_order_of(&weights.root()).unwrap();
    assert_eq!(saved.paths(&model, &names).unwrap(), paths);
    let optimizer = saved.init(&model, &names).unwrap();
    assert_eq!(kept(&optimizer).len(), 4 * 2); // velocities and ranks

    // what the module has not is no matter of silence, unless it is asked for
    let error = load_weights(model.layer.clone(), &weights.root(), &Normed::names());
    assert!(matches!(error, Err(TorchLoadError::Weights { .. })));
    let names = TorchNames::new()
        .keep_indices()
        .with_key_remapping(r"^0\.", "");
    let others = ["1.weight", "1.bias", "1.running_mean", "1.running_var"];
    let names = others
        .iter()
        .fold(names.unwrap(), |names, other| names.without(other));
    load_weights(model.layer, &weights.root(), &names).unwrap();
}

/// Floats of another type are rounded, whatever they are: masks are of `-inf`, and a run may have diverged.
#[test]
fn numbers_that_are_not_finite_load_as_they_are() {
    let path = path("linear-adamw_plateau", "model.pt");
    let mut file = entries(&std::fs::read(path).unwrap());
    let singles = TorchFile::from_bytes(packed(&file)).unwrap();
    let special = [f64::NEG_INFINITY, f64::NAN, 1e30];
    for (name, bytes) in &mut file {
        if name.ends_with("/data.pkl") {
            let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
            let text = text.replace("FloatStorage", "DoubleStorage");
            *bytes = text.chars().map(|char| char as u8).collect();
        } else if name.contains("/data/") {
            let singles = bytes.chunks_exact(4);
            let singles = singles.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
            let doubles = singles.map(f64::from).enumerate();
            let doubles = doubles.map(|(i, number)| *special.get(i).unwrap_or(&number));
            *bytes = doubles.flat_map(f64::to_le_bytes).collect();
        }
    }
    let doubles = TorchFile::from_bytes(packed(&file)).unwrap();
    let load = |file: &TorchFile| {
        let layer = LinearConfig::new(10, 1).init(&Device::flex());
        let names = TorchNames::new().keep_indices();
        let names = names.with_key_remapping(r"^0\.", "").unwrap();
        let layer = load_weights(layer, &file.root(), &names).unwrap();
        values(layer.weight.val())
    };
    let (expected, loaded) = (load(&singles), load(&doubles));
    assert_eq!(expected[3..], loaded[3..]);
    assert!(
        loaded[0] == f64::NEG_INFINITY && loaded[1].is_nan() && loaded[2] == f64::from(1e30_f32)
    );
}

#[test]
fn frozen_parameters_need_no_optimizer() {
    let device = Device::flex().autodiff();
    let file = open("linear-adamw_plateau", "optimizer.pt");
    let saved = TorchOptimizer::read(&file.root()).unwrap();
    let (layer, other) = (
        LinearConfig::new(10, 1).init(&device),
        LinearConfig::new(4, 4).init(&device),
    );
    let model = Sequential {
        layers: vec![layer.clone(), other.clone()],
    };
    let error = saved
        .init(&model, &TorchNames::new())
        .map(drop)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file's optimizer has 2 parameters, and here are 4: layers.0.weight, layers.0.bias, \
         layers.1.weight, layers.1.bias"
    );
    let pairs = [("0.weight", "layers.0.weight"), ("0.bias", "layers.0.bias")];
    let error = saved
        .init(&model, &TorchNames::of_pairs(pairs))
        .map(drop)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file's optimizer has not trained layers.1.weight, layers.1.bias; freeze them, as \
         Burn's would"
    );
    let model = Sequential {
        layers: vec![layer, other.no_grad()],
    };
    saved.init(&model, &TorchNames::new()).unwrap();
}

/// Such a layer is saved transposed, and PyTorch's are what it is not saved as.
#[test]
fn layers_of_column_layout_go_on_like_those_of_row_layout() {
    for device in devices() {
        let layer = |inputs, outputs, layout| {
            let config = LinearConfig::new(inputs, outputs).with_layout(layout);
            config.init(&device)
        };
        let weights = [LinearLayout::Row, LinearLayout::Col].map(|layout| {
            let model = TwoLayer {
                hidden: layer(64, 10, layout),
                norm: LayerNormConfig::new(10).init(&device),
                head: layer(10, 10, layout),
            };
            let file = open("two_layer-adamw_plateau", "model.pt");
            let model = load_weights(model, &file.root(), &TorchNames::new()).unwrap();
            let loaded = model.weights();
            let names = TorchNames::new().with_order_of(&file.root()).unwrap();
            let file = open("two_layer-adamw_plateau", "optimizer.pt");
            let saved = TorchOptimizer::read(&file.root()).unwrap();
            let mut optimizer = saved.init(&model, &names).unwrap();
            let inputs = Tensor::<2>::ones([1, 64], &device);
            let loss = model.forward(inputs).powf_scalar(2.0).sum();
            let grads = GradientsParams::from_grads(loss.backward(), &model);
            let model = optimizer.step(0.01, model, grads);
            (loaded, model.weights())
        });
        let [(row, row_after), (column, column_after)] = weights;
        assert_eq!(row, column, "on {device:?}");
        let all = |weights: &BTreeMap<String, Vec<f64>>| {
            weights.values().flatten().copied().collect::<Vec<f64>>()
        };
        let off = difference(&all(&row_after), &all(&column_after));
        assert!(
            off < tolerance(&device) && row != row_after,
            "{off} on {device:?}"
        );
    }
}

#[test]
fn whole_numbers_take_the_type_that_the_module_has() {
    #[derive(Module, Debug)]
    struct Counter {
        counts: Param<Tensor<1, Int>>,
    }
    for device in devices() {
        let counts = Tensor::<1, Int>::from_data([0, 0, 0], &device);
        let dtype = counts.dtype();
        let counter = Counter {
            counts: Param::initialized(ParamId::new(), counts),
        };
        let file = open("integers", "small.pt");
        let loaded = load_weights(counter.clone(), &file.root(), &TorchNames::new()).unwrap();
        assert_eq!(loaded.counts.val().dtype(), dtype);
        let counts: Vec<i32> = loaded.counts.val().try_into_vec_as().unwrap();
        assert_eq!(counts, [1, -2, 3]);
        let file = open("integers", "large.pt");
        let loaded = load_weights(counter, &file.root(), &TorchNames::new());
        match (loaded, dtype) {
            (Ok(_), DType::I64) => {}
            (Err(TorchLoadError::Tensor { path, must, .. }), _) => {
                assert_eq!(path, "counts");
                assert_eq!(must, format!("have numbers of {dtype:?}"));
            }
            (other, _) => panic!("{:?}", other.map(drop)),
        }
    }
}

/// Set after the state was loaded, it would do nothing.
#[test]
fn gradients_are_clipped_as_was_said_before() {
    let device = Device::flex().autodiff();
    let file = open("linear-sgd_dampened", "optimizer.pt");
    let saved = TorchOptimizer::read(&file.root()).unwrap();
    let model = LinearConfig::new(10, 1).init(&device);
    let moved = |saved: &TorchOptimizer| {
        let mut optimizer = saved.init(&model, &TorchNames::new()).unwrap();
        let loss = model.forward(Tensor::<2>::ones([1, 10], &device)).sum();
        let grads = GradientsParams::from_grads((loss * 1e6).backward(), &model);
        let after = optimizer.step(0.01, model.clone(), grads);
        let by = after.weight.val() - model.weight.val();
        by.abs().max().into_scalar::<f32>()
    };
    assert!(moved(&saved) > 100.0);
    let clipped = saved
        .clone()
        .with_grad_clipping(GradientClippingConfig::Norm(1.0));
    assert!(moved(&clipped) < 1.0);
}

#[test]
fn what_does_not_fit_is_refused() {
    let device = Device::flex().autodiff();
    let file = open("linear-adamw_plateau", "optimizer.pt");
    let saved = TorchOptimizer::read(&file.root()).unwrap();
    let model = Sequential::new(&device);

    // another optimizer than the file's
    let error = saved.load(SgdConfig::new().init(), &model, &TorchNames::new());
    assert!(matches!(error, Err(TorchLoadError::NotTaken { .. })));
    let error = saved.sgd_config(0).unwrap_err().to_string();
    assert_eq!(error, "param_groups[0]: is of AdamW, not of SGD");
    let error = TorchOptimizer::read_as(TorchOptimizerKind::Adam, &file.root()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "param_groups[0]: is of AdamW, not of Adam"
    );
    let error = saved.adamw_config(1).unwrap_err().to_string();
    assert_eq!(error, "there is no parameter group 1; the file has 1");

    // another model
    let wider = Sequential {
        layers: vec![LinearConfig::new(10, 2).init(&device)],
    };
    let error = saved
        .init(&wider, &TorchNames::new())
        .map(drop)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "state[0].exp_avg: must have the shape [2, 10] for `layers.0.weight`, and has [1, 10]"
    );
    let weights = open("linear-adamw_plateau", "model.pt");
    let before = wider.weights();
    let error = load_weights(wider.clone(), &weights.root(), &Sequential::names()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "0.weight: must have the shape [2, 10] for `layers.0.weight`, and has [1, 10]"
    );
    assert_eq!(wider.weights(), before);
    let error = saved.init(
        &model,
        &TorchNames::new().with_order(["0.weight", "0.scale"]),
    );
    assert_eq!(
        error.map(drop).unwrap_err().to_string(),
        "PyTorch's `0.weight` would be `0.weight`, and the module's parameters are \
         layers.0.weight, layers.0.bias"
    );

    // half a file
    let bytes = std::fs::read(path("linear-adamw_plateau", "optimizer.pt")).unwrap();
    let error = TorchFile::from_bytes(bytes[..bytes.len() / 2].to_vec()).unwrap_err();
    assert!(matches!(error, TorchError::CutShort(_)));
    // a file of something else
    let error = TorchOptimizer::read(&weights.root()).unwrap_err();
    assert!(matches!(
        error,
        TorchLoadError::File(TorchError::Missing { .. })
    ));
    // a group that there isn't
    let file = open("linear-adamw_plateau", "scheduler.pt");
    let state = SchedulerState::read(&file.root()).unwrap();
    assert!(matches!(
        Scheduler::from_torch(&state, 1).err(),
        Some(TorchLoadError::NoGroup { index: 1, count: 1 })
    ));
    // a rule, where a schedule alone was expected, isn't lost
    assert!(!Scheduler::from_torch(&state, 0).unwrap().rule().is_none());

    // Two tensors for one parameter, of which neither may be left out.
    let file = open("two_layer-sgd_groups", "model.pt");
    let names = TorchNames::new().with_key_remapping(r"^(hidden|head)\.", "head.");
    let error = load_weights(TwoLayer::new(&device), &file.root(), &names.unwrap());
    let error = error.map(drop).unwrap_err().to_string();
    assert_eq!(error, "two of the file's parameters would be `head.weight`");
}

#[test]
fn what_burn_cannot_do_is_refused() {
    let read = |file: &str| {
        let file = open("refused", file);
        let saved = TorchOptimizer::read(&file.root())?;
        let model = Sequential::new(&Device::flex().autodiff());
        saved.init(&model, &TorchNames::new()).map(|_| ())
    };
    let message = |file: &str| read(file).unwrap_err().to_string();
    assert_eq!(
        message("adadelta.pt"),
        "Burn can't go on with Adadelta: Burn has none"
    );
    assert_eq!(
        message("maximize.pt"),
        "param_groups[0].maximize: is True, and Burn's optimizers minimize: give them the \
         negative loss, and set it to False"
    );
    assert_eq!(
        message("another_field.pt"),
        "state[0].exp_avg_cube: is not part of the state of Adam"
    );
    let error = read("groups_without_names.pt").unwrap_err();
    assert!(matches!(error, TorchLoadError::NoOrder { groups: 2 }));

    let error = read("adam_or_adamw.pt").unwrap_err();
    assert!(matches!(
        error,
        TorchLoadError::AdamOrAdamW {
            weight_decay: 0.01,
            ..
        }
    ));
    let file = open("refused", "adam_or_adamw.pt");
    let saved = TorchOptimizer::read_as(TorchOptimizerKind::AdamW, &file.root()).unwrap();
    let config = serde_json::to_value(saved.adamw_config(0).unwrap()).unwrap();
    assert_eq!(
        (&config["weight_decay"], &config["epsilon"]),
        (&0.01f32.into(), &1e-8f32.into())
    );
    let saved = TorchOptimizer::read_as(TorchOptimizerKind::Adam, &file.root()).unwrap();
    let _: AdamConfig = saved.adam_config(0).unwrap();
}

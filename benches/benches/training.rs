//! A training step with a constant rate, with a scheduled one, and with one that hears the loss, of the
//! Linear example and of a network of ten million parameters, on every enabled backend; and whether
//! the difference is within its bound.
//!
//! All three train the same model, step by step in turns whose order changes, so that what a step
//! costs besides its rate is the same for all.
//!
//! `BENCH_SECONDS` is how long each of them is measured [default: 20].

use std::time::{Duration, Instant};

use benches::{Network, devices, median_interval, verdict};
use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use burn_lr::prelude::*;
use linear::data::Dataset;
use linear::model::Model;

/// A scheduled step takes at most this share more than one at a constant rate, or this many
/// nanoseconds.
const SHARE: f64 = 0.01;
const NANOSECONDS: f64 = 1_000.0;

/// The number of steps after which the rule hears the loss.
const STEPS_PER_EPOCH: u64 = 12;
/// The steps of the schedules.
const STEPS: u64 = 1_000_000;
const PEAK: f64 = 1e-4;

fn main() {
    let seconds = std::env::var("BENCH_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok()).unwrap_or(20);
    let length = Duration::from_secs(seconds);
    println!(
        "a training step: medians in µs, and differences to a constant rate with 95% intervals"
    );
    for (name, device) in devices() {
        device.seed(42);
        let data = Dataset::new(42);
        let (features, targets) = data.batches(0, 32)[0].to_tensors(&device);
        let model = Model::new(&device);
        let loss = |model: &Model| model.loss(features.clone(), targets.clone());
        report(name, "Linear(10, 1)", model, loss, length);

        let model = Network::new(&device);
        let batch = Network::batch(&device);
        let loss = |model: &Network| model.loss(batch.clone());
        report(name, "10 M parameters", model, loss, length);
    }
}

/// The source of the rate of a step.
enum Rate {
    Constant,
    Scheduled(Scheduler<DynSchedule>),
    FedBack(Scheduler<DynSchedule, ReduceOnPlateau>),
}

const NAMES: [&str; 3] = ["constant", "scheduled", "fed back"];

/// One way to train: a model, and all that a step of it takes.
struct Training<M, L> {
    model: M,
    optimizer: ModuleOptimizer,
    loss: L,
    rates: [Rate; 3],
    steps: u64,
}

impl<M: Module, L: Fn(&M) -> Tensor<1>> Training<M, L> {
    /// Nanoseconds that a step with that rate takes, until its loss is there and the device has done
    /// what it was told.
    fn step(&mut self, rate: usize) -> f64 {
        let start = Instant::now();
        let loss = (self.loss)(&self.model);
        let grads = GradientsParams::from_grads(loss.backward(), &self.model);
        let loss = f64::from(loss.into_scalar::<f32>());
        let model = self.model.clone();
        self.model = match &mut self.rates[rate] {
            Rate::Constant => self.optimizer.step(PEAK, model, grads),
            Rate::Scheduled(lr) => self.optimizer.step(lr.step(), model, grads),
            Rate::FedBack(lr) => {
                if self.steps.is_multiple_of(STEPS_PER_EPOCH) {
                    lr.observe(loss);
                }
                self.optimizer.step(lr.step(), model, grads)
            }
        };
        for device in self.model.devices() {
            device.sync().expect("the device works");
        }
        start.elapsed().as_nanos() as f64
    }

    /// One step with each rate, in an order that changes.
    fn round(&mut self, number: usize) -> [f64; 3] {
        let mut times = [0.0; 3];
        let order = [
            [0, 1, 2],
            [2, 1, 0],
            [1, 2, 0],
            [0, 2, 1],
            [2, 0, 1],
            [1, 0, 2],
        ];
        for rate in order[number % order.len()] {
            times[rate] = self.step(rate);
        }
        self.steps += 1;
        times
    }
}

fn report<M: Module>(
    backend: &str,
    name: &str,
    model: M,
    loss: impl Fn(&M) -> Tensor<1>,
    length: Duration,
) {
    let parameters = model.num_params();
    let schedule = Cosine::new(PEAK, PEAK / 10.0, STEPS).warmup(100).into_dyn();
    let rule = ReduceOnPlateau::new(Mode::Min);
    let mut training = Training {
        model,
        optimizer: AdamConfig::new().init(),
        loss,
        rates: [
            Rate::Constant,
            Rate::Scheduled(Scheduler::new(schedule.clone())),
            Rate::FedBack(Scheduler::with_feedback(schedule, rule)),
        ],
        steps: 0,
    };
    // Kernels are compiled and tuned, and memory is allocated, before anything is measured.
    let start = Instant::now();
    let mut number = 0;
    while number < 12 || start.elapsed() < length / 10 {
        training.round(number);
        number += 1;
    }
    let start = Instant::now();
    let mut times = vec![];
    while times.len() < 12 || start.elapsed() < length {
        times.push(training.round(times.len()));
    }
    let of = |rate: usize| times.iter().map(|times| times[rate]).collect::<Vec<_>>();
    let median = |rate: usize| median_interval(of(rate)).1;
    println!(
        "{backend}: {name} ({parameters} parameters), {} rounds",
        times.len()
    );
    println!("  {:<9} {:>10.2}", NAMES[0], median(0) / 1e3);
    for rate in [1, 2] {
        let differences = times.iter().map(|times| times[rate] - times[0]).collect();
        let (low, difference, high) = median_interval(differences);
        let bound = (SHARE * median(0)).max(NANOSECONDS);
        println!(
            "  {:<9} {:>10.2}  {:>+7.2} ({:>+7.2} to {:>+7.2})  bound {:.2} {}",
            NAMES[rate],
            median(rate) / 1e3,
            difference / 1e3,
            low / 1e3,
            high / 1e3,
            bound / 1e3,
            verdict(difference <= bound),
        );
    }
}

//! A training of ten million parameters that saves a checkpoint every 20 steps: on another thread, in place, and
//! not at all, in turns; and how much memory each takes, in a process of its own. On every enabled backend; on
//! Linux, for memory.
//!
//! A turn lasts until its save is on disk. `BENCH_ROUNDS` is how many there are [default: 15].
//! `RAYON_NUM_THREADS`, one less than there are cores, leaves one to the save on flex.

use std::env;
use std::path::Path;
use std::time::Instant;

use benches::{Network, devices, median_interval, memory, verdict};
use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use burn_lr::prelude::*;

/// The steps of a turn.
const STEPS: u64 = 20;
/// The share of a save in place that one on another thread may cost.
const SHARE: f64 = 0.2;

const WAYS: [&str; 3] = ["no save", "in place", "background"];

struct Training {
    model: Network,
    optimizer: ModuleOptimizer,
    batch: [Tensor<2>; 2],
    lr: Scheduler<Cosine>,
}

impl Training {
    fn new(device: &Device) -> Self {
        Self {
            model: Network::new(device),
            optimizer: AdamConfig::new().init(),
            batch: Network::batch(device),
            lr: Scheduler::new(Cosine::new(1e-4, 0.0, 1_000_000)),
        }
    }

    fn step(&mut self) {
        let loss = self.model.loss(self.batch.clone());
        let grads = GradientsParams::from_grads(loss.backward(), &self.model);
        let _ = loss.into_scalar::<f32>();
        self.model = self
            .optimizer
            .step(self.lr.step(), self.model.clone(), grads);
    }

    fn checkpoint(&self) -> Checkpoint {
        let progress = Progress {
            step: self.lr.position(),
            ..Progress::default()
        };
        let (model, config) = (&self.model, AdamConfig::new());
        Checkpoint::capture(model, &self.optimizer, &config, &self.lr, progress).unwrap()
    }

    /// Milliseconds that a turn takes.
    fn turn(&mut self, way: &str, directory: &Path) -> f64 {
        let mut writer = BackgroundWriter::new(directory.join("run.bpk"));
        let start = Instant::now();
        match way {
            "in place" => self.checkpoint().save(directory.join("run.bpk")).unwrap(),
            "background" => writer.save(self.checkpoint()).unwrap(),
            _ => {}
        }
        (0..STEPS).for_each(|_| self.step());
        for device in self.model.devices() {
            device.sync().expect("the device works");
        }
        writer.finish().unwrap();
        start.elapsed().as_secs_f64() * 1e3
    }
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let [_, backend, way, directory] = &arguments[..] {
        return measure_memory(backend, way, Path::new(directory));
    }
    let rounds = env::var("BENCH_ROUNDS").ok();
    let rounds = rounds.and_then(|text| text.parse().ok()).unwrap_or(15);
    let directory = benches::directory();
    println!(
        "{STEPS} steps and a save, {rounds} rounds: medians in ms, and the cost of the save with 95% intervals"
    );
    for (name, device) in devices() {
        let mut training = Training::new(&device);
        for way in WAYS {
            training.turn(way, directory.path());
        }
        let turns: Vec<[f64; 3]> = (0..rounds)
            .map(|round| {
                let mut times = [0.0; 3];
                for way in (0..3).map(|turn| (round + turn) % 3) {
                    times[way] = training.turn(WAYS[way], directory.path());
                }
                times
            })
            .collect();
        drop(training);
        let costs = |way: usize| {
            let costs = turns.iter().map(|times| times[way] - times[0]).collect();
            median_interval(costs)
        };
        let bound = SHARE * costs(1).1;
        for (way, way_name) in WAYS.into_iter().enumerate() {
            let (low, cost, high) = costs(way);
            let median = median_interval(turns.iter().map(|times| times[way]).collect()).1;
            let arguments = [name, way_name, directory.path().to_str().unwrap()];
            let peak = memory::in_a_process_of_its_own(&arguments);
            println!(
                "{name}: {way_name:<10} {median:>8.1} {cost:>+7.1} ({low:>+7.1} to {high:>+7.1}), {peak} MiB at the most{}",
                match way_name {
                    "background" => format!(", bound {bound:.1} {}", verdict(cost <= bound)),
                    _ => String::new(),
                }
            );
        }
    }
}

/// Prints how many MiB this process has at the most in some turns.
fn measure_memory(backend: &str, way: &str, directory: &Path) {
    let mut devices = devices().into_iter();
    let (_, device) = devices.find(|(name, _)| *name == backend).unwrap();
    let mut training = Training::new(&device);
    training.turn(WAYS[0], directory);
    memory::forget_peak();
    for _ in 0..2 {
        training.turn(way, directory);
    }
    println!("{}", memory::peak());
}

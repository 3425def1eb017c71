//! What the rate that the finder suggests is good for.

use burn::data::dataloader::DataLoader;
use burn::optim::{AdamConfig, ModuleOptimizer};
use burn::tensor::Device;
use burn::train::TrainStep;
use burn_lr::finder::{LrFinder, RangeTest};
use burn_lr::prelude::*;
use digits::cli;
use digits::run::Start;
use shared::Backend;

fn start(seed: u64) -> (Start, ModuleOptimizer) {
    let backend = Backend {
        name: "flex".to_string(),
        device: Device::flex(),
    };
    let options = cli::Data {
        batch_size: 64,
        seed,
    };
    (Start::new(&options, &backend), AdamConfig::new().init())
}

fn find(seed: u64) -> RangeTest {
    let (Start { model, train, .. }, optimizer) = start(seed);
    LrFinder::new().run(&model, &optimizer, &train).unwrap()
}

/// How many steps it takes until 95% of the digits for validation are told right.
fn steps_to_95_percent(seed: u64, schedule: impl Schedule) -> u64 {
    let (mut start, mut optimizer) = start(seed);
    let mut batches = (1..).flat_map(|epoch| start.train.epoch(epoch));
    for step in 0..1_000 {
        let batch = batches.next().unwrap().unwrap();
        let output = TrainStep::step(&start.model, batch);
        start.model = optimizer.step(schedule.at(step), start.model, output.grads);
        if start.model.accuracy(&*start.valid).unwrap() >= 0.95 {
            return step + 1;
        }
    }
    panic!("it never comes to 95%")
}

#[test]
fn explore() {
    for seed in 0..5 {
        let found = find(seed);
        let c2 = steps_to_95_percent(seed, Constant::new(0.01));
        let c3 = steps_to_95_percent(seed, Constant::new(0.001));
        println!("seed {seed}: constant 0.01 {c2}, 0.001 {c3}");
        for (name, s) in [
            ("steep", found.steepest()),
            ("valley", found.valley()),
            ("min", found.minimum()),
            ("slide", found.slide()),
        ] {
            let rate = s.unwrap().rate;
            let per: Vec<u64> = [46, 69, 92, 138, 230, 460]
                .map(|t| steps_to_95_percent(seed, OneCycle::new(rate, t)))
                .into();
            println!("  {name} {rate:.3e}: {per:?}");
        }
    }
}

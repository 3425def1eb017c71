//! Trainings with the rate that the finder suggests.

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
        others: vec![],
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

/// The number of steps until 95% of the digits for validation are told right; `None` where
/// `longest` are not enough.
fn steps_to_95_percent(seed: u64, schedule: impl Schedule, longest: u64) -> Option<u64> {
    let (mut start, mut optimizer) = start(seed);
    let mut batches = (1..).flat_map(|epoch| start.train.epoch(epoch));
    for step in 0..longest {
        let batch = batches.next().unwrap().unwrap();
        let output = TrainStep::step(&start.model, batch);
        start.model = optimizer.step(schedule.at(step), start.model, output.grads);
        if start.model.accuracy(&*start.valid).unwrap() >= 0.95 {
            return Some(step + 1);
        }
    }
    None
}

/// A 1cycle of six epochs up to minimum/10 is there before the cycle ends: with ten seeds
/// (the slowest is among these), after 52 to 93 steps. At the constant rate that Adam has by default
/// it takes 211 to 296. (At 0.01, which was found for the digits by trying, 43 to 86.)
#[test]
fn the_suggested_rate_trains_faster_than_the_default_one() {
    for seed in [42, 6] {
        let found = find(seed);
        assert_eq!(found.points(), find(seed).points());
        let cycle = OneCycle::new(found.minimum().unwrap().rate, 138);
        let steps = steps_to_95_percent(seed, cycle, 138);
        assert!(steps.is_some(), "seed {seed}: not within the cycle");
        let default = steps_to_95_percent(seed, Constant::new(1e-3), 184);
        assert_eq!(default, None, "seed {seed}: {steps:?} in the cycle");
    }
}

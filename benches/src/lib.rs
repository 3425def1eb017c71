//! What the benchmarks of this package share: schedulers beside Burn's own of the same shape.

use std::hint::black_box;
use std::time::Instant;

use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::exponential::ExponentialLrSchedulerConfig;
use burn::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::lr_scheduler::step::StepLrSchedulerConfig;
use burn_lr::prelude::*;

/// About as many as a benchmark takes, so that every part of a curve is met.
pub const STEPS: u64 = 200_000_000;

/// So close to 1 that this many factors of it don't underflow.
const GAMMA: f64 = 1.0 - 1e-9;

/// Two schedulers of the same shape, both as they run in training.
pub struct Pair {
    /// The shape.
    pub name: &'static str,
    /// This project's.
    pub ours: ModuleLrScheduler,
    /// Burn's own.
    pub burns: ModuleLrScheduler,
}

/// Every shape that Burn has too.
pub fn pairs() -> Vec<Pair> {
    let steps = STEPS as usize;
    let linear = LinearLrSchedulerConfig::new(0.1, 0.001, steps);
    let cosine = CosineAnnealingLrSchedulerConfig::new(0.1, steps).with_min_lr(0.001);
    let exponential = ExponentialLrSchedulerConfig::new(0.1, GAMMA);
    let step = StepLrSchedulerConfig::new(0.1, 1000).with_gamma(GAMMA);
    let pairs = [
        ("constant", ours(Constant::new(0.1)), Ok(0.1.into())),
        (
            "linear",
            ours(Linear::new(0.1, 0.001, STEPS)),
            linear.init(),
        ),
        (
            "cosine",
            ours(CosineAnnealing::new(0.1, 0.001, STEPS)),
            cosine.init(),
        ),
        (
            "exponential",
            ours(Exponential::new(0.1, GAMMA)),
            exponential.init(),
        ),
        ("step", ours(Step::new(0.1, 1000, GAMMA)), step.init()),
    ];
    pairs
        .map(|(name, ours, burns)| Pair {
            name,
            ours,
            burns: burns.expect("the numbers are right"),
        })
        .into()
}

fn ours(schedule: impl Schedule + Clone + Send + Sync + 'static) -> ModuleLrScheduler {
    Scheduler::new(schedule).into()
}

/// What a step of each of a pair costs, in nanoseconds: medians, and the difference between its
/// quartiles.
pub struct Times {
    /// Burn's own.
    pub burns: f64,
    /// This project's.
    pub ours: f64,
    /// The lower quartile, the median and the upper quartile of ours less Burn's.
    pub difference: (f64, f64, f64),
}

/// Times `steps` steps of each scheduler of each pair, one after the other, over and over, so that a
/// machine that slows down for a second does so for all alike.
pub fn in_turns(pairs: &mut [Pair], rounds: usize, steps: u32) -> Vec<Times> {
    let mut times = vec![vec![]; pairs.len()];
    for _ in 0..rounds {
        for (pair, times) in pairs.iter_mut().zip(&mut times) {
            times.push((time(&mut pair.burns, steps), time(&mut pair.ours, steps)));
        }
    }
    let times = times.into_iter().map(|times| {
        let differences = times.iter().map(|(burns, ours)| ours - burns);
        let difference = quartiles(differences.collect());
        let (burns, ours) = times.into_iter().unzip();
        Times {
            burns: quartiles(burns).1,
            ours: quartiles(ours).1,
            difference,
        }
    });
    times.collect()
}

/// Nanoseconds a step.
fn time(scheduler: &mut ModuleLrScheduler, steps: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..steps {
        black_box(scheduler.step().base());
    }
    start.elapsed().as_nanos() as f64 / f64::from(steps)
}

fn quartiles(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |quarter: usize| values[(values.len() - 1) * quarter / 4];
    (at(1), at(2), at(3))
}

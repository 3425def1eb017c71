//! What the benchmarks of this package share: schedulers beside Burn's own of the same shape.

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

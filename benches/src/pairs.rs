use burn::lr_scheduler::LrSchedulerConfig;
use burn::lr_scheduler::composed::ComposedLrSchedulerConfig;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::exponential::ExponentialLrSchedulerConfig;
use burn::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::lr_scheduler::noam::NoamLrSchedulerConfig;
use burn::lr_scheduler::sequential::SequentialLrSchedulerConfig;
use burn::lr_scheduler::step::StepLrSchedulerConfig;
use burn_lr::prelude::*;

use crate::{Contest, timed};

/// About as many as a benchmark takes, so that every part of a curve is met.
pub const STEPS: u64 = 200_000_000;

/// A factor so close to 1 that this many of it don't underflow.
const GAMMA: f64 = 1.0 - 1e-9;

/// Two schedulers of the same shape, both as they run in training.
pub struct Pair {
    /// The shape.
    pub name: &'static str,
    /// The one of this project.
    pub ours: ModuleLrScheduler,
    /// Burn's own.
    pub burns: ModuleLrScheduler,
}

impl Pair {
    /// A step of each.
    pub fn contest(&mut self) -> Contest<'_> {
        Contest {
            name: self.name.to_string(),
            ours: timed(|| self.ours.step().base()),
            other: timed(|| self.burns.step().base()),
        }
    }
}

/// Every shape that Burn has too.
pub fn pairs() -> Vec<Pair> {
    let steps = STEPS as usize;
    let linear = LinearLrSchedulerConfig::new(0.1, 0.001, steps);
    let cosine = CosineAnnealingLrSchedulerConfig::new(0.1, steps).with_min_lr(0.001);
    let exponential = ExponentialLrSchedulerConfig::new(0.1, GAMMA);
    let step = StepLrSchedulerConfig::new(0.1, 1000).with_gamma(GAMMA);
    let noam = NoamLrSchedulerConfig::new(1.0).with_warmup_steps(steps / 2);
    let sequential = SequentialLrSchedulerConfig::new(
        vec![
            LrSchedulerConfig::Linear(LinearLrSchedulerConfig::new(0.001, 0.1, steps / 2)),
            LrSchedulerConfig::Cosine(cosine.clone()),
        ],
        vec![steps / 2],
    );
    let composed = ComposedLrSchedulerConfig::new()
        .cosine(cosine.clone())
        .linear(linear.clone());
    let pairs = [
        ("constant", ours(Constant::new(0.1)), Ok(0.1.into())),
        (
            "linear",
            ours(LinearRamp::new(0.1, 0.001, STEPS)),
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
        ("noam", ours(Noam::new(1.0, 512, STEPS / 2)), noam.init()),
        (
            "sequential",
            ours(
                LinearRamp::new(0.001, 0.1, STEPS / 2)
                    .then(CosineAnnealing::new(0.1, 0.001, STEPS)),
            ),
            sequential.init(),
        ),
        (
            "composed",
            ours(product([
                CosineAnnealing::new(0.1, 0.001, STEPS).into_dyn(),
                LinearRamp::new(0.1, 0.001, STEPS).into_dyn(),
            ])),
            composed.init(),
        ),
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

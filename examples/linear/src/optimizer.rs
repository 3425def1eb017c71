//! The optimizers, whose momentum the 1cycle policy moves.

use burn::config::Config;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, ModuleOptimizer, Optimizer, SgdConfig};
use burn_lr::prelude::*;

use crate::cli::OptimizerName;

/// The momentum of a run whose schedule does not move it. Adam's and AdamW's is their first beta.
pub const MOMENTUM: f64 = 0.9;

/// An optimizer's options, as a checkpoint stores them.
#[derive(Config, Debug)]
#[allow(missing_docs)]
pub enum OptimizerConfig {
    Sgd(SgdConfig),
    Adam(AdamConfig),
    AdamW(AdamWConfig),
}

impl OptimizerConfig {
    /// The optimizer called `name`.
    pub fn new(name: OptimizerName) -> Self {
        match name {
            OptimizerName::Sgd => {
                Self::Sgd(SgdConfig::new().with_momentum(Some(undampened(MOMENTUM))))
            }
            OptimizerName::Adam => Self::Adam(AdamConfig::new().with_beta_1(MOMENTUM as f32)),
            OptimizerName::Adamw => Self::AdamW(AdamWConfig::new().with_beta_1(MOMENTUM as f32)),
        }
    }

    /// The optimizer, whose `momentum` follows the steps of `lr`.
    pub fn init(&self, lr: &mut DynScheduler, momentum: DynSchedule) -> ModuleOptimizer {
        match self.clone() {
            Self::Sgd(config) => scheduled(lr, momentum, move |[momentum]| {
                let momentum = Some(undampened(momentum));
                config.clone().with_momentum(momentum).build()
            }),
            Self::Adam(config) => scheduled(lr, momentum, move |[beta]| {
                config.clone().with_beta_1(beta as f32).build()
            }),
            Self::AdamW(config) => scheduled(lr, momentum, move |[beta]| {
                config.clone().with_beta_1(beta as f32).build()
            }),
        }
    }
}

/// Momentum as PyTorch has it: Burn's default dampens new gradients.
fn undampened(momentum: f64) -> MomentumConfig {
    MomentumConfig::new()
        .with_momentum(momentum)
        .with_dampening(0.0)
}

fn scheduled<O, B>(lr: &mut DynScheduler, momentum: DynSchedule, build: B) -> ModuleOptimizer
where
    O: Optimizer,
    B: Fn([f64; 1]) -> O + Clone + Send + Sync + 'static,
{
    let momentum = [("momentum", momentum)];
    ScheduledOptimizer::new(lr, momentum, build).into()
}

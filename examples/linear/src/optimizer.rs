//! The optimizers, whose momentum the 1cycle policy moves.

use burn::config::Config;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, ModuleOptimizer, Optimizer, SgdConfig};
use burn_lr::TunableOptimizer;

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

/// Sets the momentum of a run's optimizer, from its next step on.
pub type MomentumSetter = Box<dyn Fn(f64)>;

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

    /// The optimizer, and what sets its momentum.
    pub fn init(&self) -> (ModuleOptimizer, MomentumSetter) {
        match self.clone() {
            Self::Sgd(config) => tunable(move |momentum| {
                let momentum = Some(undampened(momentum));
                config.clone().with_momentum(momentum).build()
            }),
            Self::Adam(config) => {
                tunable(move |beta| config.clone().with_beta_1(beta as f32).build())
            }
            Self::AdamW(config) => {
                tunable(move |beta| config.clone().with_beta_1(beta as f32).build())
            }
        }
    }
}

/// Momentum as PyTorch has it: Burn's default dampens new gradients.
fn undampened(momentum: f64) -> MomentumConfig {
    MomentumConfig::new()
        .with_momentum(momentum)
        .with_dampening(0.0)
}

fn tunable<O: Optimizer>(build: impl Fn(f64) -> O + 'static) -> (ModuleOptimizer, MomentumSetter) {
    let optimizer = TunableOptimizer::new(build(MOMENTUM));
    let handle = optimizer.handle();
    let set = move |momentum| handle.replace(build(momentum));
    (optimizer.into(), Box::new(set))
}

//! Schedules that people call by a name.

mod hard_restarts;
mod one_cycle;
mod warm_restarts;
mod warmup_stable_decay;

pub use hard_restarts::HardRestarts;
pub use one_cycle::{OneCycle, OneCycleConfig, OneCycleMomentum};
pub use warm_restarts::WarmRestarts;
pub use warmup_stable_decay::{WarmupStableDecay, WarmupStableDecayConfig};

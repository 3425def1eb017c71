//! Schedules that people call by a name.

mod hard_restarts;
mod noam;
mod one_cycle;
mod restarts;
mod tri_stage;
mod warm_restarts;
mod warmup_stable_decay;

pub use hard_restarts::HardRestarts;
pub use noam::Noam;
pub use one_cycle::{OneCycle, OneCycleConfig, OneCycleMomentum};
pub use restarts::{CycleIndex, Restarts, RestartsConfig};
pub use tri_stage::{TriStage, TriStageConfig};
pub use warm_restarts::WarmRestarts;
pub use warmup_stable_decay::{WarmupStableDecay, WarmupStableDecayConfig};

//! Feedback rules: small state machines that hear a metric and answer with what the rate
//! becomes. They have no clock and know nothing of training, so they can be tested with a list
//! of numbers, and used over any schedule.

mod dynamic;
mod greedy;
mod improvement;
mod none;
mod reduce_on_plateau;
mod rule;
mod state;

pub use dynamic::DynFeedback;
pub use greedy::{Greedy, GreedyConfig};
pub use improvement::{Dialect, Mode, ThresholdMode};
pub use none::NoFeedback;
pub use reduce_on_plateau::{ReduceOnPlateau, ReduceOnPlateauConfig};
pub use rule::Feedback;
pub use state::{State, StateError, Value};

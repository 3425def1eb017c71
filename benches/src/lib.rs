//! What the benchmarks of this package share: things that are timed in turns, schedulers beside
//! Burn's own of the same shape, every schedule that there is, a network of ten million parameters, and how
//! much memory the process has.

mod every;
pub mod memory;
mod network;
mod pairs;
mod turns;

pub use every::{FAR, NEAR, NearAndFar, every};
pub use network::{Network, devices};
pub use pairs::{Pair, STEPS, pairs};
pub use turns::{Contest, Quartiles, Times, Turn, in_turns, median_interval, timed, verdict};

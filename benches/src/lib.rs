//! What the benchmarks of this package share: things that are timed in turns, schedulers beside
//! Burn's own of the same shape, and every schedule that there is.

mod every;
mod pairs;
mod turns;

pub use every::{FAR, NEAR, NearAndFar, every};
pub use pairs::{Pair, STEPS, pairs};
pub use turns::{Contest, Quartiles, Times, Turn, in_turns, median_interval, timed, verdict};

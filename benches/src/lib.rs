//! Parts that the benchmarks of this package share: things that are timed in turns, schedulers beside
//! Burn's own of the same shape, every schedule that there is, a network of ten million parameters, and how
//! much memory the process has.

mod every;
pub mod memory;
mod network;
mod pairs;
mod turns;

use tempfile::TempDir;

pub use every::{FAR, NEAR, NearAndFar, every};
pub use network::{Network, devices};
pub use pairs::{Pair, STEPS, pairs};
pub use turns::{Contest, Quartiles, Times, Turn, in_turns, median_interval, timed, verdict};

/// A directory on the disk that programs are compiled to: elsewhere it may be memory.
pub fn directory() -> TempDir {
    let target = std::env::current_dir().unwrap().join("target");
    std::fs::create_dir_all(&target).unwrap();
    tempfile::tempdir_in(target).unwrap()
}

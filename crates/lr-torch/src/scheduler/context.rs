//! The input that all schedulers of a file share, and how many of them there may be.

use std::cell::Cell;

use lr_schedule::{ScheduleError, Spec};

use crate::error::TorchError;
use crate::optimizer::OptimizerState;

/// How many groups there may be, and schedulers and milestones in all of them together.
const MAX_PARTS: u64 = 10_000;

/// The schedule that a function makes of a base rate.
pub(super) type ScheduleOf<'r> = dyn Fn(f64) -> Result<Spec, ScheduleError> + 'r;

/// The input of all schedulers of a file.
pub(super) struct Context<'r, 'a> {
    pub optimizer: Option<&'r OptimizerState<'a>>,
    /// The schedule of a function, of its base rate.
    pub schedule: Option<&'r ScheduleOf<'r>>,
    /// How many groups, schedulers and milestones were read.
    pub parts: Cell<u64>,
    /// Which of the parameter groups is read.
    pub group: usize,
}

impl Context<'_, '_> {
    /// Counts so many more groups, schedulers or milestones, and refuses too many.
    pub fn add(&self, parts: u64) -> Result<(), TorchError> {
        let parts = self.parts.get().saturating_add(parts);
        self.parts.set(parts);
        match parts <= MAX_PARTS {
            true => Ok(()),
            false => Err(TorchError::TooLarge {
                what: "the number of parameter groups, and of schedulers and milestones in all of them,",
                size: parts,
                limit: MAX_PARTS,
            }),
        }
    }
}

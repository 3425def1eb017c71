//! The input that all schedulers of a file share.

use lr_schedule::{ScheduleError, Spec};

use crate::budget::Budget;
use crate::optimizer::OptimizerState;

/// The schedule that a function makes of a base rate.
pub(super) type ScheduleOf<'r> = dyn Fn(f64) -> Result<Spec, ScheduleError> + 'r;

/// The input of all schedulers of a file.
pub(super) struct Context<'r, 'a> {
    pub optimizer: Option<&'r OptimizerState<'a>>,
    pub schedule: Option<&'r ScheduleOf<'r>>,
    /// The budget of groups, and of schedulers and milestones in all of them together.
    pub budget: Budget,
    /// The index of the parameter group that is read.
    pub group: usize,
}

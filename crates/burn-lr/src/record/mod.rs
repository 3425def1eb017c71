//! The saved state of a scheduler: its position, the changes by hand, and the numbers by which the
//! schedule is recognised.

mod driven;
mod error;
mod fields;
mod identity;
mod state;
mod steps;
#[cfg(test)]
mod tests;

use burn::lr_scheduler::LrSchedulerRecord;

pub(crate) use driven::Driven;
pub use error::LoadError;
pub(crate) use fields::{scalars, show};
pub(crate) use identity::{Identity, fingerprint, to_json};
pub(crate) use state::{FEEDBACK, Progress, SchedulerState};
pub(crate) use steps::in_other_steps;

/// A scheduler whose saved state loads with an error where it doesn't fit, rather than in silence.
pub trait Resumable {
    /// The state, as Burn's `to_record` gives it.
    fn record(&self) -> LrSchedulerRecord;

    /// Takes over a saved state.
    ///
    /// # Errors
    ///
    /// A record that is empty, of another kind of scheduler, or of another schedule; the
    /// scheduler stays as it is then.
    fn try_load_record(&mut self, record: &LrSchedulerRecord) -> Result<(), LoadError>;

    /// The schedule (and the rule) as JSON: the [`Spec`](crate::Spec). `None` where a closure is part of it.
    fn description(&self) -> Option<String>;
}

/// Panics where a record did not load, for Burn's `load_record`, which can't fail.
#[track_caller]
pub(crate) fn or_panic(loaded: Result<(), LoadError>) {
    if let Err(error) = loaded {
        panic!("can't resume the learning rate: {error}");
    }
}

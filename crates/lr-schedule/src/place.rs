//! The place in a run of the lengths that are resolved for it.

use crate::error::ScheduleError;
use crate::length::{Length, TrainingLength};

/// The place in a run of a schedule whose lengths are resolved.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub run: &'a TrainingLength,
    /// The number of optimizer steps in one of its own: more than 1 inside of a `per_epoch`.
    pub unit: u64,
    /// The number of its own steps before it; below 0 where its beginning is skipped.
    pub before: i128,
    /// The steps that the lengths beside the one that is resolved take.
    pub beside: u64,
}

impl Place<'_> {
    /// Counts in units of so many steps from here on.
    pub fn count_in(&mut self, steps: u64) {
        let steps = steps.max(1);
        self.unit = self.unit.saturating_mul(steps);
        self.before /= i128::from(steps);
    }

    /// The number of its own steps in `optimizer_steps`, rounded to the nearest.
    fn steps(&self, optimizer_steps: f64) -> Result<u64, ScheduleError> {
        let steps = optimizer_steps / self.unit as f64;
        match steps.is_finite() && steps >= 0.0 {
            // As an integer it saturates.
            true => Ok((steps + 0.5) as u64),
            false => Err(ScheduleError::invalid(
                "",
                steps,
                "finite and at least 0 steps",
            )),
        }
    }

    /// A length in steps of its own; `None` for the rest, which depends on its neighbours.
    pub fn resolve(&self, length: Length) -> Result<Option<u64>, ScheduleError> {
        match length {
            Length::Steps(steps) => Ok(Some(steps)),
            Length::Epochs(epochs) => {
                self.run.check_known("epochs")?;
                let steps = epochs * self.run.steps_per_epoch() as f64;
                self.steps(steps).map(Some)
            }
            Length::Share(share) => self.steps(share * self.run.steps() as f64).map(Some),
            Length::Rest => Ok(None),
        }
    }
}

/// All of these lengths one after another.
pub(crate) fn sum<const N: usize>(lengths: [u64; N]) -> u64 {
    lengths.into_iter().fold(0, u64::saturating_add)
}

/// The way in which parts of a kind of spec move each other's places; most don't.
pub(crate) trait Resolve: Sized {
    /// The place of what is part of this, whose own lengths take `taken` steps.
    fn inner<'a>(&self, outer: &Place<'a>, _taken: u64) -> Place<'a> {
        *outer
    }

    /// The steps that its lengths take of those that are left for one of them.
    fn beside(&self, taken: u64) -> u64 {
        taken
    }

    /// The place of the part after `part`, in a list.
    fn after<'a>(&self, _part: &Self, place: Place<'a>) -> Result<Place<'a>, ScheduleError> {
        Ok(place)
    }
}

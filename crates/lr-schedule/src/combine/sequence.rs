use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::named::part;
use super::several::described;
use crate::data::Data;
use crate::error::{ScheduleError, or_panic};
use crate::phase::Phase;
use crate::schedule::{DynSchedule, Schedule};

/// Schedules one after another; see [`sequence`].
///
#[cfg_attr(doc, doc = include_str!("../../pictures/sequence.svg"))]
#[derive(Debug, Clone)]
#[must_use]
pub struct Sequence {
    parts: Arc<[DynSchedule]>,
    /// The step that each part begins at.
    begins: Arc<[u64]>,
}

/// All of `parts`, one after another, each counting its own steps from 0: what
/// [`then`](crate::ScheduleExt::then) does, for parts that are chosen at run time.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = sequence([
///     LinearRamp::new(0.0, 0.1, 10).into_dyn(),
///     Constant::new(0.1).take(20).into_dyn(),
///     Exponential::new(0.1, 0.9).into_dyn(),
/// ]);
/// assert_eq!([schedule.at(5), schedule.at(29), schedule.at(31)], [0.05, 0.1, 0.1 * 0.9]);
/// ```
///
/// # Panics
///
/// If [`try_sequence`] fails.
#[track_caller]
pub fn sequence(parts: impl Into<Vec<DynSchedule>>) -> Sequence {
    or_panic(try_sequence(parts))
}

/// All of `parts`, one after another, each counting its own steps from 0.
///
/// # Errors
///
/// No parts, or one without an end that isn't the last.
pub fn try_sequence(parts: impl Into<Vec<DynSchedule>>) -> Result<Sequence, ScheduleError> {
    let parts = parts.into();
    let Some((_, before)) = parts.split_last() else {
        let allowed = "at least one schedule";
        return Err(ScheduleError::invalid("sequence", "none", allowed));
    };
    let mut begins = Vec::from([0u64]);
    for (i, part) in before.iter().enumerate() {
        let length = part.length().ok_or_else(|| {
            let allowed = "a schedule with an end, such as `take` gives it";
            ScheduleError::invalid(format!("sequence[{i}]"), "one without", allowed)
        })?;
        begins.push(begins[i].saturating_add(length));
    }
    Ok(Sequence {
        parts: parts.into(),
        begins: begins.into(),
    })
}

impl Sequence {
    /// The part that `step` is in, and its own step there.
    fn part(&self, step: u64) -> (&DynSchedule, u64) {
        let i = self.begins.partition_point(|&begin| begin <= step) - 1;
        (&self.parts[i], step - self.begins[i])
    }
}

impl Schedule for Sequence {
    fn at(&self, step: u64) -> f64 {
        let (part, step) = self.part(step);
        part.at(step)
    }

    fn advance(&self, step: u64, previous: f64) -> f64 {
        match self.part(step) {
            (part, 0) => part.at(0),
            (part, step) => part.advance(step, previous),
        }
    }

    fn length(&self) -> Option<u64> {
        let last = self.parts.last()?.length()?;
        Some(self.begins.last()?.saturating_add(last))
    }

    fn phases(&self, span: f64) -> Vec<Phase> {
        let starts = self.begins.iter().map(|&begin| begin as f64);
        let ends = starts.clone().skip(1).chain([span]);
        let parts = self.parts.iter().zip(starts.zip(ends));
        let seen = parts.filter(|(_, (start, _))| *start < span);
        seen.flat_map(|(schedule, (start, end))| part(schedule, start, (end - start).max(0.0)))
            .collect()
    }

    fn span(&self) -> Option<u64> {
        let before = *self.begins.last()?;
        let last = self.parts.last()?.span();
        before.checked_add(last.unwrap_or(before))
    }

    fn description(&self) -> Option<Data> {
        described("sequence", &self.parts)
    }
}

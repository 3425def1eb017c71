use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::data::{Data, table};
use crate::math::finite;
use crate::schedule::{DynSchedule, Schedule};

/// Several schedules at once, multiplied or added; see [`product`] and [`sum`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Several<const MULTIPLIED: bool> {
    parts: Arc<[DynSchedule]>,
}

/// All of `parts` at once, multiplied: one rate, and factors of it. Of none, it is 1.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/product.svg"))]
///
/// PyTorch's `ChainedScheduler` of schedulers that only multiply; Burn's `ComposedLrScheduler`
/// with `SchedulerReduction::Prod`.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = product([
///     Exponential::new(0.1, 0.5).into_dyn(),
///     LinearRamp::new(0.0, 1.0, 4).into_dyn(),
/// ]);
/// assert_eq!(schedule.at(2), 0.1 * 0.25 * 0.5);
/// ```
pub fn product(parts: impl Into<Vec<DynSchedule>>) -> Several<true> {
    let parts = parts.into().into();
    Several { parts }
}

/// All of `parts` at once, added. Of none, it is 0.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/sum.svg"))]
///
/// Burn's `ComposedLrScheduler` with `SchedulerReduction::Sum`; scaled by `1 / n`, with `Avg`.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// // a floor, and a decay over it
/// let schedule = sum([Constant::new(0.01).into_dyn(), Exponential::new(0.5, 0.5).into_dyn()]);
/// assert_eq!(schedule.at(1), 0.01 + 0.25);
/// ```
pub fn sum(parts: impl Into<Vec<DynSchedule>>) -> Several<false> {
    let parts = parts.into().into();
    Several { parts }
}

/// The description of a list of schedules.
pub(super) fn described(name: &str, parts: &[DynSchedule]) -> Option<Data> {
    let parts = parts.iter().map(|part| part.description());
    Some(Data::entry(name, Data::List(parts.collect::<Option<_>>()?)))
}

/// The description of a schedule around another one.
pub(super) fn wrapped<'a>(
    name: &str,
    fields: impl IntoIterator<Item = (&'a str, Option<Data>)>,
    of: &impl Schedule,
) -> Option<Data> {
    let of = ("of", Some(of.description()?));
    Some(table(name, fields.into_iter().chain([of])))
}

impl<const MULTIPLIED: bool> Schedule for Several<MULTIPLIED> {
    fn at(&self, step: u64) -> f64 {
        let rates = self.parts.iter().map(|part| part.at(step));
        match MULTIPLIED {
            true => rates.fold(1.0, |product, rate| finite(product * rate)),
            false => rates.fold(0.0, |sum, rate| finite(sum + rate)),
        }
    }

    /// The step at which the last of its parts is done.
    fn length(&self) -> Option<u64> {
        let mut lengths = self.parts.iter().map(|part| part.length());
        lengths.try_fold(0, |longest, length| Some(length?.max(longest)))
    }

    fn span(&self) -> Option<u64> {
        self.parts.iter().filter_map(|part| part.span()).max()
    }

    fn description(&self) -> Option<Data> {
        let name = if MULTIPLIED { "product" } else { "sum" };
        described(name, &self.parts)
    }
}

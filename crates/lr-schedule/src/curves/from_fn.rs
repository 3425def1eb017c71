use core::fmt;

use crate::schedule::Schedule;

/// A schedule given by a closure; see [`from_fn`].
#[derive(Clone, Copy)]
pub struct FromFn<F>(F);

/// Any function of the step as a schedule, without an end. PyTorch's `LambdaLR`, with the rate
/// itself rather than a factor of it.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/from_fn.svg"))]
///
/// The closure's answers are passed on as they are. It must have an answer for every step: a
/// closure can't be written down, so a schedule with one in it has no [`Spec`](crate::Spec), and
/// a saved run that used it is recognised by its rates alone, at a few steps up to a million.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = from_fn(|step| 0.1 / (1 + step / 30) as f64);
/// assert_eq!((schedule.at(29), schedule.at(30)), (0.1, 0.05));
/// ```
pub fn from_fn<F: Fn(u64) -> f64>(function: F) -> FromFn<F> {
    FromFn(function)
}

impl<F: Fn(u64) -> f64> Schedule for FromFn<F> {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        (self.0)(step)
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("from_fn(..)")
    }
}

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::data::Data;
use crate::phase::Phase;

/// A learning-rate schedule: a pure function from a step to a rate.
///
/// The trait to learn. A curve implements [`at`](Self::at); [`ScheduleExt`](crate::ScheduleExt)
/// builds larger schedules out of smaller ones, as the methods of [`Iterator`] do.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = Constant::new(0.1)
///     .take(30)
///     .then(LinearRamp::new(0.1, 0.0, 70))
///     .warmup(10);
/// assert_eq!(schedule.at(5), 0.05); // on the way up
/// assert_eq!(schedule.at(39), 0.1); // the constant's last step
/// assert_eq!(schedule.at(75), 0.05); // half-way down
/// assert_eq!(schedule.length(), Some(110));
/// ```
pub trait Schedule {
    /// The learning rate of optimizer step `step`, counted from 0.
    ///
    /// Costs the same for any step (a [`Recurrence`](crate::Recurrence) excepted), and gives what
    /// stepping there would give. Any step may be asked about at any time, also ones that no run will
    /// come to: schedules are recognised by their rates at a few steps up to a million.
    fn at(&self, step: u64) -> f64;

    /// The learning rate of `step`, for a caller that has just had `previous` from the step before
    /// it.
    ///
    /// The rate that [`at`](Self::at) gives, to the last bit, and for most schedules nothing else. For a
    /// [`Recurrence`](crate::Recurrence), whose `at(n)` has to go through all `n` steps, this is
    /// one of them; for an [`Exponential`](crate::curves::Exponential), mostly a product in place of a power.
    fn advance(&self, step: u64, previous: f64) -> f64 {
        let _ = previous;
        self.at(step)
    }

    /// The number of steps after which the rate no longer changes; `None` for a schedule
    /// without an end.
    ///
    /// [`then`](crate::ScheduleExt::then) follows this length.
    fn length(&self) -> Option<u64> {
        None
    }

    /// The parts of the first `span` steps that people have names for, in order; the last may end
    /// after `span`. None by default.
    fn phases(&self, span: f64) -> Vec<Phase> {
        let _ = span;
        Vec::new()
    }

    /// The number of steps that show its form: its length, or where it has none a few of its cycles or of its
    /// time scales; `None` for a schedule that has neither, such as a constant.
    fn span(&self) -> Option<u64> {
        self.length()
    }

    /// The name and the fields of this schedule, as a text has them; `None` where a closure is part
    /// of it.
    ///
    /// [`to_spec`](crate::ScheduleExt::to_spec) reads it.
    fn description(&self) -> Option<Data> {
        None
    }

    /// This schedule behind a shared pointer, for a schedule that is chosen at run time.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let decay = true;
    /// let schedule: DynSchedule = match decay {
    ///     true => LinearRamp::new(0.1, 0.0, 100).into_dyn(),
    ///     false => Constant::new(0.1).into_dyn(),
    /// };
    /// assert_eq!(schedule.at(50), 0.05);
    /// ```
    fn into_dyn(self) -> DynSchedule
    where
        Self: Sized + Send + Sync + 'static,
    {
        Arc::new(self)
    }
}

/// A schedule that has an end, and so can have another one [after](crate::ScheduleExt::then) it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no end",
    note = "give it one with `.take(steps)`"
)]
pub trait Bounded: Schedule {
    /// The number of steps: [`Schedule::length`], known to exist.
    fn steps(&self) -> u64;
}

/// Any schedule, chosen at run time; cheap to clone. See [`Schedule::into_dyn`].
pub type DynSchedule = Arc<dyn Schedule + Send + Sync>;

impl fmt::Debug for dyn Schedule + Send + Sync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.description() {
            Some(data) => data.fmt(f),
            None => f.write_str("a schedule with a closure in it"),
        }
    }
}

macro_rules! impl_for_pointer {
    ($($pointer:ty),*) => {$(
        impl<S: Schedule + ?Sized> Schedule for $pointer {
            fn at(&self, step: u64) -> f64 {
                (**self).at(step)
            }

            fn advance(&self, step: u64, previous: f64) -> f64 {
                (**self).advance(step, previous)
            }

            fn length(&self) -> Option<u64> {
                (**self).length()
            }

            fn phases(&self, span: f64) -> Vec<Phase> {
                (**self).phases(span)
            }

            fn span(&self) -> Option<u64> {
                (**self).span()
            }

            fn description(&self) -> Option<Data> {
                (**self).description()
            }
        }

        impl<S: Bounded + ?Sized> Bounded for $pointer {
            fn steps(&self) -> u64 {
                (**self).steps()
            }
        }
    )*};
}

impl_for_pointer!(&S, Box<S>, Arc<S>);

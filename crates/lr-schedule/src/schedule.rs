use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use crate::combine::{Scale, Take, Then, Warmup, WarmupConfig};
use crate::error::or_panic;
use crate::{ScheduleError, Spec};

/// A learning-rate schedule: a pure function from a step to a rate.
///
/// The trait to learn. A curve implements [`at`](Self::at); everything else here builds larger
/// schedules out of smaller ones, as the methods of [`Iterator`] do.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = Constant::new(0.1)
///     .take(30)
///     .then(Linear::new(0.1, 0.0, 70))
///     .warmup(10);
/// assert_eq!(schedule.at(5), 0.05); // on the way up
/// assert_eq!(schedule.at(39), 0.1); // the constant's last step
/// assert_eq!(schedule.at(75), 0.05); // half-way down
/// assert_eq!(schedule.length(), Some(110));
/// ```
pub trait Schedule {
    /// The learning rate of optimizer step `step`, counted from 0.
    ///
    /// Costs the same for any step, and gives what stepping there would give. Any step may be
    /// asked about at any time, also ones that no run will come to: schedules are recognised by
    /// their rates at a few steps up to a million.
    fn at(&self, step: u64) -> f64;

    /// The number of steps after which the rate no longer changes; `None` for a schedule
    /// without an end.
    ///
    /// [`then`](Self::then) follows this length.
    fn length(&self) -> Option<u64> {
        None
    }

    /// This schedule as plain data; `None` where a closure is part of it.
    ///
    /// Two schedules with equal specs are the same function.
    fn to_spec(&self) -> Option<Spec> {
        None
    }

    /// This schedule for its [`length`](Self::length), then `next`, which counts its own steps
    /// from 0. PyTorch's `SequentialLR`, optax's `join_schedules`.
    ///
    /// A schedule without an end has nothing after it, which the compiler checks: give it one
    /// with [`take`](Self::take).
    ///
    /// ```compile_fail
    /// use lr_schedule::prelude::*;
    /// let never = Constant::new(0.1).then(Linear::new(0.1, 0.0, 10));
    /// ```
    fn then<N: Schedule>(self, next: N) -> Then<Self, N>
    where
        Self: Bounded + Sized,
    {
        Then::new(self, next)
    }

    /// The first `steps` steps of this schedule, as [`Iterator::take`]; the rate of step `steps`
    /// is held from there on.
    fn take(self, steps: u64) -> Take<Self>
    where
        Self: Sized,
    {
        Take::new(self, steps)
    }

    /// Every rate times `factor`.
    ///
    /// # Panics
    ///
    /// Where [`try_scale`](Self::try_scale) fails.
    #[track_caller]
    fn scale(self, factor: f64) -> Scale<Self>
    where
        Self: Sized,
    {
        or_panic(self.try_scale(factor))
    }

    /// Every rate times `factor`.
    ///
    /// # Errors
    ///
    /// A factor that is not finite.
    fn try_scale(self, factor: f64) -> Result<Scale<Self>, ScheduleError>
    where
        Self: Sized,
    {
        Scale::try_new(self, factor)
    }

    /// A linear warm-up of `steps` steps from 0 to this schedule's first rate, in front of it.
    /// transformers' `num_warmup_steps`.
    fn warmup(self, steps: u64) -> Warmup<Self>
    where
        Self: Sized,
    {
        or_panic(self.try_warmup_with(WarmupConfig::new(steps)))
    }

    /// A warm-up of any shape and start in front of this schedule.
    ///
    /// # Panics
    ///
    /// Where [`try_warmup_with`](Self::try_warmup_with) fails.
    #[track_caller]
    fn warmup_with(self, config: WarmupConfig) -> Warmup<Self>
    where
        Self: Sized,
    {
        or_panic(self.try_warmup_with(config))
    }

    /// A warm-up of any shape and start in front of this schedule.
    ///
    /// # Errors
    ///
    /// A first rate that is not finite.
    fn try_warmup_with(self, config: WarmupConfig) -> Result<Warmup<Self>, ScheduleError>
    where
        Self: Sized,
    {
        Warmup::try_new(self, config)
    }

    /// This schedule behind a shared pointer, for a schedule that is chosen at run time.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let decay = true;
    /// let schedule: DynSchedule = match decay {
    ///     true => Linear::new(0.1, 0.0, 100).into_dyn(),
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

/// A schedule that has an end, and so can have another one [after](Schedule::then) it.
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
        match self.to_spec() {
            Some(spec) => spec.fmt(f),
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

            fn length(&self) -> Option<u64> {
                (**self).length()
            }

            fn to_spec(&self) -> Option<Spec> {
                (**self).to_spec()
            }
        }
    )*};
}

impl_for_pointer!(&S, Box<S>, Arc<S>);

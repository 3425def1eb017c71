use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::combine::{
    BatchRule, BatchScale, Clamp, Cooldown, CooldownConfig, Delay, Noise, NoiseConfig, PerEpoch,
    Repeat, Scale, Skip, Take, Then, Warmup, WarmupConfig,
};
use crate::error::{ScheduleError, or_panic};
use crate::phase::Phase;
use crate::spec::Spec;

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
    /// stepping there would give. Any step may be
    /// asked about at any time, also ones that no run will come to: schedules are recognised by
    /// their rates at a few steps up to a million.
    fn at(&self, step: u64) -> f64;

    /// The learning rate of `step`, for a caller that has just had `previous` from the step before
    /// it.
    ///
    /// The rate that [`at`](Self::at) gives, and for most schedules nothing else. For a
    /// [`Recurrence`](crate::Recurrence), whose `at(n)` has to go through all `n` steps, this is
    /// one of them. What changes the rate of a recurrence (a [scale](Self::scale), a bound, noise,
    /// a cooldown, a sum or a product) has no use for the previous one, and goes through all steps
    /// again.
    fn advance(&self, step: u64, previous: f64) -> f64 {
        let _ = previous;
        self.at(step)
    }

    /// The number of steps after which the rate no longer changes; `None` for a schedule
    /// without an end.
    ///
    /// [`then`](Self::then) follows this length.
    fn length(&self) -> Option<u64> {
        None
    }

    /// The parts of the first `span` steps that people have names for, in order; the last may end
    /// after `span`. None by default.
    fn phases(&self, span: f64) -> Vec<Phase> {
        let _ = span;
        Vec::new()
    }

    /// How many steps show its form: its length, or where it has none a few of its cycles or of its
    /// time scales; `None` for a schedule that has neither, such as a constant.
    fn span(&self) -> Option<u64> {
        self.length()
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
    /// A position in the whole is all the state there is, so a run that is resumed in the middle of
    /// `next` goes on there, where PyTorch's forgets which part it was in
    /// ([pytorch#162591](https://github.com/pytorch/pytorch/issues/162591)).
    ///
    /// A schedule without an end has nothing after it, which the compiler checks: give it one
    /// with [`take`](Self::take).
    ///
    /// ```compile_fail
    /// use lr_schedule::prelude::*;
    /// let never = Constant::new(0.1).then(LinearRamp::new(0.1, 0.0, 10));
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
    /// If [`try_scale`](Self::try_scale) fails.
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
    /// If [`try_warmup_with`](Self::try_warmup_with) fails.
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
    /// A first rate that is not finite, or a shape with a number outside its bounds.
    fn try_warmup_with(self, config: WarmupConfig) -> Result<Warmup<Self>, ScheduleError>
    where
        Self: Sized,
    {
        Warmup::try_new(self, config)
    }

    /// This schedule without its first `steps` steps, as [`Iterator::skip`].
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = LinearRamp::new(0.0, 0.5, 10).skip(1); // 0.05 at its first step
    /// assert_eq!((schedule.at(0), schedule.length()), (0.05, Some(9)));
    /// ```
    fn skip(self, steps: u64) -> Skip<Self>
    where
        Self: Sized,
    {
        Skip::new(self, steps)
    }

    /// This schedule `steps` steps later; until then, its first rate. optax's `transition_begin`.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = LinearRamp::new(0.1, 0.0, 10).delay(100);
    /// assert_eq!([schedule.at(0), schedule.at(100), schedule.at(105)], [0.1, 0.1, 0.05]);
    /// ```
    fn delay(self, steps: u64) -> Delay<Self>
    where
        Self: Sized,
    {
        Delay::new(self, steps)
    }

    /// This schedule again and again, from its first step every `every` steps; without an end.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let saw = LinearRamp::new(0.1, 0.0, 10).repeat(10);
    /// assert_eq!([saw.at(5), saw.at(10), saw.at(15)], [0.05, 0.1, 0.05]);
    /// ```
    ///
    /// # Panics
    ///
    /// If [`try_repeat`](Self::try_repeat) fails.
    #[track_caller]
    fn repeat(self, every: u64) -> Repeat<Self>
    where
        Self: Sized,
    {
        or_panic(self.try_repeat(every))
    }

    /// This schedule again and again, from its first step every `every` steps; without an end.
    ///
    /// # Errors
    ///
    /// No steps.
    fn try_repeat(self, every: u64) -> Result<Repeat<Self>, ScheduleError>
    where
        Self: Sized,
    {
        Repeat::try_new(self, every)
    }

    /// This schedule with epochs of `steps` steps for its steps: it changes at the end of each.
    /// PyTorch's schedulers, stepped once per epoch.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = MultiStep::new(0.1, [30, 60], 0.5).per_epoch(391);
    /// assert_eq!([schedule.at(30 * 391 - 1), schedule.at(30 * 391)], [0.1, 0.05]);
    /// ```
    ///
    /// # Panics
    ///
    /// If [`try_per_epoch`](Self::try_per_epoch) fails.
    #[track_caller]
    fn per_epoch(self, steps: u64) -> PerEpoch<Self>
    where
        Self: Sized,
    {
        or_panic(self.try_per_epoch(steps))
    }

    /// This schedule with epochs of `steps` steps for its steps: it changes at the end of each.
    /// PyTorch's schedulers, stepped once per epoch.
    ///
    /// # Errors
    ///
    /// No steps.
    fn try_per_epoch(self, steps: u64) -> Result<PerEpoch<Self>, ScheduleError>
    where
        Self: Sized,
    {
        PerEpoch::try_new(self, steps)
    }

    /// Every rate brought to at least `min` and at most `max`, where those are given.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = Exponential::new(0.1, 0.5).clamp(Some(0.02), None);
    /// assert_eq!([schedule.at(1), schedule.at(10)], [0.05, 0.02]);
    /// ```
    ///
    /// # Panics
    ///
    /// If [`try_clamp`](Self::try_clamp) fails.
    #[track_caller]
    fn clamp(self, min: Option<f64>, max: Option<f64>) -> Clamp<Self>
    where
        Self: Sized,
    {
        or_panic(self.try_clamp(min, max))
    }

    /// Every rate brought to at least `min` and at most `max`, where those are given.
    ///
    /// # Errors
    ///
    /// A bound that is not finite, or a `min` above `max`.
    fn try_clamp(self, min: Option<f64>, max: Option<f64>) -> Result<Clamp<Self>, ScheduleError>
    where
        Self: Sized,
    {
        Clamp::try_new(self, min, max)
    }

    /// This schedule up to a step, and from there on down to a last rate, in any shape; see
    /// [`CooldownConfig`].
    ///
    /// # Panics
    ///
    /// If [`try_cooldown`](Self::try_cooldown) fails.
    #[track_caller]
    fn cooldown(self, config: CooldownConfig) -> Cooldown<Self>
    where
        Self: Sized,
    {
        or_panic(self.try_cooldown(config))
    }

    /// This schedule up to a step, and from there on down to a last rate, in any shape; see
    /// [`CooldownConfig`].
    ///
    /// # Errors
    ///
    /// An end that is not finite, or a shape with a number outside its bounds.
    fn try_cooldown(self, config: CooldownConfig) -> Result<Cooldown<Self>, ScheduleError>
    where
        Self: Sized,
    {
        Cooldown::try_new(self, config)
    }

    /// Every rate with noise that depends on a seed and the step alone: `at(n) = rate · (1 + noise(n))`.
    /// timm's `noise_range_t`, from another generator.
    ///
    /// # Panics
    ///
    /// If [`try_noise`](Self::try_noise) fails.
    #[track_caller]
    fn noise(self, config: NoiseConfig) -> Noise<Self>
    where
        Self: Sized,
    {
        or_panic(self.try_noise(config))
    }

    /// Every rate with noise that depends on a seed and the step alone: `at(n) = rate · (1 + noise(n))`.
    /// timm's `noise_range_t`, from another generator.
    ///
    /// # Errors
    ///
    /// A standard deviation that is negative or not finite, or a limit outside 0 to 1.
    fn try_noise(self, config: NoiseConfig) -> Result<Noise<Self>, ScheduleError>
    where
        Self: Sized,
    {
        Noise::try_new(self, config)
    }

    /// This schedule, whose rates were found with batches of `reference` samples, for batches of
    /// `batch` samples.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = Constant::new(0.1).scale_batch(BatchRule::Linear, 1_024, 256);
    /// assert_eq!(schedule.at(0), 0.4);
    /// ```
    ///
    /// # Panics
    ///
    /// If [`try_scale_batch`](Self::try_scale_batch) fails.
    #[track_caller]
    fn scale_batch(self, rule: BatchRule, batch: u64, reference: u64) -> BatchScale<Self>
    where
        Self: Sized,
    {
        or_panic(self.try_scale_batch(rule, batch, reference))
    }

    /// This schedule, whose rates were found with batches of `reference` samples, for batches of
    /// `batch` samples.
    ///
    /// # Errors
    ///
    /// A batch of no samples.
    fn try_scale_batch(
        self,
        rule: BatchRule,
        batch: u64,
        reference: u64,
    ) -> Result<BatchScale<Self>, ScheduleError>
    where
        Self: Sized,
    {
        BatchScale::try_new(self, rule, batch, reference)
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

            fn to_spec(&self) -> Option<Spec> {
                (**self).to_spec()
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

use crate::combine::{
    BatchRule, BatchScale, Clamp, Cooldown, CooldownConfig, Delay, Noise, NoiseConfig, PerEpoch,
    Repeat, Scale, Skip, Take, Then, Warmup, WarmupConfig,
};
use crate::error::{ScheduleError, or_panic};
use crate::feedback::Feedback;
use crate::schedule::{Bounded, Schedule};
use crate::spec::{RuleSpec, Spec};

/// Writes the method of each adapter, which panics where its `try_` method fails, and that one. Both
/// have the comment, and what fails is the literal after it.
macro_rules! twins {
    ($(
        $(#[$doc:meta])+ $errors:literal
        $method:ident, $try_method:ident($($argument:ident: $Type:ty),*) -> $Adapter:ident;
    )+) => {$(
        $(#[$doc])+
        ///
        /// # Panics
        ///
        #[doc = concat!("If [`", stringify!($try_method), "`](Self::", stringify!($try_method), ") fails.")]
        #[track_caller]
        fn $method(self, $($argument: $Type),*) -> $Adapter<Self>
        where
            Self: Sized,
        {
            or_panic(self.$try_method($($argument),*))
        }

        $(#[$doc])+
        ///
        /// # Errors
        ///
        #[doc = $errors]
        fn $try_method(self, $($argument: $Type),*) -> Result<$Adapter<Self>, ScheduleError>
        where
            Self: Sized,
        {
            $Adapter::try_new(self, $($argument),*)
        }
    )+};
}

/// The methods of every [`Schedule`] that build larger ones out of it, and its [`Spec`].
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = Cosine::new(0.1, 0.0, 90).warmup(10).scale(0.5);
/// assert_eq!([schedule.at(5), schedule.at(10)], [0.025, 0.05]);
/// ```
pub trait ScheduleExt: Schedule {
    /// This schedule as plain data; `None` where a closure is part of it.
    ///
    /// Two schedules with equal specs are the same function.
    fn to_spec(&self) -> Option<Spec> {
        Spec::from_data(self.description()?).ok()
    }

    /// This schedule for its [`length`](Schedule::length), then `next`, which counts its own steps
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
        Then { first: self, next }
    }

    /// The first `steps` steps of this schedule, as [`Iterator::take`]; the rate of step `steps`
    /// is held from there on.
    fn take(self, steps: u64) -> Take<Self>
    where
        Self: Sized,
    {
        Take { inner: self, steps }
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
        Skip { inner: self, steps }
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
        Delay { inner: self, steps }
    }

    /// A linear warm-up of `steps` steps from 0 to this schedule's first rate, in front of it.
    /// transformers' `num_warmup_steps`.
    fn warmup(self, steps: u64) -> Warmup<Self>
    where
        Self: Sized,
    {
        self.warmup_with(WarmupConfig::new(steps))
    }

    twins! {
        /// A warm-up of any shape and start in front of this schedule.
        "A first rate that is not finite, or a shape with a number outside its bounds."
        warmup_with, try_warmup_with(config: WarmupConfig) -> Warmup;

        /// This schedule up to a step, and from there on down to a last rate, in any shape; see
        /// [`CooldownConfig`].
        "An end that is not finite, or a shape with a number outside its bounds."
        cooldown, try_cooldown(config: CooldownConfig) -> Cooldown;

        /// Every rate times `factor`.
        "A factor that is not finite."
        scale, try_scale(factor: f64) -> Scale;

        /// Every rate brought to at least `min` and at most `max`, where those are given.
        ///
        /// ```
        /// use lr_schedule::prelude::*;
        ///
        /// let schedule = Exponential::new(0.1, 0.5).clamp(Some(0.02), None);
        /// assert_eq!([schedule.at(1), schedule.at(10)], [0.05, 0.02]);
        /// ```
        "A bound that is not finite, or a `min` above `max`."
        clamp, try_clamp(min: Option<f64>, max: Option<f64>) -> Clamp;

        /// Every rate with noise that depends on a seed and the step alone:
        /// `at(n) = rate · (1 + noise(n))`. timm's `noise_range_t`, from another generator.
        "A standard deviation that is negative or not finite, or a limit outside 0 to 1."
        noise, try_noise(config: NoiseConfig) -> Noise;

        /// This schedule, whose rates were found with batches of `reference` samples, for batches of
        /// `batch` samples.
        ///
        /// ```
        /// use lr_schedule::prelude::*;
        ///
        /// let schedule = Constant::new(0.1).scale_batch(BatchRule::Linear, 1_024, 256);
        /// assert_eq!(schedule.at(0), 0.4);
        /// ```
        "A batch of no samples."
        scale_batch, try_scale_batch(rule: BatchRule, batch: u64, reference: u64) -> BatchScale;

        /// This schedule again and again, from its first step every `every` steps; without an end.
        ///
        /// ```
        /// use lr_schedule::prelude::*;
        ///
        /// let saw = LinearRamp::new(0.1, 0.0, 10).repeat(10);
        /// assert_eq!([saw.at(5), saw.at(10), saw.at(15)], [0.05, 0.1, 0.05]);
        /// ```
        "No steps."
        repeat, try_repeat(every: u64) -> Repeat;

        /// This schedule with epochs of `steps` steps for its steps: it changes at the end of each.
        /// PyTorch's schedulers, stepped once per epoch.
        ///
        /// ```
        /// use lr_schedule::prelude::*;
        ///
        /// let schedule = MultiStep::new(0.1, [30, 60], 0.5).per_epoch(391);
        /// assert_eq!([schedule.at(30 * 391 - 1), schedule.at(30 * 391)], [0.1, 0.05]);
        /// ```
        "No steps."
        per_epoch, try_per_epoch(steps: u64) -> PerEpoch;
    }
}

impl<S: Schedule + ?Sized> ScheduleExt for S {}

/// The [`RuleSpec`] of every [`Feedback`] rule.
pub trait FeedbackExt: Feedback {
    /// The rule and its options as plain data; `None` where it has no such form.
    fn to_spec(&self) -> Option<RuleSpec> {
        RuleSpec::from_data(self.description()?).ok()
    }
}

impl<F: Feedback + ?Sized> FeedbackExt for F {}

//! Any schedule and any feedback rule as plain data: see [`Spec`].

#[macro_use]
mod described;
#[cfg(feature = "text")]
mod arguments;
mod chained;
#[cfg(feature = "text")]
mod format;
mod rule;

use alloc::boxed::Box;
use alloc::vec::Vec;

pub use crate::data::{Data, Fields, MAX_DEPTH, MAX_VALUES};
pub use crate::length::{BatchSize, Length, TrainingLength};
#[cfg(feature = "text")]
pub use format::{Format, FormatError};
pub use rule::RuleSpec;

use crate::combine::{self, *};
use crate::curves::*;
use crate::error::ScheduleError;
use crate::feedback::*;
use crate::field::{Field, each};
use crate::place::{Place, Resolve};
use crate::recurrence::{Links, Recurrence};
use crate::schedule::{DynSchedule, Schedule};
use crate::shape::Shape;

fn dynamic<S: Schedule + Send + Sync + 'static>(schedule: S) -> Result<DynSchedule, ScheduleError> {
    Ok(schedule.into_dyn())
}

/// The defaults of the momentum are those of its cycle.
fn one_cycle() -> OneCycleConfig {
    OneCycleConfig::new(0.0, 0)
}

described! {
    /// A schedule as plain data: what it is called and its numbers.
    ///
    /// The content of a configuration file, and the text by which a saved run tells whether it is resumed
    /// with the schedule that it began with: two schedules with equal specs are the same function.
    /// With the feature `serde` it can be read from JSON, TOML and any other such format, be a
    /// field of a struct with Burn's `#[derive(Config)]`, and be written again:
    ///
    /// ```
    /// # #[cfg(feature = "serde")] {
    /// use lr_schedule::prelude::*;
    ///
    /// let spec: Spec = serde_json::from_str(
    ///     r#"{"warmup": {"steps": 10, "of": {"cosine": {"start": 0.001, "steps": 90}}}}"#,
    /// )?;
    /// let schedule = spec.build()?;
    /// assert_eq!(schedule.at(10), 0.001);
    /// assert_eq!(schedule.to_spec(), Some(spec.clone()));
    ///
    /// let text = serde_json::to_string(&spec)?;
    /// assert_eq!(
    ///     text,
    ///     r#"{"warmup":{"steps":10,"start":0.0,"shape":"linear","of":{"cosine":{"start":0.001,"end":0.0,"steps":90}}}}"#,
    /// );
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A [`Length`] may be a share of the run, epochs, or the rest of it, which is
    /// [resolved](Self::resolve) for a run:
    ///
    /// ```
    /// # #[cfg(feature = "serde")] {
    /// use lr_schedule::prelude::*;
    ///
    /// let spec: Spec = serde_json::from_str(
    ///     r#"{"warmup": {"steps": "10%", "of": {"cosine": {"start": 0.001, "steps": "rest"}}}}"#,
    /// )?;
    /// let run = TrainingLength::new(50_000, 128, 90)?;
    /// let schedule = spec.resolve(&run)?.build()?;
    /// assert_eq!(schedule.length(), Some(run.steps()));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A mistake in a text is said with its place; a name that there isn't, with the nearest
    /// that there is. Reading is bounded in depth and size ([`MAX_DEPTH`], [`MAX_VALUES`]).
    ///
    /// ```
    /// # #[cfg(feature = "serde")] {
    /// use lr_schedule::prelude::*;
    ///
    /// let wrong = r#"{"sequence": [{"constant": {"rate": 1}}, {"cosine": {"start": 1, "stpes": 5}}]}"#;
    /// let error = serde_json::from_str::<Spec>(wrong).unwrap_err().to_string();
    /// let expected = "sequence[1].cosine.stpes: is no known field; did you mean `steps`?";
    /// assert!(error.starts_with(expected), "{error}");
    /// # }
    /// ```
    enum Spec: "schedule" => DynSchedule;

    wraps {
        /// A curve.
        Curve(CurveSpec);
    }
    each {

    /// [`OneCycleMomentum`]
    OneCycleMomentum one_cycle_momentum {
        max_lr: f64,
        total_steps: Length,
        pct_start: f64 = one_cycle().pct_start,
        anneal_strategy: Shape = one_cycle().anneal_strategy,
        base_momentum: f64 = one_cycle().base_momentum,
        max_momentum: f64 = one_cycle().max_momentum,
        div_factor: f64 = one_cycle().div_factor,
        final_div_factor: f64 = one_cycle().final_div_factor,
        three_phase: bool = one_cycle().three_phase,
    } => dynamic(OneCycle::checked(
            max_lr, total_steps, pct_start, anneal_strategy, base_momentum, max_momentum,
            div_factor, final_div_factor, three_phase,
        )?.momentum());

    /// [`Recurrence`] of links; one of a closure has no spec.
    Recurrence recurrence { start: f64, links: Vec<Link> }
        => dynamic(Recurrence::of_parts(start, links)?);
    /// [`BatchScale`]
    BatchScale batch_scale {
        rule: BatchRule, reference: u64, batch: BatchSize = BatchSize::OfRun, of: Box<Spec>,
    } => dynamic(combine::BatchScale::try_new(of, rule, batch, reference)?);
    /// [`Clamp`]
    Clamp clamp { min: Option<f64> = None, max: Option<f64> = None, of: Box<Spec> }
        => dynamic(Clamp::try_new(of, min, max)?);
    /// [`Cooldown`]
    Cooldown cooldown {
        start: Length, steps: Length, end: f64 = CooldownConfig::DEFAULT.end, shape: Shape = CooldownConfig::DEFAULT.shape, of: Box<Spec>,
    } => dynamic(Cooldown::try_new(of, CooldownConfig { start, steps, end, shape })?);
    /// [`Delay`]
    Delay delay { steps: Length, of: Box<Spec> } => dynamic(Delay { inner: of, steps });
    /// [`Noise`]
    Noise noise {
        seed: u64 = NoiseConfig::DEFAULT.seed,
        kind: NoiseKind = NoiseConfig::DEFAULT.kind,
        std: f64 = NoiseConfig::DEFAULT.std,
        limit: f64 = NoiseConfig::DEFAULT.limit,
        from: Length = NoiseConfig::DEFAULT.from.into(),
        to: Option<Length> = None,
        of: Box<Spec>,
    } => dynamic(Noise::try_new(of, NoiseConfig { seed, kind, std, limit, from, to })?);
    /// [`PerEpoch`]
    PerEpoch per_epoch { steps: Length = Length::Epochs(1.0), of: Box<Spec> }
        => dynamic(PerEpoch::try_new(of, steps)?);
    /// [`Repeat`]
    Repeat repeat { every: Length, of: Box<Spec> } => dynamic(Repeat::try_new(of, every)?);
    /// [`Scale`]
    Scale scale { factor: f64, of: Box<Spec> } => dynamic(Scale::try_new(of, factor)?);
    /// [`Skip`]
    Skip skip { steps: Length, of: Box<Spec> } => {
        // Each of its rates takes going through what is skipped, where that recurs.
        const MOST: u64 = 1_000_000;
        if steps > MOST && recurs(&of) {
            let allowed = "at most 1000000 of a recurrence";
            return Err(ScheduleError::invalid("skip.steps", steps, allowed));
        }
        dynamic(Skip { inner: of, steps })
    };
    /// [`Take`]
    Take take { steps: Length, of: Box<Spec> } => dynamic(Take { inner: of, steps });
    /// [`Warmup`]
    Warmup warmup {
        steps: Length, start: f64 = WarmupConfig::DEFAULT.start, shape: Shape = WarmupConfig::DEFAULT.shape, of: Box<Spec>,
    } => dynamic(Warmup::try_new(of, WarmupConfig { steps, start, shape })?);
    /// A schedule under a rule that hears a metric, which [`build_feedback`](Self::build_feedback)
    /// builds.
    Feedback feedback { rule: RuleSpec, of: Box<Spec> } => {
        let _ = (rule, of);
        Err(ScheduleError::unsupported(
            "feedback",
            "hears a metric, so it is no schedule: `build_feedback` builds it",
        ))
    };

    }
    lists {
        /// One after another: [`sequence`], [`Then`].
        Sequence sequence => |parts| dynamic(try_sequence(parts)?);
        /// All at once, multiplied: [`product`].
        Product product => |parts: Vec<DynSchedule>| dynamic(combine::product(parts));
        /// All at once, added: [`sum`].
        Sum sum => |parts: Vec<DynSchedule>| dynamic(combine::sum(parts));
    }
}

impl Resolve for Spec {
    fn inner<'a>(&self, outer: &Place<'a>, taken: u64) -> Place<'a> {
        let mut inner = *outer;
        match self {
            Self::Warmup { .. } | Self::Delay { .. } => inner.before += i128::from(taken),
            Self::Skip { .. } => inner.before -= i128::from(taken),
            Self::PerEpoch { .. } => inner.count_in(taken),
            _ => {}
        }
        inner
    }

    fn beside(&self, taken: u64) -> u64 {
        match self {
            // Its two lengths are two places in the run.
            Self::Noise { .. } => 0,
            _ => taken,
        }
    }

    fn after<'a>(&self, part: &Self, mut place: Place<'a>) -> Result<Place<'a>, ScheduleError> {
        if let Self::Sequence(_) = self {
            place.before += i128::from(part.build()?.length().unwrap_or(0));
        }
        Ok(place)
    }
}

impl<C> From<C> for Spec
where
    CurveSpec: From<C>,
{
    fn from(curve: C) -> Self {
        Self::Curve(curve.into())
    }
}

impl Spec {
    /// The schedule and the rule of a [`Feedback`](Self::Feedback).
    ///
    /// ```
    /// # #[cfg(feature = "serde")] {
    /// use lr_schedule::prelude::*;
    ///
    /// let spec: Spec = serde_json::from_str(
    ///     r#"{"feedback": {"rule": {"reduce_on_plateau": {"patience": 3}}, "of": {"constant": {"rate": 0.1}}}}"#,
    /// )?;
    /// let (schedule, rule) = spec.build_feedback()?;
    /// assert_eq!(rule.rate(schedule.at(0)), 0.1);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// An error of [`build`](Self::build) of either; and anything else than a `Feedback`.
    pub fn build_feedback(&self) -> Result<(DynSchedule, DynFeedback), ScheduleError> {
        let Self::Feedback { rule, of } = self else {
            let allowed = "a feedback, of a rule and a schedule";
            return Err(ScheduleError::invalid(self.name(), "a schedule", allowed));
        };
        let of = of.build().map_err(|error| error.inside("feedback.of"))?;
        let rule = rule
            .build()
            .map_err(|error| error.inside("feedback.rule"))?;
        Ok((of, rule))
    }
}

described! {
    /// The change that a [`Recurrence`] makes to the rate at every step, its own `n` counted from 1.
    enum Link: "link" => Links;

    wraps {}
    each {
    /// The rate times `of(n) / of(n - 1)`, so that it follows another schedule by its factors, or
    /// stays where that was 0. For `exponential`, `step` and `multi_step`, whose factors have a
    /// name, it is multiplied with those.
    Multiply multiply { of: Box<Spec> } => multiply(of);
    /// The part over `floor` follows half a cosine by its factors, and from each lowest point on,
    /// where nothing is left of it, what `start` has over `floor` is added: the recursion of
    /// PyTorch's `CosineAnnealingLR`.
    Anneal anneal { start: f64, floor: f64 = 0.0, t_max: Length }
        => Links::anneal(start, floor, t_max);
    /// The way to `target` that is left becomes shorter as a decay in `shape` over `steps` steps
    /// does, and after it the rate is `target`: the recursion of PyTorch's `SWALR`.
    Settle settle { target: f64, steps: Length, shape: Shape = Shape::Cosine }
        => Links::settle(target, steps, shape);
    /// The rate is `of(n)`, whatever it was.
    Set set { of: Box<Spec> } => check_closed(&of, "set.of").map(|()| Links::set(of));
    /// `first` for `steps` steps, then `start` where it is given, then `next`, counting from there.
    Then then { first: Box<Link>, steps: Length, start: Option<f64> = None, next: Box<Link> }
        => Links::then(first, steps, start, next);
    /// `of` as it goes on after its first `steps` steps: its `n` is counted from `steps + 1`.
    Skip skip { steps: Length, of: Box<Link> } => Ok(Links::skip(steps, of));

    }
    lists {
        /// All of them in turn, at every step.
        Chain chain => |parts| Ok(Links::chain(parts));
    }
}

impl Resolve for Link {}

/// Factors that have a name are taken at their word: a quotient of two tiny powers
/// is not what the powers are of.
fn multiply(of: DynSchedule) -> Result<Links, ScheduleError> {
    check_closed(&of, "multiply.of")?;
    let described = of.description().map(Spec::from_data);
    Ok(match described {
        Some(Ok(Spec::Curve(CurveSpec::Exponential(by)))) => Links::every(&of, 1, by.gamma),
        Some(Ok(Spec::Curve(CurveSpec::Step(by)))) => {
            Links::every(&of, by.step_size.steps()?, by.gamma)
        }
        Some(Ok(Spec::Curve(CurveSpec::MultiStep(by)))) => {
            let steps = each(&by.milestones, |step| step.steps())?; // in ascending order
            Links::at(&of, steps, by.gamma)
        }
        _ => Links::quotients(of),
    })
}

/// A recurrence in another one would go through all of its steps at every step.
fn check_closed(of: &DynSchedule, place: &str) -> Result<(), ScheduleError> {
    match recurs(of) {
        false => Ok(()),
        true => Err(ScheduleError::unsupported(
            place,
            "can't be another recurrence",
        )),
    }
}

fn recurs(schedule: &DynSchedule) -> bool {
    let data = schedule.description();
    data.is_some_and(|data| data.has("recurrence"))
}

//! Any schedule and any feedback rule as plain data: see [`Spec`].

mod data;
#[macro_use]
mod described;
mod field;
#[cfg(feature = "text")]
mod format;
mod length;
mod link;
mod rule;
#[cfg(feature = "serde")]
mod serialize;
mod text;

use alloc::boxed::Box;
use alloc::vec::Vec;

pub use data::{Data, Fields, MAX_DEPTH, MAX_VALUES};
use described::{count, joined};
pub(crate) use field::{CurveField, Place, built, each, resolved, taken};
use field::{Field, Position, Resolve};
#[cfg(feature = "text")]
pub use format::{Format, FormatError};
pub use length::{BatchSize, Length, TrainingLength};
pub use link::Link;
pub use rule::RuleSpec;
pub(crate) use text::{Text, field, table};

use crate::combine::{self, *};
use crate::curves::*;
use crate::error::ScheduleError;
use crate::feedback::*;
use crate::recipes::*;
use crate::recurrence::Recurrence;
use crate::schedule::{DynSchedule, Schedule};
use crate::shape::Shape;

fn dynamic<S: Schedule + Send + Sync + 'static>(schedule: S) -> Result<DynSchedule, ScheduleError> {
    Ok(schedule.into_dyn())
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
    /// let wrong = |text: &str| match serde_json::from_str::<Spec>(text) {
    ///     Err(error) => error.to_string(),
    ///     Ok(spec) => spec.build().unwrap_err().to_string(),
    /// };
    /// assert_eq!(
    ///     wrong(r#"{"sequence": [{"linear": {"start": 0, "end": 1, "steps": 5}}, {"cosine": {"start": 1, "steps": 0}}]}"#),
    ///     "sequence[1].cosine.steps: must be at least 1, got 0",
    /// );
    /// assert_eq!(
    ///     wrong(r#"{"cosine": {"start": 1, "stpes": 5}}"#),
    ///     "cosine.stpes: is no known field; did you mean `steps`?",
    /// );
    /// assert_eq!(
    ///     wrong(r#"{"cosin": {"start": 1, "steps": 5}}"#),
    ///     "cosin: is no known schedule; did you mean `cosine`?",
    /// );
    /// # }
    /// ```
    enum Spec: "schedule" => DynSchedule;

    wraps {
        /// A curve.
        Curve(CurveSpec);
    }
    each {

    /// [`HardRestarts`]
    HardRestarts hard_restarts { max: f64, steps: Length, cycles: f64 = 1.0 }
        => dynamic(HardRestarts::try_new(max, steps, cycles)?);

    /// [`Noam`]
    Noam noam { factor: f64 = 1.0, model_size: u64 = 512, warmup: Length = Length::Steps(4_000) }
        => dynamic(Noam::try_new(factor, model_size, warmup)?);
    /// [`OneCycle`]
    OneCycle one_cycle {
        max_lr: f64,
        total_steps: Length,
        pct_start: f64 = OneCycleConfig::DEFAULT.pct_start,
        anneal_strategy: Shape = OneCycleConfig::DEFAULT.anneal_strategy,
        base_momentum: f64 = OneCycleConfig::DEFAULT.base_momentum,
        max_momentum: f64 = OneCycleConfig::DEFAULT.max_momentum,
        div_factor: f64 = OneCycleConfig::DEFAULT.div_factor,
        final_div_factor: f64 = OneCycleConfig::DEFAULT.final_div_factor,
        three_phase: bool = OneCycleConfig::DEFAULT.three_phase,
    } => {
        let config = OneCycleConfig {
            max_lr, total_steps, pct_start, anneal_strategy, base_momentum, max_momentum,
            div_factor, final_div_factor, three_phase,
        };
        dynamic(config.build()?)
    };
    /// [`OneCycleMomentum`]
    OneCycleMomentum one_cycle_momentum {
        max_lr: f64,
        total_steps: Length,
        pct_start: f64 = OneCycleConfig::DEFAULT.pct_start,
        anneal_strategy: Shape = OneCycleConfig::DEFAULT.anneal_strategy,
        base_momentum: f64 = OneCycleConfig::DEFAULT.base_momentum,
        max_momentum: f64 = OneCycleConfig::DEFAULT.max_momentum,
        div_factor: f64 = OneCycleConfig::DEFAULT.div_factor,
        final_div_factor: f64 = OneCycleConfig::DEFAULT.final_div_factor,
        three_phase: bool = OneCycleConfig::DEFAULT.three_phase,
    } => {
        let config = OneCycleConfig {
            max_lr, total_steps, pct_start, anneal_strategy, base_momentum, max_momentum,
            div_factor, final_div_factor, three_phase,
        };
        dynamic(config.build()?.momentum())
    };

    /// [`Recurrence`] of links; one of a closure has no spec.
    Recurrence recurrence { start: f64, links: Vec<Link> }
        => dynamic(Recurrence::try_chained(start, links)?);
    /// [`Restarts`]
    Restarts restarts {
        max: f64,
        min: f64 = RestartsConfig::DEFAULT.min,
        steps: Length,
        shape: Shape = RestartsConfig::DEFAULT.shape,
        t_mult: f64 = RestartsConfig::DEFAULT.t_mult,
        decay: f64 = RestartsConfig::DEFAULT.decay,
        limit: Option<u64> = RestartsConfig::DEFAULT.limit,
        k_decay: f64 = RestartsConfig::DEFAULT.k_decay,
        index: CycleIndex = RestartsConfig::DEFAULT.index,
    } => {
        let config = RestartsConfig {
            max, min, steps, shape, t_mult, decay, limit, k_decay, index,
        };
        dynamic(config.build()?)
    };
    /// [`TriStage`]
    TriStage tri_stage {
        peak: f64,
        warmup: Length,
        hold: Length,
        decay: Length,
        init_scale: f64 = TriStageConfig::DEFAULT.init_scale,
        final_scale: f64 = TriStageConfig::DEFAULT.final_scale,
    } => dynamic(TriStageConfig { peak, warmup, hold, decay, init_scale, final_scale }.build()?);
    /// [`WarmRestarts`]
    WarmRestarts warm_restarts { max: f64, min: f64 = 0.0, t_0: Length, t_mult: u64 = 1 }
        => dynamic(WarmRestarts::try_new(max, min, t_0, t_mult)?);
    /// [`WarmupStableDecay`]
    WarmupStableDecay warmup_stable_decay {
        peak: f64,
        warmup: Length,
        stable: Length,
        decay: Length,
        min_lr: f64 = WarmupStableDecayConfig::DEFAULT.min_lr,
        warmup_shape: Shape = WarmupStableDecayConfig::DEFAULT.warmup_shape,
        decay_shape: Shape = WarmupStableDecayConfig::DEFAULT.decay_shape,
    } => {
        let config = WarmupStableDecayConfig {
            peak, warmup, stable, decay, min_lr, warmup_shape, decay_shape,
        };
        dynamic(config.build()?)
    };
    /// [`BatchScale`]
    BatchScale batch_scale {
        rule: BatchRule, reference: u64, batch: BatchSize = BatchSize::OfRun, of: Box<Spec>,
    } => dynamic(of.try_scale_batch(rule, batch, reference)?);
    /// [`Clamp`]
    Clamp clamp { min: Option<f64> = None, max: Option<f64> = None, of: Box<Spec> }
        => dynamic(of.try_clamp(min, max)?);
    /// [`Cooldown`]
    Cooldown cooldown {
        start: Length, steps: Length, end: f64 = 0.0, shape: Shape = Shape::Linear, of: Box<Spec>,
    } => dynamic(of.try_cooldown(CooldownConfig { start, steps, end, shape })?);
    /// [`Delay`]
    Delay delay { steps: Length, of: Box<Spec> } => dynamic(of.delay(steps));
    /// [`Noise`]
    Noise noise {
        seed: u64 = NoiseConfig::DEFAULT.seed,
        kind: NoiseKind = NoiseConfig::DEFAULT.kind,
        std: f64 = NoiseConfig::DEFAULT.std,
        limit: f64 = NoiseConfig::DEFAULT.limit,
        from: Length = NoiseConfig::DEFAULT.from.into(),
        to: Option<Length> = None,
        of: Box<Spec>,
    } => dynamic(of.try_noise(NoiseConfig { seed, kind, std, limit, from, to })?);
    /// [`PerEpoch`]
    PerEpoch per_epoch { steps: Length = Length::Epochs(1.0), of: Box<Spec> }
        => dynamic(of.try_per_epoch(steps)?);
    /// [`Repeat`]
    Repeat repeat { every: Length, of: Box<Spec> } => dynamic(of.try_repeat(every)?);
    /// [`Scale`]
    Scale scale { factor: f64, of: Box<Spec> } => dynamic(of.try_scale(factor)?);
    /// [`Skip`]
    Skip skip { steps: Length, of: Box<Spec> } => {
        // Each of its rates takes going through what is skipped, where that recurs.
        const MOST: u64 = 1_000_000;
        if steps > MOST && of.to_spec().is_some_and(|of| of.recurs()) {
            let allowed = "at most 1000000 of a recurrence";
            return Err(ScheduleError::invalid("skip.steps", steps, allowed));
        }
        dynamic(of.skip(steps))
    };
    /// [`Take`]
    Take take { steps: Length, of: Box<Spec> } => dynamic(of.take(steps));
    /// [`Warmup`]
    Warmup warmup {
        steps: Length, start: f64 = 0.0, shape: Shape = Shape::Linear, of: Box<Spec>,
    } => dynamic(of.try_warmup_with(WarmupConfig { steps, start, shape })?);
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
    /// Where [`build`](Self::build) of either fails, and for anything else than a `Feedback`.
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

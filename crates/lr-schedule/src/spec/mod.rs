//! Any schedule and any feedback rule as plain data: see [`Spec`].

#[cfg(feature = "serde")]
mod data;
mod field;
mod length;
#[cfg(feature = "serde")]
mod text;

use alloc::boxed::Box;
use alloc::vec::Vec;

#[cfg(feature = "serde")]
pub use data::{Data, Fields, MAX_DEPTH, MAX_VALUES};
pub(crate) use field::each;
use field::{Field, Place, Position, Resolve};
pub use length::{BatchSize, Length, TrainingLength};

use crate::combine::{self, *};
use crate::curves::*;
use crate::feedback::*;
use crate::recipes::*;
use crate::recurrence::Part;
use crate::{DynSchedule, Recurrence, Schedule, ScheduleError, Shape};

/// Writes an enum of everything that there is of one kind, and what is the same for all of it:
/// its names, how it is built, how its lengths are resolved, and how it is read and written.
///
/// `Variant name { field: Type = default, .. } => what it is built into` is all that there is to
/// say about one of them; `lists` are those whose only field is a list of their own kind.
macro_rules! described {
    (
        $(#[$enum_doc:meta])*
        enum $Enum:ident: $what:literal => $Built:ty;
        each {$(
            $(#[$doc:meta])*
            $Variant:ident $name:ident {
                $($field:ident: $Type:ty $(= $default:expr)?),* $(,)?
            } => $build:expr;
        )*}
        lists {$(
            $(#[$list_doc:meta])*
            $List:ident $list_name:ident => $list_build:expr;
        )*}
    ) => {
        $(#[$enum_doc])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum $Enum {
            $(
                $(#[$doc])*
                #[allow(missing_docs)] // the fields are those of what it is named after
                $Variant { $($field: $Type),* },
            )*
            $(
                $(#[$list_doc])*
                $List(Vec<$Enum>),
            )*
        }

        impl $Enum {
            /// The name of every one there is, as texts give it.
            pub const NAMES: &[&'static str] =
                &[$(stringify!($name),)* $(stringify!($list_name),)*];

            /// What it is called in a text: `cosine`.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$Variant { .. } => stringify!($name),)*
                    $(Self::$List(_) => stringify!($list_name),)*
                }
            }

            /// What it describes.
            ///
            /// # Errors
            ///
            /// What makes none, with its place: `sequence[1].cosine.steps: must be at least 1, got
            /// 0`. Lengths that aren't in steps have to be [resolved](Self::resolve) first.
            pub fn build(&self) -> Result<$Built, ScheduleError> {
                match self {
                    $(Self::$Variant { $($field),* } => {
                        $(let $field = Field::build($field).map_err(|error| {
                            error.inside(concat!(stringify!($name), ".", stringify!($field)))
                        })?;)*
                        $build
                    })*
                    $(Self::$List(parts) => {
                        let parts = each(parts, $Enum::build);
                        let parts = parts.map_err(|error| error.inside(stringify!($list_name)))?;
                        $list_build(parts)
                    })*
                }
            }

            /// The same with every length in steps, for a run of the length `run`.
            ///
            /// # Errors
            ///
            /// A length that is negative or not finite, or a rest where nothing is left.
            pub fn resolve(&self, run: &TrainingLength) -> Result<Self, ScheduleError> {
                self.resolve_at(&Place::beginning(run))
            }

            /// Whether a [`Recurrence`] is part of it, whose rate at a step takes going through all
            /// steps before it.
            pub fn recurs(&self) -> bool {
                match self {
                    $(Self::$Variant { $($field),* } => {
                        stringify!($name) == "recurrence" $(|| Field::recurs($field))*
                    })*
                    $(Self::$List(parts) => parts.iter().any($Enum::recurs),)*
                }
            }

            fn resolve_at(&self, place: &Place<'_>) -> Result<Self, ScheduleError> {
                match self {
                    $(Self::$Variant { $($field),* } => {
                        #[allow(unused_mut)]
                        let mut taken = 0u64;
                        $({
                            let steps = Field::taken($field, place).map_err(|error| {
                                error.inside(concat!(stringify!($name), ".", stringify!($field)))
                            })?;
                            taken = taken.saturating_add(steps);
                        })*
                        let at = Position {
                            place,
                            beside: self.beside(taken),
                            inner: self.inner(place, taken),
                        };
                        Ok(Self::$Variant {
                            $($field: Field::resolve($field, &at).map_err(|error| {
                                error.inside(concat!(stringify!($name), ".", stringify!($field)))
                            })?),*
                        })
                    })*
                    $(Self::$List(parts) => {
                        let mut place = *place;
                        let parts = each(parts, |part| {
                            let part = part.resolve_at(&place)?;
                            place = self.after(&part, place)?;
                            Ok(part)
                        });
                        let parts = parts.map_err(|error| error.inside(stringify!($list_name)))?;
                        Ok(Self::$List(parts))
                    })*
                }
            }
        }

        #[cfg(feature = "serde")]
        impl $Enum {
            /// As data, which any format can write.
            pub fn to_data(&self) -> Data {
                match self {
                    $(Self::$Variant { $($field),* } => {
                        let fields: Vec<(&str, Option<Data>)> = alloc::vec![
                            $((stringify!($field), text::Text::to_data($field))),*
                        ];
                        text::table(stringify!($name), fields)
                    })*
                    $(Self::$List(parts) => {
                        let parts = parts.iter().map($Enum::to_data).collect();
                        Data::entry(stringify!($list_name), Data::List(parts))
                    })*
                }
            }

            /// What `data` describes, which need not be a valid one yet.
            ///
            /// # Errors
            ///
            /// Names and fields that there aren't, fields that are missing or of another type.
            pub fn from_data(data: Data) -> Result<Self, ScheduleError> {
                let (name, data) = data.into_entry($what)?;
                match name.as_str() {
                    $(stringify!($name) => {
                        let fields = [$(stringify!($field)),*];
                        #[allow(unused_mut)]
                        let mut fields = data.into_fields(stringify!($name), "field", &fields)?;
                        Ok(Self::$Variant {
                            $($field: {
                                #[allow(unused_mut, unused_assignments)]
                                let mut default: Option<$Type> = None;
                                $(default = Some($default);)?
                                text::field(
                                    fields.take(stringify!($field)),
                                    default,
                                    concat!(stringify!($name), ".", stringify!($field)),
                                )?
                            }),*
                        })
                    })*
                    $(stringify!($list_name) => match text::Text::from_data(data) {
                        Ok(parts) => Ok(Self::$List(parts)),
                        Err(error) => Err(error.inside(stringify!($list_name))),
                    },)*
                    name => Err(ScheduleError::unknown("", $what, name, Self::NAMES)),
                }
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $Enum {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.to_data().serialize(serializer)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $Enum {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let data = Data::deserialize(deserializer)?;
                Self::from_data(data).map_err(serde::de::Error::custom)
            }
        }
    };
}

fn dynamic<S: Schedule + Send + Sync + 'static>(schedule: S) -> Result<DynSchedule, ScheduleError> {
    Ok(schedule.into_dyn())
}

described! {
    /// A schedule as plain data: what it is called and its numbers.
    ///
    /// What a configuration file holds, and what a saved run stores to tell whether it is resumed
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
    /// What is wrong in a text is said with its place; names that there aren't, with the nearest
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

    each {
    /// [`Anneal`]
    Anneal anneal { start: f64, end: f64 = 0.0, steps: Length, shape: Shape = Shape::Linear }
        => dynamic(Anneal::try_new(start, end, steps, shape)?);
    /// [`Constant`]
    Constant constant { rate: f64 } => dynamic(Constant::try_new(rate)?);
    /// [`Cosine`]
    Cosine cosine { start: f64, end: f64 = 0.0, steps: Length }
        => dynamic(Cosine::try_new(start, end, steps)?);
    /// [`CosineAnnealing`]
    CosineAnnealing cosine_annealing { max: f64, min: f64 = 0.0, t_max: Length }
        => dynamic(CosineAnnealing::try_new(max, min, t_max)?);
    /// [`CosineWave`]
    CosineWave cosine_wave { max: f64, min: f64 = 0.0, steps: Length, cycles: f64 }
        => dynamic(CosineWave::try_new(max, min, steps, cycles)?);
    /// [`Cyclic`]
    Cyclic cyclic {
        base: f64,
        max: f64,
        up: Length,
        down: Option<Length> = None,
        shape: Shape = CyclicConfig::DEFAULT.shape,
        scaling: CycleScaling = CyclicConfig::DEFAULT.scaling,
        gamma: f64 = CyclicConfig::DEFAULT.gamma,
    } => {
        let down = down.unwrap_or(up);
        dynamic(CyclicConfig { base, max, up, down, shape, scaling, gamma }.build()?)
    };
    /// [`Exponential`]
    Exponential exponential { start: f64, gamma: f64 }
        => dynamic(Exponential::try_new(start, gamma)?);
    /// [`ExponentialDecay`]
    ExponentialDecay exponential_decay {
        start: f64, rate: f64, steps: f64, staircase: bool = false,
    } => {
        let decay = ExponentialDecay::try_new(start, rate, steps)?;
        dynamic(if staircase { decay.staircase() } else { decay })
    };
    /// [`Geometric`]
    Geometric geometric { start: f64, end: f64, steps: Length }
        => dynamic(Geometric::try_new(start, end, steps)?);
    /// [`HardRestarts`]
    HardRestarts hard_restarts { max: f64, steps: Length, cycles: f64 = 1.0 }
        => dynamic(HardRestarts::try_new(max, steps, cycles)?);
    /// [`InverseSqrt`]
    InverseSqrt inverse_sqrt { start: f64, timescale: f64 }
        => dynamic(InverseSqrt::try_new(start, timescale)?);
    /// [`InverseTime`]
    InverseTime inverse_time {
        start: f64, rate: f64, steps: f64, power: f64 = 1.0, staircase: bool = false,
    } => dynamic(InverseTimeConfig { start, rate, steps, power, staircase }.build()?);
    /// [`Linear`]
    Linear linear { start: f64, end: f64 = 0.0, steps: Length }
        => dynamic(Linear::try_new(start, end, steps)?);
    /// [`MultiStep`]
    MultiStep multi_step { start: f64, milestones: Vec<Length>, gamma: f64 = 0.1 }
        => dynamic(MultiStep::try_new(start, milestones, gamma)?);
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
    /// [`PiecewiseConstant`]
    PiecewiseConstant piecewise_constant { values: Vec<f64>, boundaries: Vec<Length> }
        => dynamic(PiecewiseConstant::try_new(values, boundaries)?);
    /// [`Polynomial`]
    Polynomial polynomial { start: f64, end: f64 = 0.0, steps: Length, power: f64 }
        => dynamic(Polynomial::try_new(start, end, steps, power)?);
    /// [`PolynomialCycle`]
    PolynomialCycle polynomial_cycle { start: f64, end: f64 = 0.0, steps: Length, power: f64 }
        => dynamic(PolynomialCycle::try_new(start, end, steps, power)?);
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
    /// [`Step`]
    Step step { start: f64, step_size: Length, gamma: f64 = 0.1 }
        => dynamic(Step::try_new(start, step_size, gamma)?);
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

described! {
    /// What a [`Recurrence`] does to the rate at every step, its own `n` counted from 1.
    enum Link: "link" => Part;

    each {
    /// The rate times `of(n) / of(n - 1)`, so that it follows another schedule by its factors, or
    /// stays where that was 0. For `exponential`, `step` and `multi_step`, whose factors have a
    /// name, it is multiplied with those.
    Multiply multiply { of: Box<Spec> } => Part::multiply(of);
    /// What is over `floor` follows half a cosine by its factors, and from each lowest point on,
    /// where nothing is left of it, what `start` has over `floor` is added: the recursion of
    /// PyTorch's `CosineAnnealingLR`.
    Anneal anneal { start: f64, floor: f64 = 0.0, t_max: Length }
        => Part::anneal(start, floor, t_max);
    /// The way to `target` that is left becomes shorter as a decay in `shape` over `steps` steps
    /// does, and after it the rate is `target`: the recursion of PyTorch's `SWALR`.
    Settle settle { target: f64, steps: Length, shape: Shape = Shape::Cosine }
        => Part::settle(target, steps, shape);
    /// The rate is `of(n)`, whatever it was.
    Set set { of: Box<Spec> } => Part::set(of);
    /// `first` for `steps` steps, then `start` where it is given, then `next`, counting from there.
    Then then { first: Box<Link>, steps: Length, start: Option<f64> = None, next: Box<Link> }
        => Part::then(first, steps, start, next);
    /// `of` as it goes on after its first `steps` steps: its `n` is counted from `steps + 1`.
    Skip skip { steps: Length, of: Box<Link> } => Ok(Part::Skip { steps, of });

    }
    lists {
        /// All of them in turn, at every step.
        Chain chain => |parts| Ok(Part::Chain(parts));
    }
}

impl Resolve for Link {}

described! {
    /// A feedback rule as plain data: what it is called and its options.
    enum RuleSpec: "rule" => DynFeedback;

    each {
    /// [`Greedy`]
    Greedy greedy {
        mode: Mode = GreedyConfig::DEFAULT.mode,
        factor: f64 = GreedyConfig::DEFAULT.factor,
        patience: u64 = GreedyConfig::DEFAULT.patience,
        threshold: f64 = GreedyConfig::DEFAULT.threshold,
        threshold_mode: ThresholdMode = GreedyConfig::DEFAULT.threshold_mode,
        cooldown: u64 = GreedyConfig::DEFAULT.cooldown,
        warmup: u64 = GreedyConfig::DEFAULT.warmup,
        min_lr: f64 = GreedyConfig::DEFAULT.min_lr,
        max_lr: f64 = GreedyConfig::DEFAULT.max_lr,
        eps: f64 = GreedyConfig::DEFAULT.eps,
        window: Option<u64> = GreedyConfig::DEFAULT.window,
        reset_start: u64 = GreedyConfig::DEFAULT.reset_start,
        dialect: Option<Dialect> = None,
    } => {
        let config = GreedyConfig {
            mode, factor, patience, threshold, threshold_mode, cooldown, warmup, min_lr, max_lr,
            eps, window, reset_start, dialect: dialect.unwrap_or_default(),
        };
        config.build().map(DynFeedback::new)
    };
    /// [`ReduceOnPlateau`]
    ReduceOnPlateau reduce_on_plateau {
        mode: Mode = ReduceOnPlateauConfig::DEFAULT.mode,
        factor: f64 = ReduceOnPlateauConfig::DEFAULT.factor,
        patience: u64 = ReduceOnPlateauConfig::DEFAULT.patience,
        threshold: f64 = ReduceOnPlateauConfig::DEFAULT.threshold,
        threshold_mode: ThresholdMode = ReduceOnPlateauConfig::DEFAULT.threshold_mode,
        cooldown: u64 = ReduceOnPlateauConfig::DEFAULT.cooldown,
        min_lr: f64 = ReduceOnPlateauConfig::DEFAULT.min_lr,
        eps: f64 = ReduceOnPlateauConfig::DEFAULT.eps,
        // Those that came later are written only where they are given, so that rules keep the
        // fingerprints that saved runs know them by.
        threshold_abs: Option<f64> = None,
        min_scale: Option<f64> = None,
        accumulation: Option<u64> = None,
        skip: Option<u64> = None,
        dialect: Option<Dialect> = None,
    } => {
        let config = ReduceOnPlateauConfig {
            mode, factor, patience, threshold, threshold_mode, cooldown, min_lr, eps,
            threshold_abs: threshold_abs.unwrap_or(ReduceOnPlateauConfig::DEFAULT.threshold_abs),
            min_scale: min_scale.unwrap_or(ReduceOnPlateauConfig::DEFAULT.min_scale),
            accumulation: accumulation.unwrap_or(ReduceOnPlateauConfig::DEFAULT.accumulation),
            skip: skip.unwrap_or(ReduceOnPlateauConfig::DEFAULT.skip),
            dialect: dialect.unwrap_or_default(),
        };
        config.build().map(DynFeedback::new)
    };

    }
    lists {}
}

impl Resolve for RuleSpec {}

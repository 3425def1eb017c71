use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::combine::WarmupConfig;
use crate::curves::{
    Anneal, Constant, Cosine, CosineAnnealing, Exponential, Linear, MultiStep, Polynomial, Step,
};
use crate::feedback::ReduceOnPlateauConfig;
use crate::recipes::{
    HardRestarts, OneCycle, OneCycleMomentum, WarmRestarts, WarmupStableDecayConfig,
};

/// A schedule or a feedback rule as plain data: what it is called and its numbers.
///
/// Two schedules with equal specs are the same function, so this is what a saved run stores to
/// tell whether it is resumed with the schedule it began with. With the feature `serde` it is
/// written as, for example, JSON:
///
/// ```
/// use lr_schedule::prelude::*;
///
/// # #[cfg(feature = "serde")] {
/// let schedule = Cosine::new(1e-3, 0.0, 100).warmup(10);
/// let text = serde_json::to_string(&schedule.to_spec()).unwrap();
/// assert_eq!(
///     text,
///     r#"{"warmup":{"steps":10,"start":0.0,"shape":"linear","of":{"cosine":{"start":0.001,"end":0.0,"steps":100}}}}"#,
/// );
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[allow(missing_docs)] // each is named after what it holds
#[non_exhaustive]
pub enum Spec {
    Anneal(Anneal),
    Constant(Constant),
    Cosine(Cosine),
    CosineAnnealing(CosineAnnealing),
    Exponential(Exponential),
    HardRestarts(HardRestarts),
    Linear(Linear),
    MultiStep(MultiStep),
    OneCycle(OneCycle),
    OneCycleMomentum(OneCycleMomentum),
    Polynomial(Polynomial),
    Step(Step),
    WarmRestarts(WarmRestarts),
    WarmupStableDecay(WarmupStableDecayConfig),

    /// One after another: [`Then`](crate::combine::Then).
    Sequence(Vec<Spec>),
    /// The beginning of one: [`Take`](crate::combine::Take).
    Take {
        steps: u64,
        of: Box<Spec>,
    },
    /// One times a number: [`Scale`](crate::combine::Scale).
    Scale {
        factor: f64,
        of: Box<Spec>,
    },
    /// One after a warm-up: [`Warmup`](crate::combine::Warmup).
    Warmup {
        #[cfg_attr(feature = "serde", serde(flatten))]
        config: WarmupConfig,
        of: Box<Spec>,
    },

    /// A rule that hears a metric: [`ReduceOnPlateau`](crate::feedback::ReduceOnPlateau).
    ReduceOnPlateau(ReduceOnPlateauConfig),
    /// A schedule under such a rule.
    Feedback {
        rule: Box<Spec>,
        of: Box<Spec>,
    },
}

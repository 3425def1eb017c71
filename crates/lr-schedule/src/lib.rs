//! Learning-rate schedules as values.
//!
//! A [`Schedule`] is a pure function from an optimizer step (counted from 0) to a learning rate.
//! It has no position, so it can be asked about any step at once, compared, nested, and moved to
//! another program as a few numbers. Schedules are built the way iterators are:
//!
//! ```
//! use lr_schedule::prelude::*;
//!
//! // 500 steps up to 1e-3, then 9,500 steps down to 1e-5
//! let schedule = Cosine::new(1e-3, 1e-5, 9_500).warmup(500);
//! assert_eq!(schedule.at(0), 0.0);
//! assert_eq!(schedule.at(500), 1e-3);
//! assert_eq!(schedule.at(10_000), 1e-5);
//! assert_eq!(schedule.at(u64::MAX), 1e-5);
//! ```
//!
//! - [`curves`]: one curve each, such as [`LinearRamp`](curves::LinearRamp) and [`Cosine`](curves::Cosine);
//! - [`combine`]: adapters, reached through the methods of [`ScheduleExt`];
//! - [`recipes`]: what people call by name, such as [`OneCycle`](recipes::OneCycle);
//! - [`feedback`]: state machines that hear a metric, such as
//!   [`ReduceOnPlateau`](feedback::ReduceOnPlateau);
//! - [`Spec`]: any of the above as plain data, to be read from a configuration file and written
//!   again.
//!
//! # Conventions
//!
//! Units are optimizer steps. Every schedule but [`Recurrence`] is closed-form: `at(n)` costs the
//! same for any `n`, is finite for any `n` up to [`u64::MAX`], and is not negative where its inputs
//! aren't. A curve of `n` steps has its end value at step `n` and holds it from there on.
//!
//! Constructors of schedules called `new` panic on numbers that make none (a NaN, zero steps),
//! naming the field, the value and what is allowed; their `try_new` twins, and the `build` of what
//! has options, return that as a [`ScheduleError`], for numbers that come from outside.
//!
//! # Features
//!
//! - `std` (default): the standard library's mathematics, and the nearest known name in an error
//!   about an unknown one;
//! - `libm`: the same functions from the `libm` crate, for targets without `std`;
//! - `serde`: [`Spec`] can be read and written;
//! - `text`: texts of JSON, TOML and YAML are read as data, with the place of a mistake.

#![cfg_attr(not(any(feature = "std", test)), no_std)]

extern crate alloc;

#[cfg(not(any(feature = "std", feature = "libm")))]
compile_error!("lr-schedule needs one of its features `std` and `libm` for its mathematics");

#[macro_use]
mod field;
#[macro_use]
mod options;

pub mod combine;
pub mod curves;
pub mod feedback;
pub mod spec;

mod data;
mod error;
mod ext;
mod length;
mod math;
mod phase;
mod place;
mod recurrence;
mod schedule;
mod shape;

/// Schedules that people call by a name.
pub mod recipes {
    #[doc(inline)]
    pub use crate::curves::{
        CycleIndex, HardRestarts, Noam, OneCycle, OneCycleConfig, OneCycleMomentum, Restarts,
        RestartsConfig, TriStage, TriStageConfig, WarmRestarts, WarmupStableDecay,
        WarmupStableDecayConfig,
    };
}

pub use error::{Problem, ScheduleError};
pub use ext::{FeedbackExt, ScheduleExt};
pub use phase::{Phase, PhaseKind};
pub use recurrence::{Links, Recurrence, Update};
pub use schedule::{Bounded, DynSchedule, Schedule};
pub use shape::Shape;
pub use spec::{RuleSpec, Spec};

/// Everything that building a schedule takes, in one import.
pub mod prelude {
    pub use crate::combine::{
        BatchRule, CooldownConfig, NoiseConfig, NoiseKind, WarmupConfig, product, sequence, sum,
    };
    pub use crate::curves::*;
    pub use crate::feedback::{
        Dialect, DynFeedback, Feedback, Greedy, GreedyConfig, Mode, NoFeedback, ReduceOnPlateau,
        ReduceOnPlateauConfig, ThresholdMode,
    };
    pub use crate::spec::{Length, TrainingLength};
    pub use crate::{
        Bounded, DynSchedule, FeedbackExt, Recurrence, RuleSpec, Schedule, ScheduleError,
        ScheduleExt, Shape, Spec,
    };
}

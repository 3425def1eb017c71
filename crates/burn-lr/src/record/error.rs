use lr_schedule::feedback::StateError;

use crate::listed::listed;

/// A saved state that a scheduler can't go on from.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Nothing was saved, or in another place of the record.
    #[error("the record is empty")]
    Empty,
    /// Something else wrote it, such as one of Burn's own schedulers.
    #[error("the record is not of this library: it holds {}", .keys.join(", "))]
    Foreign {
        /// The names of its fields.
        keys: Vec<String>,
    },
    /// A later version of this library wrote it.
    #[error("the record has version {found}; this library reads up to {supported}")]
    Version {
        /// The record's version.
        found: u64,
        /// The latest version that can be read.
        supported: u64,
    },
    /// It is of another kind of scheduler.
    #[error("the record is of a {found}, not of a {expected}")]
    Kind {
        /// The kind that was to be loaded.
        expected: &'static str,
        /// The kind that the record is of.
        found: &'static str,
    },
    /// Part of it is not there.
    #[error("the record lacks `{field}`")]
    Missing {
        /// Which part.
        field: String,
    },
    /// Part of it can't be what it is.
    #[error("the record's `{field}` must be {allowed}, got {value}")]
    Invalid {
        /// Which part.
        field: String,
        /// Its value.
        value: String,
        /// The values allowed.
        allowed: &'static str,
    },
    /// It is of a schedule that gives other rates.
    #[error(
        "the record is of another schedule: at step {step} that gave {saved}, this one gives \
         {given}; `accept_another_schedule` goes on with this one"
    )]
    AnotherSchedule {
        /// A step at which the two differ.
        step: u64,
        /// The rate of the schedule that was saved.
        saved: f64,
        /// The rate of the schedule at hand.
        given: f64,
    },
    /// It is of a schedule that is described differently, though no probed rate differs.
    #[error(
        "the record is of a schedule with another description; `accept_another_schedule` goes \
         on with this one"
    )]
    AnotherDescription,
    /// It is of another feedback rule, or of the same one with other options.
    #[error(
        "the record is of another feedback rule, or of other options of it; \
         `accept_another_rule` goes on with this one as it is"
    )]
    AnotherRule,
    /// Other quantities than here followed the saved schedule's steps.
    #[error(
        "the record's schedule drives {}, this one {}; `accept_another_schedule` goes on with \
         this one",
        listed(.saved, ", ", "nothing else"),
        listed(.given, ", ", "nothing else")
    )]
    OtherQuantities {
        /// Those that were saved.
        saved: Vec<String>,
        /// Those at hand.
        given: Vec<String>,
    },
    /// Another quantity's schedule is not the one that was saved.
    #[error("of `{name}`: {error}")]
    Quantity {
        /// Which quantity.
        name: String,
        /// The mistake in its schedule.
        error: Box<LoadError>,
    },
    /// It is of other parameter groups.
    #[error("the record is of {found}, not of {expected}")]
    Groups {
        /// The groups at hand.
        expected: String,
        /// Those of the record.
        found: String,
    },
    /// The state of one parameter group doesn't fit.
    #[error("of the group `{name}`: {error}")]
    Group {
        /// Which group.
        name: String,
        /// The mistake in it.
        error: Box<LoadError>,
    },
    /// The feedback rule can't go on from it.
    #[error("the record's feedback rule: {0}")]
    Rule(#[from] StateError),
}

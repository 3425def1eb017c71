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
    /// A record of another kind of scheduler, or of other parameter groups.
    #[error("the record is of {found}, not of {expected}")]
    Kind {
        /// The kind that was to be loaded.
        expected: String,
        /// The kind that the record is of.
        found: String,
    },
    /// Part of it is not there.
    #[error("the record lacks `{field}`")]
    Missing {
        /// The name of the part.
        field: String,
    },
    /// Part of it can't be what it is.
    #[error("the record's `{field}` must be {allowed}, got {value}")]
    Invalid {
        /// The name of the part.
        field: String,
        /// Its value.
        value: String,
        /// The values allowed.
        allowed: &'static str,
    },
    /// A record of a schedule that gives other rates.
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
    /// A record of a schedule that is described differently, though no probed rate differs.
    #[error(
        "the record is of a schedule with another description; `accept_another_schedule` goes \
         on with this one"
    )]
    AnotherDescription,
    /// A record of another feedback rule, or of the same one with other options.
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
        /// The names that were saved.
        saved: Vec<String>,
        /// The names at hand.
        given: Vec<String>,
    },
    /// The part of one parameter group, or of another quantity, doesn't fit.
    #[error("of {part}: {error}")]
    Part {
        /// The part: "the group `head`", or "`momentum`".
        part: String,
        /// The mistake in it.
        error: Box<LoadError>,
    },
    /// The feedback rule can't go on from it.
    #[error("the record's feedback rule: {0}")]
    Rule(#[from] StateError),
}

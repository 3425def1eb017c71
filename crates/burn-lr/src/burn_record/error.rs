use crate::listed::listed;

/// A record of one of Burn's own schedulers that a schedule can't go on from.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BurnRecordError {
    /// A scheduler of this library wrote the record.
    #[error("the record is of this library's own; `try_load_record` loads it")]
    Own,
    /// The schedule at hand has no spec, so that it can't be compared with the record.
    #[error("the schedule at hand can't be compared with the record: a closure is part of it")]
    NoSpec,
    /// The schedule at hand has a part that none of Burn's schedulers is.
    #[error("{}: none of Burn's schedulers is like `{name}`", place(.at))]
    NotBurns {
        /// The part of the record: `1.0`, or nothing for all of it.
        at: String,
        /// The schedule's part in that place: `warmup`.
        name: &'static str,
    },
    /// The record is of another kind of scheduler than the schedule at hand.
    #[error(
        "{}: for a schedule that is `{name}`, Burn stores {expected}; the record has {}",
        place(.at),
        listed(.found, ", ", "nothing")
    )]
    Kind {
        /// The part of the record.
        at: String,
        /// The schedule's part in that place: `linear`.
        name: &'static str,
        /// The fields of Burn's scheduler of that kind.
        expected: &'static str,
        /// The record's fields.
        found: Vec<String>,
    },
    /// A number can't be what it is.
    #[error("{}: `{field}` must be {allowed}, got {value}", place(.at))]
    Invalid {
        /// The part of the record.
        at: String,
        /// The name of the number.
        field: &'static str,
        /// Its value.
        value: String,
        /// The values allowed, for the schedule at hand.
        allowed: String,
    },
    /// The schedule at hand gives another rate than the record has.
    #[error("{}: the last rate was {saved}; the schedule at hand has {given} there", place(.at))]
    Rate {
        /// The part of the record.
        at: String,
        /// The rate in the record.
        saved: f64,
        /// The rate of the schedule at hand, at the step that comes nearest.
        given: f64,
    },
    /// The parts of the record can't belong to one step of the schedule at hand.
    #[error("{}: by its numbers, it took {found} steps; by the others, {expected}", place(.at))]
    Apart {
        /// The part of the record.
        at: String,
        /// The number of steps it took.
        found: String,
        /// The number it must have taken.
        expected: String,
    },
    /// The record says nothing: Burn's `ConstantLr` stores nothing.
    #[error("the record holds no position: Burn stores nothing for a rate that is constant")]
    NoPosition,
    /// The record is of a `ModuleLrScheduler` with several groups.
    #[error(
        "the record is of {groups} parameter groups; `record.record(\"0\")` is that of the first"
    )]
    Groups {
        /// The number of groups.
        groups: usize,
    },
}

fn place(at: &str) -> String {
    match at {
        "" => "the record".to_string(),
        at => format!("the record's `{at}`"),
    }
}

use burn::store::RecordError;
use lr_schedule::ScheduleError;
use lr_torch::TorchError;

use super::kind::TorchOptimizerKind;
use crate::groups::GroupError;

/// A file of PyTorch's that a run in Burn can't go on from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TorchLoadError {
    /// The file can't be read, or doesn't hold what it should.
    #[error(transparent)]
    File(#[from] TorchError),
    /// The options are those of no optimizer that is known.
    #[error(
        "{place}: no optimizer of PyTorch's has the options {}; `read_as` reads it as one that you \
         name",
        list(.options)
    )]
    UnknownOptimizer {
        /// The place of the parameter group.
        place: String,
        /// Its options.
        options: Vec<String>,
    },
    /// PyTorch has this optimizer, and Burn doesn't, or another one of that name.
    #[error("Burn can't go on with {name}: {why}")]
    NotInBurn {
        /// PyTorch's name of it.
        name: &'static str,
        /// The reason.
        why: &'static str,
    },
    /// A file of Adam or of AdamW, which are the same before PyTorch 2.7, with a weight decay, which is not.
    #[error(
        "{place}: is of Adam or of AdamW, which PyTorch did not tell apart before 2.7, with a weight \
         decay of {weight_decay}; `read_as` says which"
    )]
    AdamOrAdamW {
        /// The place of the parameter group.
        place: String,
        /// Its weight decay.
        weight_decay: f64,
    },
    /// A parameter group of that number is missing.
    #[error("there is no parameter group {index}; the file has {count}")]
    NoGroup {
        /// The number.
        index: usize,
        /// The number of groups.
        count: usize,
    },
    /// Nothing tells which parameter is which.
    #[error(
        "the file has {groups} parameter groups without names, so that the order of their \
         parameters must be given: `TorchNames::with_order`"
    )]
    NoOrder {
        /// The number of groups.
        groups: usize,
    },
    /// The optimizer has more or fewer parameters than there are.
    #[error("the file's optimizer has {count} parameters, and here are {}: {}", .paths.len(), list(.paths))]
    Count {
        /// The number it has.
        count: usize,
        /// The paths that they would be.
        paths: Vec<String>,
    },
    /// Two of the file's parameters, which are not one that is shared, would be the same one.
    #[error("two of the file's parameters would be `{path}`")]
    Twice {
        /// Its path.
        path: String,
    },
    /// The module has parameters that ask for gradients, and the file's optimizer hasn't trained.
    #[error(
        "the file's optimizer has not trained {}; freeze them, as Burn's would",
        list(.paths)
    )]
    Untrained {
        /// Their paths.
        paths: Vec<String>,
    },
    /// A parameter of that name is missing.
    #[error("PyTorch's `{name}` would be `{path}`, and the module's parameters are {}", list(.known))]
    Unknown {
        /// Its name in PyTorch.
        name: String,
        /// The path that it would have.
        path: String,
        /// The paths that there are.
        known: Vec<String>,
    },
    /// The state dict lacks parameters that the module has, or has others.
    #[error("{}: lacks {}, and has unknown {}", at(.place), list(.missing), list(.unexpected))]
    Weights {
        /// Its place in the file.
        place: String,
        /// The paths of those that the module has and the file lacks.
        missing: Vec<String>,
        /// The names of those that the file has and the module lacks.
        unexpected: Vec<String>,
    },
    /// The shape or the numbers of a tensor don't fit the parameter that it belongs to.
    #[error("{place}: must {must} for `{path}`, and {found}")]
    Tensor {
        /// Its place in the file.
        place: String,
        /// The parameter's path.
        path: String,
        /// The shape, the kind of numbers or the type that it must have there.
        must: String,
        /// The one that it has, or the first number that has no room.
        found: String,
    },
    /// The optimizer that is given is of another kind than the file's, or Burn would round its state.
    #[error("the optimizer does not take the state of {kind}: {reason}")]
    NotTaken {
        /// The kind of the file's optimizer.
        kind: TorchOptimizerKind,
        /// The field that it does not take, and the reason.
        reason: String,
    },
    /// A pattern that is no regular expression.
    #[error("`{pattern}` is no regular expression: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The fault in it.
        reason: String,
    },
    /// The file makes no schedule here.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The schedulers of the file's parameter groups are more or fewer than the groups.
    #[error("the file has {groups} parameter groups, and there are {given} schedulers")]
    Schedulers {
        /// The number of groups.
        groups: usize,
        /// The number of schedulers that were given.
        given: usize,
    },
    /// The parameter groups are none that rates can be given to.
    #[error(transparent)]
    Groups(#[from] GroupError),
    /// Burn could not write or read a record.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl From<burn_pack::Error> for TorchLoadError {
    fn from(error: burn_pack::Error) -> Self {
        Self::Record(error.into())
    }
}

fn at(place: &str) -> &str {
    match place {
        "" => "the file",
        place => place,
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => "nothing".to_string(),
        names => names.join(", "),
    }
}

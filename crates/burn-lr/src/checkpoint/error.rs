use burn::store::RecordError;
use lr_checkpoint::FileError;

use crate::listed::listed;
use crate::record::LoadError;

/// A checkpoint that can't be written, read, or gone on from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file can't be written, or is no checkpoint that can be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A batch size of 0.
    #[error("{field}: must be at least 1, got 0")]
    BatchSize {
        /// The field: `saved` or `given`.
        field: &'static str,
    },
    /// The checkpoint is of another model.
    #[error("the checkpoint is of another model: {}", listed(.mismatches, ", ", ""))]
    Model {
        /// Every parameter that differs.
        mismatches: Vec<Mismatch>,
    },
    /// The checkpoint is of another optimizer, or of the same one with other options.
    #[error("the checkpoint's optimizer is {saved}, the one at hand is {given}")]
    OptimizerConfig {
        /// Kind and options of the optimizer that was saved, as JSON.
        saved: String,
        /// The options of the one at hand.
        given: String,
    },
    /// The optimizer's state is not one that this optimizer can go on from.
    #[error("the checkpoint's optimizer state: {reason}")]
    OptimizerState {
        /// The fault in it.
        reason: String,
    },
    /// The scheduler can't go on from the checkpoint.
    #[error(transparent)]
    Scheduler(#[from] LoadError),
    /// Burn could not write or read a record, or a device could not give the values of a parameter.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl From<burn_pack::Error> for CheckpointError {
    fn from(error: burn_pack::Error) -> Self {
        Self::Record(error.into())
    }
}

/// One parameter in which a checkpoint and a model differ.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// The model has it, the checkpoint doesn't.
    #[error("`{path}` is missing")]
    Missing {
        /// The parameter's path.
        path: String,
    },
    /// The checkpoint has it, the model doesn't.
    #[error("`{path}` is unexpected")]
    Unexpected {
        /// The parameter's path.
        path: String,
    },
    /// Both have it, in another shape or number type.
    #[error("`{path}` is {saved}, not {given}")]
    Different {
        /// The parameter's path.
        path: String,
        /// Type and shape in the checkpoint: `F32[10, 1]`.
        saved: String,
        /// Type and shape in the model.
        given: String,
    },
}

use std::collections::BTreeMap;
use std::sync::Arc;

use burn_pack::{Bytes, DType};
use serde::{Deserialize, Serialize};

/// The highest rank that a tensor of Burn's can have; at a higher one it panics.
pub const MAX_RANK: usize = 8;

/// A checkpoint's contents. Those of a file have the optimizer's state as bytes.
#[derive(Clone)]
pub struct Contents<O = Bytes> {
    /// The parameters of the model.
    pub model: Vec<SavedParameter>,
    /// The optimizer's state: the burnpack container that Burn writes for it, or a source of that.
    pub optimizer: O,
    /// The burnpack container that Burn writes for the scheduler's record.
    pub scheduler: Bytes,
    /// Everything else.
    pub about: About,
}

/// A checkpoint's progress, and the texts in it.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The kind and the options of the optimizer, as JSON.
    pub optimizer_config: String,
    /// The schedule, as JSON; `None` where a closure was part of it.
    pub schedule: Option<String>,
    /// The progress of the run.
    pub progress: Progress,
    /// Texts of the program that wrote it.
    pub notes: BTreeMap<String, String>,
}

/// The progress of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// The epoch that is under way, counted from 0.
    pub epoch: u64,
    /// Optimizer steps taken since the beginning of the run.
    pub step: u64,
    /// The seed of the run's random numbers.
    pub seed: u64,
    /// Named numbers, such as the last losses.
    pub metrics: BTreeMap<String, f64>,
}

/// A parameter of the model, with its values.
#[derive(Clone)]
pub struct SavedParameter {
    /// Its path in the model: `encoder.layers.0.weight`.
    pub path: String,
    /// Its type, shape and id.
    pub parameter: Parameter,
    /// Its values.
    pub values: Values,
}

/// A parameter's values, in the order and the form in which Burn saves them.
#[derive(Clone)]
pub enum Values {
    /// Values in memory.
    Bytes(Bytes),
    /// The values of a tensor, which are read from its device when they are asked for.
    Live(Arc<dyn Fn() -> Result<Bytes, String> + Send + Sync>),
}

impl Values {
    /// The values as bytes.
    ///
    /// # Errors
    ///
    /// The reason why their device can't give them.
    pub fn into_bytes(self) -> Result<Bytes, String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Live(read) => read(),
        }
    }
}

/// A parameter's number type, shape and id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// The number type.
    pub dtype: DType,
    /// The shape.
    pub shape: Vec<usize>,
    /// The id, by which an optimizer's state knows it.
    pub id: Option<u64>,
}

impl Parameter {
    /// Type and shape in a few words: `F32[10, 1]`.
    pub fn show(&self) -> String {
        format!("{:?}{:?}", self.dtype, self.shape)
    }

    /// The size of its values in bytes, where type and shape tell.
    pub(crate) fn size(&self) -> Option<usize> {
        let mut sizes = self.shape.iter();
        let elements = sizes.try_fold(1usize, |product, size| product.checked_mul(*size))?;
        elements.checked_mul(self.dtype.size())
    }
}

use std::collections::BTreeMap;

use burn_pack::{Bytes, DType};
use serde::{Deserialize, Serialize};

use crate::progress::Progress;

/// The highest rank that a tensor of Burn's can have; at a higher one it panics.
pub const MAX_RANK: usize = 8;

/// A checkpoint's contents, as bytes.
#[derive(Clone)]
pub struct Contents {
    /// The parameters of the model.
    pub model: Vec<SavedParameter>,
    /// The burnpack container that Burn writes for the optimizer's state.
    pub optimizer: Bytes,
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

/// A parameter of the model, with its values.
#[derive(Clone)]
pub struct SavedParameter {
    /// Its path in the model: `encoder.layers.0.weight`.
    pub path: String,
    /// Its type, shape and id.
    pub parameter: Parameter,
    /// Its values, in the order and the form in which Burn saves them.
    pub bytes: Bytes,
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

use std::collections::BTreeMap;

use burn_pack::{DType, Tensor};
use serde::{Deserialize, Serialize};

use crate::contents::{About, Progress};

/// A description of a checkpoint file, without its values.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Inspection {
    /// The version of its format.
    pub version: u64,
    /// The progress of the run.
    pub progress: Progress,
    /// The schedule that the run had, as JSON; `None` where a closure was part of it.
    pub schedule: Option<String>,
    /// The kind and the options of the optimizer that the run had, as JSON.
    pub optimizer_config: String,
    /// Texts of the program that wrote it.
    pub notes: BTreeMap<String, String>,
    /// The model's parameters.
    pub parameters: Vec<SavedTensor>,
    /// The bytes of the model.
    pub model_size: u64,
    /// The bytes of the optimizer's state.
    pub optimizer_size: u64,
    /// The bytes of the scheduler's.
    pub scheduler_size: u64,
    /// The bytes of the file.
    pub file_size: u64,
    /// A hash of all that, hexadecimal: two files with the same one were the same when they were
    /// written. XXH3 of 128 bits; of a file of version 1 or 2, BLAKE3.
    pub digest: String,
}

/// A parameter of a saved model, without its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SavedTensor {
    /// Its path in the model: `encoder.layers.0.weight`.
    pub path: String,
    /// Its number type.
    pub dtype: DType,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its id, by which an optimizer's state knows it.
    pub id: Option<u64>,
    /// The bytes of its values.
    pub size: u64,
}

impl SavedTensor {
    pub(crate) fn of(tensor: &Tensor) -> Self {
        Self {
            path: tensor.name.clone(),
            dtype: tensor.dtype,
            shape: tensor.shape.to_vec(),
            id: tensor.param_id,
            size: tensor.byte_len() as u64,
        }
    }
}

impl Inspection {
    pub(crate) fn new(
        version: u64,
        about: About,
        parameters: Vec<SavedTensor>,
        [model_size, optimizer_size, scheduler_size]: [u64; 3],
        digest: String,
        file_size: u64,
    ) -> Self {
        Self {
            version,
            progress: about.progress,
            schedule: about.schedule,
            optimizer_config: about.optimizer_config,
            notes: about.notes,
            parameters,
            model_size,
            optimizer_size,
            scheduler_size,
            file_size,
            digest,
        }
    }
}

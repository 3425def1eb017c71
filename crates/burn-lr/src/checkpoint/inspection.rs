use std::collections::BTreeMap;

use blake3::Hash;
use burn::tensor::DType;

use super::contents::{About, Contents};
use super::error::CheckpointError;
use super::parameters::Parameter;
use super::progress::Progress;
use super::v2::{self, Directory};

/// What a checkpoint file holds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Inspection {
    /// The version of its format.
    pub version: u64,
    /// How far the run had come.
    pub progress: Progress,
    /// The schedule that the run had, as JSON; `None` where a closure was part of it.
    pub schedule: Option<String>,
    /// The kind and the options of the optimizer that the run had, as JSON.
    pub optimizer_config: String,
    /// Texts of the program that wrote it.
    pub notes: BTreeMap<String, String>,
    /// The model's parameters.
    pub parameters: Vec<SavedTensor>,
    /// The bytes of the model, of the optimizer's state and of the scheduler's.
    pub model_size: u64,
    /// Those of the optimizer's state.
    pub optimizer_size: u64,
    /// Those of the scheduler's.
    pub scheduler_size: u64,
    /// Those of the file.
    pub file_size: u64,
    /// A BLAKE3 hash of all that, hexadecimal: two files with the same one are the same.
    pub digest: String,
}

/// A parameter of a saved model.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SavedTensor {
    /// Its path in the model: `encoder.layers.0.weight`.
    pub path: String,
    /// Its number type.
    pub dtype: DType,
    /// Its shape.
    pub shape: Vec<usize>,
}

impl Inspection {
    fn new(
        version: u64,
        about: About,
        parameters: impl Iterator<Item = (String, Parameter)>,
        [model_size, optimizer_size, scheduler_size]: [u64; 3],
        digest: Hash,
        file_size: u64,
    ) -> Self {
        let About {
            optimizer_config,
            schedule,
            progress,
            notes,
        } = about;
        let parameters = parameters.map(|(path, parameter)| SavedTensor {
            path,
            dtype: parameter.dtype,
            shape: parameter.shape,
        });
        Self {
            version,
            progress,
            schedule,
            optimizer_config,
            notes,
            parameters: parameters.collect(),
            model_size,
            optimizer_size,
            scheduler_size,
            file_size,
            digest: digest.to_string(),
        }
    }

    pub(super) fn of_v1(
        contents: Contents,
        digest: Hash,
        file_size: u64,
    ) -> Result<Self, CheckpointError> {
        let mut model_size = 0;
        for saved in &contents.model {
            model_size += saved.bytes()?.len() as u64;
        }
        let optimizer_size = contents.optimizer.bytes()?.len() as u64;
        let sizes = [model_size, optimizer_size, contents.scheduler.len() as u64];
        let Contents { model, about, .. } = contents;
        let parameters = model.into_iter().map(|saved| (saved.path, saved.parameter));
        Ok(Self::new(1, about, parameters, sizes, digest, file_size))
    }
}

impl From<Directory> for Inspection {
    fn from(directory: Directory) -> Self {
        let sizes = directory.sizes();
        Self::new(
            u64::from(v2::VERSION),
            directory.about,
            directory.parameters.into_iter(),
            sizes,
            directory.digest,
            directory.file_size,
        )
    }
}

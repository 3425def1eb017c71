use std::collections::BTreeMap;

use burn_pack::DType;

use crate::contents::{About, Contents, Parameter};
use crate::error::FileFault;
use crate::progress::Progress;
use crate::v3::read::Summary;

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
        digest: String,
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
            digest,
        }
    }

    /// The contents of a file of version 1.
    pub(crate) fn of_v1(
        contents: Contents,
        digest: String,
        file_size: u64,
    ) -> Result<Self, FileFault> {
        let Contents {
            model,
            optimizer,
            scheduler,
            about,
        } = contents;
        let mut model_size = 0;
        let mut parameters = vec![];
        for saved in model {
            model_size += saved.values.into_bytes().map_err(FileFault::Device)?.len() as u64;
            parameters.push((saved.path, saved.parameter));
        }
        let sizes = [model_size, optimizer.len() as u64, scheduler.len() as u64];
        let parameters = parameters.into_iter();
        Ok(Self::new(1, about, parameters, sizes, digest, file_size))
    }
}

impl From<Summary> for Inspection {
    fn from(summary: Summary) -> Self {
        let sizes = summary.sizes();
        Self::new(
            summary.version.number().into(),
            summary.about,
            summary.parameters.into_iter(),
            sizes,
            summary.digest.to_string(),
            summary.file_size,
        )
    }
}

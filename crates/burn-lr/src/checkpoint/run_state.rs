//! The state of a run that is under way, or of one that a file holds.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::ModuleOptimizer;
use burn::tensor::kind::Basic;
use burn::tensor::{Bool, Bytes, Int, Tensor, TensorData};
use burn_pack::Reader;
use lr_checkpoint::{About, Contents, FileError, Parameter, SavedParameter, Source};

use super::error::CheckpointError;
use super::optimizer;

/// The state of a run.
#[derive(Clone)]
pub(super) struct RunState {
    pub model: Vec<ModelParameter>,
    pub optimizer: SavedOptimizer,
    pub scheduler: Bytes,
    pub about: About,
}

/// Parameters by path, without their values.
pub(super) type Parameters = BTreeMap<String, Parameter>;

impl RunState {
    /// The model's parameters, without their values.
    pub fn parameters(&self) -> Parameters {
        let parameters = self.model.iter();
        parameters
            .map(|saved| (saved.path.clone(), saved.parameter.clone()))
            .collect()
    }

    /// Writes it to the file at `path`.
    pub fn write(&self, path: &Path) -> Result<(), CheckpointError> {
        lr_checkpoint::write(&Destined { state: self, path }, path)
    }
}

impl From<Contents> for RunState {
    fn from(contents: Contents) -> Self {
        let model = contents.model.into_iter();
        let model = model.map(|saved| ModelParameter {
            path: saved.path,
            parameter: saved.parameter,
            values: Values::Read(saved.bytes),
        });
        Self {
            model: model.collect(),
            optimizer: SavedOptimizer::Read(contents.optimizer),
            scheduler: contents.scheduler,
            about: contents.about,
        }
    }
}

/// A state, and the file that it is written to.
struct Destined<'a> {
    state: &'a RunState,
    path: &'a Path,
}

impl Source for Destined<'_> {
    type Error = CheckpointError;

    fn about(&self) -> &About {
        &self.state.about
    }

    /// Refuses a state of parameters that the model doesn't have, which could never be restored.
    fn write_optimizer(&self, scratch: &Path) -> Result<(), CheckpointError> {
        let failed = |reason: String| FileError::Write {
            path: self.path.to_path_buf(),
            reason,
        };
        match &self.state.optimizer {
            SavedOptimizer::Live(optimizer) => {
                let saved = optimizer.save(scratch);
                saved.map_err(|error| failed(error.to_string()))?;
                let state = Reader::from_file_exact(scratch)?;
                optimizer::check_ids(&state, &self.state.parameters())
            }
            SavedOptimizer::Read(bytes) => {
                let written = std::fs::write(scratch, &bytes[..]);
                Ok(written.map_err(|error| failed(error.to_string()))?)
            }
        }
    }

    fn model(&self) -> impl Iterator<Item = Result<SavedParameter, CheckpointError>> {
        self.state.model.iter().map(|saved| {
            Ok(SavedParameter {
                path: saved.path.clone(),
                parameter: saved.parameter.clone(),
                bytes: saved.bytes()?,
            })
        })
    }

    fn scheduler(&self) -> &[u8] {
        &self.state.scheduler
    }
}

/// A parameter of the model.
#[derive(Clone)]
pub(super) struct ModelParameter {
    pub path: String,
    pub parameter: Parameter,
    values: Values,
}

/// A parameter's values, in the order and the form in which Burn saves them.
#[derive(Clone)]
enum Values {
    /// Those of a tensor, which are read from its device when they are asked for.
    Live(Arc<dyn Fn() -> Result<TensorData, CheckpointError> + Send + Sync>),
    /// Those of a file.
    Read(Bytes),
}

impl ModelParameter {
    /// The values, for a tensor that is to be made of them.
    pub fn into_data(self) -> Result<TensorData, CheckpointError> {
        match self.values {
            Values::Live(read) => read(),
            Values::Read(bytes) => {
                let Parameter { shape, dtype, .. } = self.parameter;
                Ok(TensorData::from_bytes(bytes, shape, dtype))
            }
        }
    }

    /// Their bytes, as a file has them.
    fn bytes(&self) -> Result<Bytes, CheckpointError> {
        match &self.values {
            Values::Live(read) => Ok(read()?.into_parts().0),
            Values::Read(bytes) => Ok(bytes.clone()),
        }
    }
}

/// The optimizer's state.
#[derive(Clone)]
pub(super) enum SavedOptimizer {
    /// The state of an optimizer.
    Live(ModuleOptimizer),
    /// A burnpack container as Burn writes it.
    Read(Bytes),
}

impl SavedOptimizer {
    /// The container that Burn writes for it.
    pub fn into_bytes(self) -> Result<Bytes, CheckpointError> {
        match self {
            Self::Live(optimizer) => Ok(optimizer.into_bytes()?.shared()),
            Self::Read(bytes) => Ok(bytes),
        }
    }
}

/// The parameters of `module` as they are now. Nothing is copied before it is asked for.
pub(super) fn snapshot(module: &impl Module) -> Vec<ModelParameter> {
    let mut snapshot = Snapshot::default();
    module.visit(&mut snapshot);
    snapshot.parameters
}

#[derive(Default)]
struct Snapshot {
    path: Vec<String>,
    parameters: Vec<ModelParameter>,
}

impl Snapshot {
    fn add<const D: usize, K: Basic + 'static>(&mut self, id: ParamId, tensor: Tensor<D, K>) {
        let (dtype, shape) = (tensor.dtype(), tensor.shape());
        self.parameters.push(ModelParameter {
            path: self.path.join("."),
            parameter: Parameter {
                dtype,
                shape: shape.to_vec(),
                id: Some(id.val()),
            },
            values: Values::Live(Arc::new(move || {
                let data = tensor.clone().try_into_data();
                data.map_err(|error| CheckpointError::Device(error.to_string()))
            })),
        });
    }
}

impl ModuleVisitor for Snapshot {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.add(param.id, param.transform_for_save().val());
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.add(param.id, param.transform_for_save().val());
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.add(param.id, param.transform_for_save().val());
    }
}

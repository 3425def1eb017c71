use std::collections::BTreeMap;
use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::ModuleOptimizer;
use burn::tensor::kind::Basic;
use burn::tensor::{Bool, Bytes, DType, Int, Tensor, TensorData};

use super::error::CheckpointError;
use super::parameters::{Parameter, Parameters};
use super::progress::Progress;

/// What a checkpoint holds, of a run that is under way or from a file.
#[derive(Clone)]
pub(super) struct Contents {
    pub model: Vec<SavedParameter>,
    pub optimizer: SavedOptimizer,
    pub scheduler: Bytes,
    pub about: About,
}

/// What is known of a checkpoint without its values.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    pub optimizer_config: String,
    pub schedule: Option<String>,
    pub progress: Progress,
    pub notes: BTreeMap<String, String>,
}

impl Contents {
    /// The model's parameters, without their values.
    pub fn parameters(&self) -> Parameters {
        let parameters = self.model.iter();
        parameters
            .map(|saved| (saved.path.clone(), saved.parameter.clone()))
            .collect()
    }
}

/// A parameter of the model.
#[derive(Clone)]
pub(super) struct SavedParameter {
    pub path: String,
    pub parameter: Parameter,
    pub values: Values,
}

/// A parameter's values, in the order and the form in which Burn saves them.
#[derive(Clone)]
pub(super) enum Values {
    /// Those of a tensor, which are read from its device when they are asked for.
    Live(Arc<dyn Fn() -> Result<TensorData, CheckpointError> + Send + Sync>),
    /// Those of a file.
    Read(Bytes),
}

impl SavedParameter {
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

    /// Their bytes, as they stand in a file.
    pub fn bytes(&self) -> Result<Bytes, CheckpointError> {
        match &self.values {
            Values::Live(read) => Ok(read()?.into_parts().0),
            Values::Read(bytes) => Ok(bytes.clone()),
        }
    }
}

/// The optimizer's state.
#[derive(Clone)]
pub(super) enum SavedOptimizer {
    /// That of an optimizer.
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
pub(super) fn snapshot(module: &impl Module) -> Vec<SavedParameter> {
    let mut snapshot = Snapshot::default();
    module.visit(&mut snapshot);
    snapshot.parameters
}

#[derive(Default)]
struct Snapshot {
    path: Vec<String>,
    parameters: Vec<SavedParameter>,
}

impl Snapshot {
    fn add<const D: usize, K: Basic + 'static>(&mut self, id: ParamId, tensor: Tensor<D, K>) {
        let (dtype, shape): (DType, _) = (tensor.dtype(), tensor.shape());
        self.parameters.push(SavedParameter {
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

//! The state of a run that is under way, or of one that a file holds.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::ModuleOptimizer;
use burn::tensor::kind::Basic;
use burn::tensor::{Bool, Bytes, Int, Tensor};
use burn_pack::Reader;
use lr_checkpoint::{Contents, FileError, FileFault, Parameter, SavedParameter, Values};

use super::error::CheckpointError;
use super::optimizer::check_ids;

/// The state of a run.
pub(super) type RunState = Contents<SavedOptimizer>;

/// Parameters by path, without their values.
pub(super) type Parameters = BTreeMap<String, Parameter>;

/// The model's parameters, without their values.
pub(super) fn parameters(state: &RunState) -> Parameters {
    let parameters = state.model.iter();
    parameters
        .map(|saved| (saved.path.clone(), saved.parameter.clone()))
        .collect()
}

/// Reads the state that the file at `path` holds.
pub(super) fn read(path: &Path) -> Result<RunState, CheckpointError> {
    let contents = lr_checkpoint::read(path)?;
    Ok(RunState {
        model: contents.model,
        optimizer: SavedOptimizer::Read(contents.optimizer),
        scheduler: contents.scheduler,
        about: contents.about,
    })
}

/// Writes a state to the file at `path`. An optimizer's state of parameters that the model doesn't have,
/// which could never be restored, is refused.
pub(super) fn write(state: &RunState, path: &Path) -> Result<(), CheckpointError> {
    let failed = |reason: String| FileError {
        path: path.to_path_buf(),
        fault: FileFault::Write(reason),
    };
    lr_checkpoint::write_with(state, path, |scratch| match &state.optimizer {
        SavedOptimizer::Live(optimizer) => {
            let saved = optimizer.save(scratch);
            saved.map_err(|error| failed(error.to_string()))?;
            check_ids(&Reader::from_file_exact(scratch)?, &parameters(state))
        }
        SavedOptimizer::Read(bytes) => {
            let written = std::fs::write(scratch, &bytes[..]);
            Ok(written.map_err(|error| failed(error.to_string()))?)
        }
    })
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
        let (dtype, shape) = (tensor.dtype(), tensor.shape());
        self.parameters.push(SavedParameter {
            path: self.path.join("."),
            parameter: Parameter {
                dtype,
                shape: shape.to_vec(),
                id: Some(id.val()),
            },
            values: Values::Live(Arc::new(move || {
                let data = tensor.clone().try_into_data();
                let data = data.map_err(|error| error.to_string())?;
                Ok(data.into_parts().0)
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

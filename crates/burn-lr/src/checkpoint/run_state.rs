//! The state of a run that is under way, or of one that a file holds.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::ModuleOptimizer;
use burn::tensor::kind::Basic;
use burn::tensor::{Bool, Bytes, Device, Int, Tensor};
use burn_pack::Reader;
use lr_checkpoint::{Contents, FileError, FileFault, Parameter, SavedParameter, Values};

use super::error::CheckpointError;
use super::optimizer::check_ids;

/// The state of a run.
pub(super) type RunState = Contents<SavedOptimizer>;

/// Parameters by path, without their values.
pub(super) type Parameters = BTreeMap<String, Parameter>;

/// The model's parameters, without their values.
pub(super) fn parameters(model: &[SavedParameter]) -> Parameters {
    let parameters = model.iter();
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
            check_ids(
                &Reader::from_file_exact(scratch)?,
                &parameters(&state.model),
            )
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

/// The parameters of `model` and the state of `optimizer` as they are now. Nothing is copied before it is asked for, but
/// from a device that another process serves: Burn 0.22 fails where two threads hold one of its tensors, as those that train
/// and save would.
pub(super) fn capture(
    model: &impl Module,
    optimizer: &ModuleOptimizer,
) -> Result<(Vec<SavedParameter>, SavedOptimizer), CheckpointError> {
    let mut snapshot = Snapshot::default();
    model.visit(&mut snapshot);
    let mut parameters = snapshot.parameters;
    let optimizer = SavedOptimizer::Live(optimizer.clone());
    if !snapshot.served {
        return Ok((parameters, optimizer));
    }
    for saved in &mut parameters {
        let values = saved.values.clone().into_bytes();
        saved.values = Values::Bytes(values.map_err(CheckpointError::Device)?);
    }
    let state = optimizer.into_bytes()?;
    check_ids(
        &Reader::from_bytes(state.clone())?,
        &self::parameters(&parameters),
    )?;
    Ok((parameters, SavedOptimizer::Read(state)))
}

/// Whether another process serves this device; the type that tells it is there only with Burn's feature `remote`.
fn is_served(device: &Device) -> bool {
    format!("{device:?}").contains("Remote(")
}

#[derive(Default)]
struct Snapshot {
    path: Vec<String>,
    parameters: Vec<SavedParameter>,
    /// Whether one of them is on a device that another process serves.
    served: bool,
}

impl Snapshot {
    fn add<const D: usize, K: Basic + 'static>(&mut self, id: ParamId, tensor: Tensor<D, K>) {
        let (dtype, shape) = (tensor.dtype(), tensor.shape());
        self.served |= is_served(&tensor.device());
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

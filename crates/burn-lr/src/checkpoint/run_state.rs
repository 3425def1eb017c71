//! The state of a run that is under way, or of one that a file holds.

use std::path::Path;

use burn::module::Module;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::tensor::Bytes;
use burn_pack::{Reader, Tensor};
use lr_checkpoint::{Contents, FileError, FileFault};

use super::error::CheckpointError;
use super::optimizer::check_ids;
use super::parameters::Collector;
use crate::device::{gives_copies, is_served};

/// The state of a run.
pub(super) type RunState = Contents<SavedOptimizer>;

/// Reads the state that the file at `path` holds.
pub(super) fn read(path: &Path) -> Result<RunState, FileError> {
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
    lr_checkpoint::write_with(state, path, |scratch| match &state.optimizer {
        SavedOptimizer::Live { optimizer, .. } => {
            save_record(optimizer.to_record(), &state.model, scratch, path)
        }
        SavedOptimizer::Read(bytes) => {
            let written = std::fs::write(scratch, &bytes[..]);
            Ok(written.map_err(|error| refused(error, path))?)
        }
    })
}

/// The [`write`](fn@write) of a state that a training shares, which lets go of the optimizer's as soon as that is
/// copied: the steps that come then change it in place.
pub(super) fn write_shared(state: RunState, path: &Path) -> Result<(), CheckpointError> {
    let SavedOptimizer::Live {
        optimizer,
        is_copied: true,
    } = state.optimizer
    else {
        return write(&state, path);
    };
    let record = optimizer.to_record();
    drop(optimizer);
    let rest = Contents {
        model: state.model,
        optimizer: (),
        scheduler: state.scheduler,
        about: state.about,
    };
    lr_checkpoint::write_with(&rest, path, |scratch| {
        save_record(record, &rest.model, scratch, path)
    })
}

fn save_record(
    record: OptimizerRecord,
    model: &[Tensor],
    scratch: &Path,
    path: &Path,
) -> Result<(), CheckpointError> {
    let saved = record.save(scratch);
    saved.map_err(|error| refused(error, path))?;
    check_ids(&Reader::from_file_exact(scratch)?, model)
}

fn refused(error: impl std::fmt::Display, path: &Path) -> FileError {
    FileError {
        path: path.to_path_buf(),
        fault: FileFault::Write(error.to_string()),
    }
}

/// The optimizer's state.
#[derive(Clone)]
pub(super) enum SavedOptimizer {
    /// The state of an optimizer.
    Live {
        optimizer: ModuleOptimizer,
        /// Whether Burn's record of it is a copy. From a GPU its values are read when they are asked for, and no step may
        /// have changed them by then.
        is_copied: bool,
    },
    /// A burnpack container as Burn writes it.
    Read(Bytes),
}

impl SavedOptimizer {
    /// The container that Burn writes for it.
    pub fn into_bytes(self) -> Result<Bytes, CheckpointError> {
        match self {
            Self::Live { optimizer, .. } => Ok(optimizer.into_bytes()?.shared()),
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
) -> Result<(Vec<Tensor>, SavedOptimizer), CheckpointError> {
    let Collector {
        mut parameters,
        devices,
        ..
    } = Collector::of(model, true);
    if !devices.iter().any(is_served) {
        let optimizer = SavedOptimizer::Live {
            optimizer: optimizer.clone(),
            is_copied: devices.iter().all(gives_copies),
        };
        return Ok((parameters, optimizer));
    }
    for parameter in &mut parameters {
        let (path, dtype, shape, id, values) = parameter.clone().into_parts()?;
        *parameter = Tensor::new(path, dtype, shape, id, values);
    }
    let state = optimizer.into_bytes()?;
    check_ids(&Reader::from_bytes(state.clone())?, &parameters)?;
    Ok((parameters, SavedOptimizer::Read(state)))
}

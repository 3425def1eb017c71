//! What Burn's optimizer does not check when it loads its state.

use std::collections::BTreeSet;

use burn::config::Config;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::tensor::Bytes;
use burn_pack::Reader;
use serde::Serialize;
use serde_json::Value;

use super::error::CheckpointError;
use super::parameters::Parameters;

/// The highest rank that Burn's optimizers handle; a state of a higher one makes them panic.
const MAX_RANK: usize = 8;

/// An optimizer's kind and options as JSON.
pub(super) fn describe<C: Config>(config: &C) -> String {
    #[derive(Serialize)]
    struct Description<'a, C> {
        kind: &'a str,
        options: &'a C,
    }
    let path = std::any::type_name::<C>();
    let kind = path.rsplit("::").next().unwrap_or(path);
    let description = Description {
        kind,
        options: config,
    };
    serde_json::to_string(&description).expect("a Burn config has a JSON form")
}

/// Whether the optimizer at hand is the one that was saved.
pub(super) fn check_config<C: Config>(saved: &str, config: &C) -> Result<(), CheckpointError> {
    let given = describe(config);
    let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
    if parse(saved) == parse(&given) {
        return Ok(());
    }
    Err(CheckpointError::OptimizerConfig {
        saved: saved.to_string(),
        given,
    })
}

/// `optimizer` with the saved state, all of it: Burn skips in silence what it can't rebuild, and
/// panics at ids and ranks that can't be.
pub(super) fn load(
    optimizer: ModuleOptimizer,
    bytes: Bytes,
    model: &Parameters,
) -> Result<ModuleOptimizer, CheckpointError> {
    let saved = fields(bytes.clone())?;
    check(&bytes, model)?;
    let optimizer = optimizer.load_record(OptimizerRecord::from_bytes(bytes)?);
    let loaded = fields(optimizer.into_bytes()?)?;
    if let Some(lost) = saved.symmetric_difference(&loaded).next() {
        return Err(invalid(format!(
            "`{lost}` is not part of this optimizer's state"
        )));
    }
    Ok(optimizer)
}

fn invalid(reason: String) -> CheckpointError {
    CheckpointError::OptimizerState { reason }
}

/// The names of all tensors and scalars of a record.
fn fields(bytes: Bytes) -> Result<BTreeSet<String>, CheckpointError> {
    let reader = Reader::from_bytes(bytes)?;
    let tensors = reader.tensor_names().into_iter().map(String::from);
    let scalars = reader.scalars().keys().cloned();
    Ok(tensors.chain(scalars).collect())
}

/// That a state is of the model's parameters, and of ranks that can be.
pub(super) fn check(bytes: &Bytes, model: &Parameters) -> Result<(), CheckpointError> {
    let ids: BTreeSet<u64> = model
        .values()
        .filter_map(|parameter| parameter.id)
        .collect();
    let reader = Reader::from_bytes(bytes.clone())?;
    for (name, value) in reader.scalars() {
        let Some((id, field)) = name.split_once('.') else {
            return Err(invalid(format!("`{name}` belongs to no parameter")));
        };
        if !id.parse().is_ok_and(|id| ids.contains(&id)) {
            return Err(invalid(format!("the model has no parameter `{id}`")));
        }
        let rank = usize::try_from(*value);
        if field == "__rank" && !rank.is_ok_and(|rank| rank <= MAX_RANK) {
            return Err(invalid(format!(
                "`{name}` must be at most {MAX_RANK}, got {value:?}"
            )));
        }
    }
    for tensor in reader.into_tensors()? {
        let name = &tensor.name;
        if !tensor.param_id.is_some_and(|id| ids.contains(&id)) {
            return Err(invalid(format!(
                "`{name}` belongs to no parameter of the model"
            )));
        }
        if tensor.shape.num_dims() > MAX_RANK {
            return Err(invalid(format!(
                "`{name}` must have a rank of at most {MAX_RANK}, got {:?}",
                tensor.shape
            )));
        }
    }
    Ok(())
}

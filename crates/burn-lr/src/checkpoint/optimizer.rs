//! Checks of an optimizer's state that Burn's loader leaves out.

use std::collections::{BTreeMap, BTreeSet};

use burn::config::Config;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::ModuleOptimizer;
use burn::tensor::{Bytes, DType, Shape, Tensor};
use burn_pack::Reader;
use lr_checkpoint::MAX_RANK;
use serde::Serialize;
use serde_json::Value;

use super::error::CheckpointError;
use super::parameters::show;
use crate::optimizer_state::{MAX_STEPS, RANK, State};

/// An optimizer's kind and options as JSON.
pub(super) fn describe<C: Config>(config: &C) -> String {
    #[derive(Serialize)]
    struct Description<'a, C> {
        kind: &'a str,
        options: &'a C,
    }
    let path = std::any::type_name::<C>();
    let description = Description {
        kind: path.rsplit("::").next().unwrap_or(path),
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
/// panics at ids, ranks and shapes that can't be. `model` is the one that it is to train, with the
/// saved ids; with `partial`, states of parameters that it doesn't have are left out.
pub(super) fn load(
    optimizer: ModuleOptimizer,
    mut bytes: Bytes,
    model: &impl Module,
    partial: bool,
) -> Result<ModuleOptimizer, CheckpointError> {
    let parameters = trained(model);
    if partial {
        let mut state = State::read(bytes)?;
        // A name of no parameter stays, and is refused below.
        let is_kept = |name: &str| split(name).map_or(true, |(id, _)| parameters.contains_key(&id));
        state.tensors.retain(|tensor| is_kept(&tensor.name));
        state.scalars.retain(|name, _| is_kept(name));
        let is_known = |id: &str| id.parse().is_ok_and(|id| parameters.contains_key(&id));
        state.paths.retain(|id, _| is_known(id));
        bytes = state.into_bytes()?;
    }
    let state = State::read(bytes.clone())?;
    check(&state, &parameters)?;
    if let Some(reason) = state.refusal(&optimizer)? {
        return Err(invalid(reason));
    }
    Ok(optimizer.from_bytes(bytes)?)
}

/// Checks that a state is one of the model's parameters.
pub(super) fn check_ids(
    state: &Reader,
    model: &[burn_pack::Tensor],
) -> Result<(), CheckpointError> {
    let ids: BTreeSet<u64> = model.iter().filter_map(|saved| saved.param_id).collect();
    let names = state.tensor_names();
    let names = names
        .into_iter()
        .chain(state.scalars().keys().map(String::as_str));
    for name in names {
        let (id, _) = split(name)?;
        if !ids.contains(&id) {
            return Err(unknown(id));
        }
    }
    Ok(())
}

fn invalid(reason: String) -> CheckpointError {
    CheckpointError::OptimizerState { reason }
}

fn unknown(id: u64) -> CheckpointError {
    invalid(format!("the model has no parameter `{id}`"))
}

/// The parameter that something in a state is of, and its name there.
fn split(name: &str) -> Result<(u64, &str), CheckpointError> {
    let parts = name.split_once('.');
    let parts = parts.and_then(|(id, field)| Some((id.parse().ok()?, field)));
    parts.ok_or_else(|| invalid(format!("`{name}` belongs to no parameter")))
}

/// Checks that a state is of parameters that there are, and fits them: a tensor of a parameter has its rank
/// and in each dimension its size, or 1 (Adafactor keeps sums over rows and columns); its type,
/// or 32 bits for one of 16.
fn check(state: &State, model: &Trained) -> Result<(), CheckpointError> {
    for (name, value) in &state.scalars {
        let (id, field) = split(name)?;
        let rank = model.get(&id).ok_or_else(|| unknown(id))?.1.len();
        if field == RANK {
            if usize::try_from(*value) != Ok(rank) {
                return Err(invalid(format!("`{name}` must be {rank}, got {value:?}")));
            }
        } else if u64::try_from(*value).is_ok_and(|count| count > MAX_STEPS) {
            return Err(invalid(format!(
                "`{name}` must be at most {MAX_STEPS}, got {value:?}"
            )));
        }
    }
    for tensor in &state.tensors {
        let (name, dtype, shape) = (&tensor.name, tensor.dtype, &tensor.shape);
        let (id, _) = split(name)?;
        if tensor.param_id != Some(id) {
            let of = tensor.param_id;
            return Err(invalid(format!("`{name}` says that it is of {of:?}")));
        }
        let (of, sizes) = model.get(&id).ok_or_else(|| unknown(id))?;
        let fits = shape.len() == sizes.len()
            && shape.len() <= MAX_RANK
            && shape
                .iter()
                .zip(sizes.iter())
                .all(|(size, of)| size == of || *size == 1);
        let is_16_bits = matches!(of, DType::F16 | DType::BF16);
        if !fits || !(dtype == *of || is_16_bits && dtype == DType::F32) {
            return Err(invalid(format!(
                "`{name}` is {}, of a parameter that is {}",
                show(dtype, shape),
                show(*of, sizes)
            )));
        }
    }
    Ok(())
}

/// The types and shapes of the parameters that an optimizer can train, by id.
type Trained = BTreeMap<u64, (DType, Shape)>;

fn trained(model: &impl Module) -> Trained {
    struct Collector(Trained);

    impl ModuleVisitor for Collector {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let value = param.val();
            self.0
                .insert(param.id.val(), (value.dtype(), value.shape()));
        }
    }

    let mut collector = Collector(Trained::new());
    model.visit(&mut collector);
    collector.0
}

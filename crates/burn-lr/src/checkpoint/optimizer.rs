//! Checks of an optimizer's state that Burn's loader leaves out.

use std::collections::{BTreeMap, BTreeSet};

use burn::config::Config;
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::tensor::{Bytes, DType, Tensor};
use burn_pack::{Reader, Scalar, Writer};
use lr_checkpoint::{MAX_RANK, Parameter};
use serde::Serialize;
use serde_json::Value;

use super::error::CheckpointError;
use crate::optimizer_state::{Fields, MAX_STEPS};

/// The name of the scalar that Burn keeps a parameter's rank in.
const RANK: &str = "__rank";

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
/// panics at ids, ranks and shapes that can't be. `model` is the one that it is to train, with the
/// saved ids; with `partial`, states of parameters that it doesn't have are left out.
pub(super) fn load(
    optimizer: ModuleOptimizer,
    bytes: Bytes,
    model: &impl Module,
    partial: bool,
) -> Result<ModuleOptimizer, CheckpointError> {
    let parameters = trained(model);
    let bytes = match partial {
        false => bytes,
        true => of_parameters(bytes, &parameters)?,
    };
    let state = State::read(Reader::from_bytes(bytes.clone())?)?;
    state.check(&parameters)?;

    // Burn loads a state of the same names, types and ranks, in which every size is 1.
    let small = state.small()?.shared();
    let wanted = Fields::of(small.clone())?;
    let loaded = OptimizerRecord::from_bytes(small)?;
    let loaded = optimizer.clone().load_record(loaded).into_bytes()?;
    let taken = wanted.check_taken(&Fields::of(loaded)?);
    taken.map_err(|lost| invalid(lost.to_string()))?;
    Ok(optimizer.load_record(OptimizerRecord::from_bytes(bytes)?))
}

/// Checks that a state is one of the model's parameters.
pub(super) fn check_ids(
    state: &Reader,
    model: &BTreeMap<String, Parameter>,
) -> Result<(), CheckpointError> {
    let ids: BTreeSet<u64> = model.values().filter_map(|saved| saved.id).collect();
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

/// The parts of a saved state.
struct State {
    /// Type, shape and parameter of each tensor.
    tensors: BTreeMap<String, (DType, Vec<usize>, Option<u64>)>,
    scalars: BTreeMap<String, Scalar>,
    paths: BTreeMap<String, String>,
}

impl State {
    fn read(reader: Reader) -> Result<Self, CheckpointError> {
        let (scalars, paths) = (reader.scalars().clone(), reader.metadata().clone());
        let tensors = reader.into_tensors()?.into_iter().map(|tensor| {
            let about = (tensor.dtype, tensor.shape.to_vec(), tensor.param_id);
            (tensor.name, about)
        });
        Ok(Self {
            tensors: tensors.collect(),
            scalars,
            paths,
        })
    }

    /// Checks that it is of parameters that there are, and fits them: a tensor of a parameter has its rank
    /// and in each dimension its size, or 1 (Adafactor keeps sums over rows and columns); its type,
    /// or 32 bits for one of 16.
    fn check(&self, model: &BTreeMap<u64, Trained>) -> Result<(), CheckpointError> {
        for (name, value) in &self.scalars {
            let (id, field) = split(name)?;
            let trained = model.get(&id).ok_or_else(|| unknown(id))?;
            let rank = trained.shape.len();
            if field == RANK {
                if usize::try_from(*value) != Ok(rank) {
                    return Err(invalid(format!("`{name}` must be {rank}, got {value:?}")));
                }
            } else if u64::try_from(*value).is_ok_and(|count| count > MAX_STEPS) {
                let allowed = format!("at most {MAX_STEPS}");
                return Err(invalid(format!(
                    "`{name}` must be {allowed}, got {value:?}"
                )));
            }
        }
        for (name, (dtype, shape, param)) in &self.tensors {
            let (id, _) = split(name)?;
            if *param != Some(id) {
                return Err(invalid(format!("`{name}` says that it is of {param:?}")));
            }
            let trained = model.get(&id).ok_or_else(|| unknown(id))?;
            let fits = shape.len() == trained.shape.len()
                && shape.len() <= MAX_RANK
                && shape
                    .iter()
                    .zip(&trained.shape)
                    .all(|(size, of)| size == of || *size == 1);
            let is_16_bits = matches!(trained.dtype, DType::F16 | DType::BF16);
            if !fits || !(*dtype == trained.dtype || is_16_bits && *dtype == DType::F32) {
                let Trained {
                    dtype: of,
                    shape: parameters,
                } = trained;
                return Err(invalid(format!(
                    "`{name}` is {dtype:?}{shape:?}, of a parameter that is {of:?}{parameters:?}"
                )));
            }
        }
        Ok(())
    }

    fn small(&self) -> Result<Bytes, CheckpointError> {
        let tensors = self.tensors.iter().map(|(name, (dtype, shape, id))| {
            let bytes = Bytes::from_bytes_vec(vec![0; dtype.size()]);
            burn_pack::Tensor::new(name.clone(), *dtype, vec![1; shape.len()], *id, bytes)
        });
        self.write(tensors.collect())
    }

    fn write(&self, tensors: Vec<burn_pack::Tensor>) -> Result<Bytes, CheckpointError> {
        let scalars = self.scalars.iter();
        let writer = scalars.fold(Writer::new(tensors), |writer, (name, value)| {
            writer.with_scalar(name, *value)
        });
        let paths = self.paths.iter();
        let writer = paths.fold(writer, |writer, (id, path)| writer.with_metadata(id, path));
        Ok(writer.into_bytes()?)
    }
}

/// The part of a state that is of `parameters`.
fn of_parameters(
    bytes: Bytes,
    parameters: &BTreeMap<u64, Trained>,
) -> Result<Bytes, CheckpointError> {
    let is_known = |name: &str| Ok::<_, CheckpointError>(parameters.contains_key(&split(name)?.0));
    let mut state = State::read(Reader::from_bytes(bytes.clone())?)?;
    for name in state.scalars.clone().keys() {
        if !is_known(name)? {
            state.scalars.remove(name);
        }
    }
    state
        .paths
        .retain(|id, _| id.parse().is_ok_and(|id| parameters.contains_key(&id)));
    let mut tensors = vec![];
    for tensor in Reader::from_bytes(bytes)?.into_tensors()? {
        if is_known(&tensor.name)? {
            tensors.push(tensor);
        }
    }
    state.write(tensors)
}

/// A parameter as an optimizer sees it.
struct Trained {
    dtype: DType,
    shape: Vec<usize>,
}

/// The parameters that an optimizer can train, by id.
fn trained(model: &impl Module) -> BTreeMap<u64, Trained> {
    #[derive(Default)]
    struct Collector(BTreeMap<u64, Trained>);

    impl Collector {
        fn add<const D: usize>(&mut self, id: ParamId, tensor: &Tensor<D>) {
            let trained = Trained {
                dtype: tensor.dtype(),
                shape: tensor.shape().to_vec(),
            };
            self.0.insert(id.val(), trained);
        }
    }

    impl ModuleVisitor for Collector {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.add(param.id, &param.val());
        }
    }

    let mut collector = Collector::default();
    model.visit(&mut collector);
    collector.0
}

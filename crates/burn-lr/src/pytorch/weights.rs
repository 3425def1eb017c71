use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use burn::module::{Module, ModuleMapper, Param, ParamId, Parameter};
use burn::tensor::{Bool, Int, Tensor, TensorData};
use lr_torch::{Tensor as TorchTensor, Value};

use super::error::TorchLoadError;
use super::names::{TorchNames, entries};
use super::parameters::Parameters;

/// A module with the weights of a PyTorch model's `state_dict()`.
///
/// Names and layouts are what burn-store makes of them; see [`TorchNames`]. Weights take the number
/// type that the module's have, as they do where PyTorch loads them.
///
/// burn-store's own `PytorchStore` reads the same files, and leaves out in silence what the module
/// has not. This goes by the reader of this crate instead, which bounds what a file can make it do,
/// and checks everything before anything is changed.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::Device;
/// use burn_lr::pytorch::{TorchFile, TorchNames, load_weights};
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/torch/runs/linear-adamw_plateau/model.pt");
/// let model = LinearConfig::new(10, 1).init(&Device::flex().autodiff());
/// let file = TorchFile::open(path)?; // torch.save(model.state_dict(), path)
/// let names = TorchNames::new().with_key_remapping(r"^0\.", "")?; // it was a Sequential
/// let model = load_weights(model, &file.root(), &names)?;
/// # let _ = model;
/// # Ok::<(), burn_lr::pytorch::TorchLoadError>(())
/// ```
///
/// # Errors
///
/// A state dict that lacks a parameter or a buffer of the module's, has one that the module has
/// not ([`without`](TorchNames::without) leaves it out), has two that would be the same one and are not
/// one tensor, or has one of another shape or kind of number.
pub fn load_weights<M: Module>(
    module: M,
    state_dict: &Value<'_>,
    names: &TorchNames,
) -> Result<M, TorchLoadError> {
    let parameters = Parameters::of(&module);
    let entries = entries(state_dict)?.into_iter();
    let kept = entries.filter(|(name, _)| !names.ignores(name));
    let (torch, values): (Vec<&str>, Vec<Value<'_>>) = kept.unzip();

    let mut found = BTreeMap::new();
    let mut unexpected = vec![];
    for ((name, value), path) in torch.iter().zip(values).zip(names.in_burn(&torch)) {
        let Some(index) = parameters.find(&path) else {
            unexpected.push(name.to_string());
            continue;
        };
        let tensor = value.tensor()?;
        match found.entry(index) {
            Entry::Vacant(entry) => drop(entry.insert(tensor)),
            // A parameter that is in several places has its tensor at each of them.
            Entry::Occupied(entry) if is_same(entry.get(), &tensor) => {}
            Entry::Occupied(_) => return Err(TorchLoadError::Twice { path }),
        }
    }
    let missing = (0..parameters.all.len()).filter(|index| !found.contains_key(index));
    let missing = parameters.paths(missing);
    if !missing.is_empty() || !unexpected.is_empty() {
        return Err(TorchLoadError::Weights {
            place: state_dict.place().to_string(),
            missing,
            unexpected,
        });
    }

    let mut values = HashMap::new();
    for (index, tensor) in found {
        let parameter = &parameters.all[index];
        let data = parameter.adapt(&tensor, &parameter.torch_shape())?;
        values.insert(parameter.id, data);
    }
    Ok(module.map(&mut Loader { values }))
}

/// Whether two tensors are the same elements of a file.
fn is_same(a: &TorchTensor<'_>, b: &TorchTensor<'_>) -> bool {
    (a.storage(), a.offset(), a.shape(), a.strides())
        == (b.storage(), b.offset(), b.shape(), b.strides())
}

/// Gives each parameter its values, as they are and not as they are saved: in a `Linear` of column
/// layout that is not the same.
struct Loader {
    values: HashMap<ParamId, TensorData>,
}

macro_rules! load_kind {
    ($method:ident $(, $kind:ty)?) => {
        fn $method<const D: usize>(
            &mut self,
            param: Param<Tensor<D $(, $kind)?>>,
        ) -> Param<Tensor<D $(, $kind)?>> {
            // A clone, since a parameter that is shared comes more than once.
            let Some(data) = self.values.get(&param.id).cloned() else {
                return param;
            };
            param.map(|old| {
                let new = Tensor::from_data(data, (&old.device(), old.dtype()));
                Parameter::set_require_grad(new, old.is_require_grad())
            })
        }
    };
}

impl ModuleMapper for Loader {
    load_kind!(map_float);
    load_kind!(map_int, Int);
    load_kind!(map_bool, Bool);
}

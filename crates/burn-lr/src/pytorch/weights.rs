use std::collections::{BTreeMap, BTreeSet};

use burn::module::Module;
use burn::store::{ModuleSnapshot, bridge};
use lr_compat::pytorch::Value;

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
/// Where the state dict lacks a parameter or a buffer of the module's, has one that the module has
/// not ([`without`](TorchNames::without) leaves it out), or has one of another shape or kind of
/// number.
pub fn load_weights<M: Module>(
    mut module: M,
    state_dict: &Value<'_>,
    names: &TorchNames,
) -> Result<M, TorchLoadError> {
    let parameters = Parameters::of(&module);
    let entries = entries(state_dict)?;
    let kept: Vec<_> = entries
        .iter()
        .filter(|(name, _)| !names.ignores(name))
        .collect();
    let torch: Vec<&str> = kept.iter().map(|(name, _)| *name).collect();

    let mut found = BTreeMap::new();
    let mut unexpected = vec![];
    for ((name, value), path) in kept.into_iter().zip(names.in_burn(&torch)) {
        match parameters.find(&path) {
            // A parameter that is in several places has its tensor at each of them.
            Some(index) => {
                found.insert(index, value);
            }
            None => unexpected.push(name.to_string()),
        }
    }
    let missing = parameters
        .keys()
        .filter(|(_, index)| !found.contains_key(index));
    let missing = parameters.paths(missing.map(|(_, index)| index).collect::<BTreeSet<_>>());
    let refused = |missing, unexpected| TorchLoadError::Weights {
        place: state_dict.place().to_string(),
        missing,
        unexpected,
    };
    if !missing.is_empty() || !unexpected.is_empty() {
        return Err(refused(missing, unexpected));
    }

    let tensors = parameters.keys().map(|(key, index)| {
        let parameter = parameters.get(index);
        let data = parameter.adapt(&found[&index].tensor()?, &parameter.torch_shape())?;
        Ok(bridge::from_data(data, key.to_string(), None))
    });
    let tensors = tensors.collect::<Result<Vec<_>, TorchLoadError>>()?;
    let applied = module.apply(tensors, None, None, true);
    match applied.missing.is_empty() && applied.errors.is_empty() {
        true => Ok(module),
        false => {
            let missing = applied.missing.into_iter().map(|(path, _)| path);
            let failed = applied.errors.iter().map(ToString::to_string);
            Err(refused(missing.chain(failed).collect(), vec![]))
        }
    }
}

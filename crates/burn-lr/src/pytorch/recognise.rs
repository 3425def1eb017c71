//! The kind of an optimizer, by the options of its groups.

use lr_torch::{ParamGroup, TorchError, Value};

use super::error::TorchLoadError;
use super::kind::TorchOptimizerKind;

/// The kind of optimizer that a group's options are of.
pub(super) fn of_group(group: &ParamGroup<'_>) -> Result<TorchOptimizerKind, TorchLoadError> {
    let not_in_burn = |name: &str, why| {
        let name = name.to_string();
        Err(TorchLoadError::NotInBurn { name, why })
    };
    match group.classes()[..] {
        [] => Err(TorchLoadError::UnknownOptimizer {
            place: group.place().to_string(),
            options: group.options.keys().map(|name| name.to_string()).collect(),
        }),
        // Before PyTorch 2.7. Without a weight decay they are the same.
        ["Adam", "AdamW"] => match group.option("weight_decay")?.number()? {
            0.0 => Ok(TorchOptimizerKind::Adam),
            weight_decay => Err(TorchLoadError::AdamOrAdamW {
                place: group.place().to_string(),
                weight_decay,
            }),
        },
        ["SGD"] => Ok(TorchOptimizerKind::Sgd),
        ["Adam"] => Ok(TorchOptimizerKind::Adam),
        ["AdamW"] => Ok(TorchOptimizerKind::AdamW),
        ["RMSprop"] => Ok(TorchOptimizerKind::RmsProp),
        ["Adagrad"] => Ok(TorchOptimizerKind::Adagrad),
        ["Adafactor"] => Ok(TorchOptimizerKind::Adafactor),
        [name @ "Muon"] => not_in_burn(name, "Burn scales and rounds its steps in another way"),
        [name @ "LBFGS"] => not_in_burn(name, "Burn's keeps another history"),
        ref names => not_in_burn(&names.join(" or "), "Burn has none"),
    }
}

/// Checks that a group is of the expected kind.
pub(super) fn check_kind(
    group: &ParamGroup<'_>,
    expected: TorchOptimizerKind,
    found: TorchOptimizerKind,
) -> Result<(), TorchError> {
    match found == expected {
        true => Ok(()),
        false => {
            let why = format!("is of {found}, not of {expected}");
            Err(TorchError::unsupported(group.place(), why))
        }
    }
}

/// Whether a group has an option that is set. (Files of before there was that option don't have it.)
pub(super) fn is_set(group: &ParamGroup<'_>, option: &str) -> Result<bool, TorchError> {
    group.options.get(option).map_or(Ok(false), Value::bool)
}

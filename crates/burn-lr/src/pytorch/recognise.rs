//! The kind of an optimizer, by the options of its groups.

use lr_torch::{ParamGroup, TorchError, Value};

use super::error::TorchLoadError;
use super::kind::TorchOptimizerKind;

/// The options that tell an optimizer, and its kind here, or its name and why there is none.
type Known = (
    &'static [&'static str],
    Result<TorchOptimizerKind, (&'static str, &'static str)>,
);

/// PyTorch's optimizers by options that they have, the first of those that fit: the kind to go on with, or
/// the reason why there is none.
const KNOWN: [Known; 14] = {
    use TorchOptimizerKind::{Adafactor, Adagrad, Adam, RmsProp, Sgd};
    const NONE: &str = "Burn has none";
    [
        (
            &["ns_steps"],
            Err(("Muon", "Burn scales and rounds its steps in another way")),
        ),
        (
            &["history_size"],
            Err(("LBFGS", "Burn's keeps another history")),
        ),
        (&["betas", "momentum_decay"], Err(("NAdam", NONE))),
        (&["betas", "amsgrad"], Ok(Adam)), // or AdamW
        (&["betas", "decoupled_weight_decay"], Err(("RAdam", NONE))),
        (
            &["betas", "weight_decay", "eps"],
            Err(("Adamax or RAdam", NONE)),
        ),
        (&["betas", "eps"], Err(("SparseAdam", NONE))),
        (&["beta2_decay", "d"], Ok(Adafactor)),
        (&["rho"], Err(("Adadelta", NONE))),
        (&["lambd", "t0"], Err(("ASGD", NONE))),
        (&["etas", "step_sizes"], Err(("Rprop", NONE))),
        (&["alpha", "centered"], Ok(RmsProp)),
        (&["lr_decay", "eps"], Ok(Adagrad)),
        (&["momentum", "dampening", "nesterov"], Ok(Sgd)),
    ]
};

/// The kind of optimizer that a group's options are of.
pub(super) fn of_group(group: &ParamGroup<'_>) -> Result<TorchOptimizerKind, TorchLoadError> {
    let has = |option: &&str| group.options.contains_key(option);
    let found = KNOWN.iter().find(|(options, _)| options.iter().all(has));
    let place = || group.place().to_string();
    match found {
        None => Err(TorchLoadError::UnknownOptimizer {
            place: place(),
            options: group.options.keys().map(|name| name.to_string()).collect(),
        }),
        Some((_, Err((name, why)))) => Err(TorchLoadError::NotInBurn { name, why }),
        Some((_, Ok(TorchOptimizerKind::Adam))) => {
            let weight_decay = group.option("weight_decay")?.number()?;
            match group.options.get("decoupled_weight_decay") {
                Some(decoupled) if decoupled.bool()? => Ok(TorchOptimizerKind::AdamW),
                Some(_) => Ok(TorchOptimizerKind::Adam),
                None if weight_decay == 0.0 => Ok(TorchOptimizerKind::Adam),
                None => Err(TorchLoadError::AdamOrAdamW {
                    place: place(),
                    weight_decay,
                }),
            }
        }
        Some((_, Ok(kind))) => Ok(*kind),
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

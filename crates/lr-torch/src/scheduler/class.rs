//! Of which class a scheduler is, by the keys of its state.

use lr_schedule::ScheduleError;

use crate::error::TorchError;
use crate::value::Value;

/// The classes, and the keys that each has of its own.
const CLASSES: &[(&str, &[&str])] = &[
    ("ChainedScheduler", &["_schedulers"]),
    ("ConstantLR", &["factor", "total_iters"]),
    ("CosineAnnealingLR", &["T_max", "eta_min"]),
    (
        "CosineAnnealingWarmRestarts",
        &["T_0", "T_i", "T_mult", "eta_min", "T_cur"],
    ),
    (
        "CyclicLR",
        &["max_lrs", "total_size", "step_ratio", "mode", "gamma"],
    ),
    ("ExponentialLR", &["gamma"]),
    ("LambdaLR", &["lr_lambdas"]),
    ("LinearLR", &["start_factor", "end_factor", "total_iters"]),
    ("MultiStepLR", &["milestones", "gamma"]),
    ("MultiplicativeLR", &["lr_lambdas"]),
    ("OneCycleLR", &["total_steps", "_schedule_phases"]),
    ("PolynomialLR", &["total_iters", "power"]),
    (
        "ReduceLROnPlateau",
        &["factor", "patience", "num_bad_epochs"],
    ),
    ("SWALR", &["anneal_epochs", "_anneal_strategy"]),
    ("SequentialLR", &["_milestones", "_schedulers"]),
    ("StepLR", &["step_size", "gamma"]),
];

/// The most keys that a scheduler's state has.
const MAX_KEYS: u64 = 1_000;

/// The class that `value` is the state of. The two that take a function have the same keys, and are
/// both called `LambdaLR` here.
pub(super) fn recognise(value: &Value<'_>) -> Result<&'static str, TorchError> {
    let keys = value.count_keys()?;
    if keys > MAX_KEYS {
        return Err(TorchError::TooLarge {
            what: "the number of a scheduler's keys",
            size: keys,
            limit: MAX_KEYS,
        });
    }
    let mut fitting = Vec::new();
    for (class, keys) in CLASSES {
        let mut fits = true;
        for key in *keys {
            fits &= value.get(key)?.is_some();
        }
        if fits {
            fitting.push((*class, *keys));
        }
    }
    // One whose keys are all among those of another is fitting only because the other one is.
    let is_part = |keys: &[&str], of: &[&str]| {
        keys.len() < of.len() && keys.iter().all(|key| of.contains(key))
    };
    let candidates: Vec<&str> = fitting
        .iter()
        .filter(|(_, keys)| !fitting.iter().any(|(_, other)| is_part(keys, other)))
        .map(|(class, _)| *class)
        .collect();
    match candidates.as_slice() {
        [class] => Ok(class),
        _ => Err(TorchError::Class {
            place: value.place().to_string(),
            candidates,
        }),
    }
}

/// The class called `name`, which may have its modules before it.
pub(super) fn named(name: &str) -> Result<&'static str, TorchError> {
    let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
    match CLASSES.iter().find(|(class, _)| *class == name) {
        Some((class, _)) => Ok(class),
        None => {
            let known: Vec<&'static str> = CLASSES.iter().map(|(class, _)| *class).collect();
            Err(ScheduleError::unknown("", "scheduler", name, &known).into())
        }
    }
}

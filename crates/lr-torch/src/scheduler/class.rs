//! The class of a scheduler, by the keys of its state.

use lr_schedule::ScheduleError;

use crate::dict::Key;
use crate::error::{TorchError, at_most};
use crate::table::{has, rows, words};
use crate::value::{Value, clip};

/// The keys of any scheduler, in one version of PyTorch or another.
const SHARED: &str =
    "base_lrs last_epoch verbose _step_count _get_lr_called_within_step _last_lr _is_initial";

/// Each class: the keys that tell it, and those that it may have besides.
const CLASSES: &str = "\
ChainedScheduler | _schedulers |
ConstantLR | factor total_iters |
CosineAnnealingLR | T_max eta_min |
CosineAnnealingWarmRestarts | T_0 T_i T_mult eta_min T_cur |
CyclicLR | max_lrs total_size step_ratio mode gamma | scale_mode scale_fn _scale_fn_ref \
    _scale_fn_custom cycle_momentum use_beta1 base_momentums max_momentums
ExponentialLR | gamma |
LambdaLR | lr_lambdas |
LinearLR | start_factor end_factor total_iters |
MultiStepLR | milestones gamma |
MultiplicativeLR | lr_lambdas |
OneCycleLR | total_steps cycle_momentum | step_size_up step_size_down _schedule_phases anneal_func \
    _anneal_func_type use_beta1
PolynomialLR | total_iters power |
ReduceLROnPlateau | factor patience num_bad_epochs | min_lrs default_min_lr cooldown \
    cooldown_counter mode mode_worse threshold threshold_mode best eps
SWALR | anneal_epochs | anneal_func _anneal_func _anneal_strategy swa_lrs
SequentialLR | _milestones _schedulers |
StepLR | step_size gamma |";

/// The most keys that a scheduler's state has.
const MAX_KEYS: u64 = 1_000;

/// The class that `value` is the state of. The two that take a function have the same keys, and are
/// both called `LambdaLR` here.
pub(super) fn recognise(value: &Value<'_>) -> Result<&'static str, TorchError> {
    let keys = value.pairs()?.len() as u64;
    at_most(MAX_KEYS, "the number of a scheduler's keys", keys)?;
    let classes = rows(CLASSES);
    let fitting = classes.filter(|[_, keys, _]| words(keys).all(|key| value.has(key)));
    let fitting: Vec<[&str; 3]> = fitting.collect();
    // One whose keys are all among those of another is fitting only because the other one is.
    let is_part = |keys: &str, of: &str| {
        words(keys).count() < words(of).count() && words(keys).all(|key| has(of, key))
    };
    let all = fitting.iter();
    let candidates: Vec<_> = all
        .filter(|[_, keys, _]| !fitting.iter().any(|[_, other, _]| is_part(keys, other)))
        .collect();
    let mut unknown = Vec::new();
    if let [[_, keys, others]] = candidates.as_slice() {
        for (key, _) in value.entries()? {
            match key {
                Key::Text(key) if [SHARED, keys, others].iter().any(|of| has(of, key)) => {}
                key => unknown.push(clip(&key.to_string())),
            }
        }
    }
    match candidates.as_slice() {
        [[class, ..]] if unknown.is_empty() => Ok(class),
        [["LambdaLR", ..], ["MultiplicativeLR", ..]] => Ok("LambdaLR"),
        _ => Err(TorchError::Class {
            place: value.place().to_string(),
            candidates: candidates.iter().map(|[class, ..]| *class).collect(),
            unknown,
        }),
    }
}

/// The class called `name`, which may have its modules before it.
pub(super) fn named(name: &str) -> Result<&'static str, TorchError> {
    let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
    let known: Vec<&str> = rows(CLASSES).map(|[class]| class).collect();
    match known.iter().find(|class| **class == name) {
        Some(class) => Ok(class),
        None => Err(ScheduleError::unknown("", "scheduler", name, &known).into()),
    }
}

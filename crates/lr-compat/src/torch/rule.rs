//! `ReduceLROnPlateau`.

use lr_schedule::feedback::{Dialect, Mode, ThresholdMode};
use lr_schedule::spec::Data;
use lr_schedule::{RuleSpec, ScheduleError};

use crate::args::Args;

pub(crate) const MODES: &[(&str, Mode)] = &[("min", Mode::Min), ("max", Mode::Max)];
pub(crate) const THRESHOLD_MODES: &[(&str, ThresholdMode)] =
    &[("rel", ThresholdMode::Rel), ("abs", ThresholdMode::Abs)];

/// The rule of `ReduceLROnPlateau`, which transformers passes on as it is.
pub fn reduce_lr_on_plateau(owner: &str, args: Data) -> Result<RuleSpec, ScheduleError> {
    let args = &mut Args::new(owner, args);
    args.read("verbose", Ok);
    let factor = args.number("factor", 0.1);
    let valid = (0.0..1.0).contains(&factor);
    args.check(valid, "factor", factor, "at least 0 and below 1");
    let rule = RuleSpec::ReduceOnPlateau {
        mode: args.choice("mode", Mode::Min, MODES),
        factor,
        patience: args.count("patience", 10),
        threshold: args.not_negative("threshold", 1e-4),
        threshold_mode: args.choice("threshold_mode", ThresholdMode::Rel, THRESHOLD_MODES),
        cooldown: args.count("cooldown", 0),
        min_lr: args.not_negative("min_lr", 0.0),
        eps: args.not_negative("eps", 1e-8),
        threshold_abs: None,
        min_scale: None,
        accumulation: None,
        skip: None,
        dialect: Some(Dialect::Torch),
    };
    args.finish(rule)
}

/// The rule of a library whose arguments are PyTorch's, but for some `names`: its own, and those that stand for
/// them.
pub(crate) fn plateau(
    place: &str,
    args: Data,
    names: &[(&str, &str)],
) -> Result<RuleSpec, ScheduleError> {
    let Data::Table(mut entries) = args else {
        return reduce_lr_on_plateau(place, args);
    };
    for (given, _) in &mut entries {
        if let Some((_, name)) = names.iter().find(|(own, _)| own == given) {
            *given = name.to_string();
        }
    }
    reduce_lr_on_plateau(place, Data::Table(entries))
}

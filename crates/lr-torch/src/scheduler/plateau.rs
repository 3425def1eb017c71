//! `ReduceLROnPlateau`, which observes a metric.

use lr_compat::build::{constant, feedback};
use lr_compat::torch::reduce_lr_on_plateau;
use lr_schedule::Spec;
use lr_schedule::feedback::{State, Value as Number};

use super::arguments::{arguments, placed};
use super::context::Context;
use crate::error::TorchError;
use crate::value::Value;

const CLASS: &str = "ReduceLROnPlateau";

/// The rule over the rate `lr`, which one of the parameter groups has now.
pub(super) fn spec(
    state: &Value<'_>,
    context: &Context<'_, '_>,
    lr: f64,
) -> Result<Spec, TorchError> {
    let arguments = arguments(CLASS, state, context)?;
    let rule = reduce_lr_on_plateau(CLASS, arguments);
    let rule = rule.map_err(|error| placed(state, CLASS, error))?;
    Ok(feedback(rule, constant(lr)))
}

/// The state of the rule, whose best value may be an infinity in PyTorch.
pub(super) fn heard(state: &Value<'_>) -> Result<State, TorchError> {
    let count = |key| Ok::<_, TorchError>(Number::Count(state.field(key)?.count()?));
    let mut heard = State::new()
        .with("scale", Number::Number(1.0))
        .with("bad_values", count("num_bad_epochs")?)
        .with("cooldown_left", count("cooldown_counter")?);
    let best = state.field("best")?;
    let none_yet = match state.field("mode")?.text()? {
        "max" => f64::NEG_INFINITY,
        _ => f64::INFINITY,
    };
    match best.number()? {
        number if number.is_nan() => return best.wrong("a number"),
        number if number == none_yet => {}
        number => heard = heard.with("best", Number::Number(number)),
    }
    Ok(heard)
}

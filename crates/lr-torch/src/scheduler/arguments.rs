//! The arguments that a scheduler was constructed with, from its state.

use lr_schedule::ScheduleError;
use lr_schedule::spec::Data;

use super::context::Context;
use crate::dict::Key;
use crate::error::TorchError;
use crate::optimizer::ParamGroup;
use crate::table::{rows, words};
use crate::value::Value;

/// An argument's name and value.
type Argument = (&'static str, Data);

/// Each class: the arguments that its state has under their names: numbers, counts and texts.
const ARGUMENTS: &str = "\
ConstantLR | factor | total_iters |
CosineAnnealingLR | eta_min | T_max |
CosineAnnealingWarmRestarts | eta_min | T_0 T_mult |
CyclicLR | gamma | | mode
ExponentialLR | gamma | |
LinearLR | start_factor end_factor | total_iters |
MultiStepLR | gamma | |
OneCycleLR | | total_steps |
PolynomialLR | power | total_iters |
ReduceLROnPlateau | factor threshold eps | patience cooldown | mode threshold_mode
SWALR | | anneal_epochs |
StepLR | gamma | step_size |";

/// The arguments of a scheduler of `class` for one of the parameter groups.
pub(super) fn arguments(
    class: &str,
    state: &Value<'_>,
    context: &Context<'_, '_>,
) -> Result<Data, TorchError> {
    if matches!(class, "LambdaLR" | "MultiplicativeLR") {
        return state.unsupported(
            "is a LambdaLR or a MultiplicativeLR, whose function is not in the file: give the schedule that \
             it makes, with `ReadOptions::with_schedule` (transformers' from its config, by \
             `transformers::parse`), or make it with `torch::lambda_lr` or `torch::multiplicative_lr`",
        );
    }
    let of_class = rows::<4>(ARGUMENTS).find(|[name, ..]| *name == class);
    let Some([_, numbers, counts, texts]) = of_class else {
        return state.unsupported(format!(
            "is a {class}, whose arguments are not in its state"
        ));
    };
    let mut arguments = match class {
        "MultiStepLR" => vec![("milestones", milestones(state, context)?)],
        "CyclicLR" => cyclic(state, context.group)?,
        "OneCycleLR" => one_cycle(state, context)?,
        "SWALR" => {
            let swa_lr = group(state, "swa_lr", context)?.option("swa_lr")?;
            let strategy = annealing(state, "_anneal_strategy")?;
            vec![("swa_lr", number(swa_lr)?), ("anneal_strategy", strategy)]
        }
        "ReduceLROnPlateau" => {
            let min_lr = state.field("min_lrs")?.item(context.group)?;
            vec![("min_lr", number(&min_lr)?)]
        }
        _ => Vec::new(),
    };
    for key in words(numbers) {
        arguments.push((key, number(&state.field(key)?)?));
    }
    for key in words(counts) {
        arguments.push((key, count(&state.field(key)?)?));
    }
    for key in words(texts) {
        arguments.push((key, text(&state.field(key)?)?));
    }
    let arguments = arguments.into_iter();
    let arguments = arguments.map(|(key, data)| (key.to_string(), data));
    Ok(Data::Table(arguments.collect()))
}

fn number(value: &Value<'_>) -> Result<Data, TorchError> {
    Ok(Data::Number(value.finite()?))
}

fn count(value: &Value<'_>) -> Result<Data, TorchError> {
    Ok(Data::Integer(value.count()?.into()))
}

fn text(value: &Value<'_>) -> Result<Data, TorchError> {
    Ok(Data::Text(value.text()?.to_string()))
}

/// Milestones, a `Counter` in the state: how often each milestone was given.
fn milestones(state: &Value<'_>, context: &Context<'_, '_>) -> Result<Data, TorchError> {
    let list = state.field("milestones")?;
    let mut milestones = Vec::new();
    if list.is_dict() {
        for (step, times) in context.budget.entries(&list)? {
            let Key::Int(step @ 0..) = step else {
                return list.must_be("steps from 0 on", step);
            };
            let times = times.count()?;
            context.budget.spend(times)?;
            milestones.extend((0..times).map(|_| step as u64));
        }
    } else {
        // As PyTorch 1.0 has them.
        for step in context.budget.items(&list)? {
            milestones.push(step.count()?);
        }
    }
    milestones.sort_unstable();
    let milestones = milestones.into_iter();
    let milestones = milestones.map(|step| Data::Integer(step.into()));
    Ok(Data::List(milestones.collect()))
}

/// `CyclicLR`, which keeps the two lengths as their sum and the first one's share of it.
fn cyclic(state: &Value<'_>, group: usize) -> Result<Vec<Argument>, TorchError> {
    let custom = match state.get("scale_fn")? {
        // Until PyTorch 2.0, one of the scheduler's own methods is there too.
        Some(function) if method_of(&function).is_some_and(|name| SCALES.contains(&name)) => None,
        Some(function) => Some(function),
        None => state.get("_scale_fn_custom")?,
    };
    let by_mode = match state.field("mode")?.text()? {
        "exp_range" => "iterations",
        _ => "cycle",
    };
    let is_custom = custom.is_some_and(|custom| !custom.is_none());
    if is_custom || state.field("scale_mode")?.text()? != by_mode {
        return custom_scale(state);
    }
    let size = state.field("total_size")?.count()?;
    let ratio = state.field("step_ratio")?;
    let exact = size as f64 * ratio.finite()?;
    let up = exact.round();
    if (exact - up).abs() > 1e-9 * exact.abs() || !(0.0..=size as f64).contains(&up) {
        return ratio.wrong("a share of total_size that is a whole number of steps");
    }
    let up = up as u64;
    let of = |list: &str| number(&state.field(list)?.item(group)?);
    let moves = state.field("cycle_momentum")?.bool()?;
    let mut arguments = vec![
        ("base_lr", of("base_lrs")?),
        ("max_lr", of("max_lrs")?),
        ("step_size_up", Data::Integer(up.into())),
        ("step_size_down", Data::Integer((size - up).into())),
        ("cycle_momentum", Data::Bool(moves)),
    ];
    if moves {
        arguments.push(("base_momentum", of("base_momentums")?));
        arguments.push(("max_momentum", of("max_momentums")?));
    }
    Ok(arguments)
}

/// The methods of `CyclicLR` that its modes stand for.
const SCALES: [&str; 3] = [
    "_triangular_scale_fn",
    "_triangular2_scale_fn",
    "_exp_range_scale_fn",
];

/// The name of a method, which a pickle has as `getattr(of, name)`.
fn method_of<'a>(value: &Value<'a>) -> Option<&'a str> {
    match value.class()?.as_str() {
        "__builtin__.getattr" | "builtins.getattr" => value.call().get(1)?.text().ok(),
        _ => None,
    }
}

/// The form of the way from one end of a phase to the other: its name, or until PyTorch 2.0 a function.
fn annealing(state: &Value<'_>, key: &'static str) -> Result<Data, TorchError> {
    let function = match state.get("anneal_func")? {
        Some(function) if state.get(key)?.is_none() => function,
        _ => return text(&state.field(key)?),
    };
    let name = function.global();
    let name = name.as_deref().or(method_of(&function)).unwrap_or_default();
    match (name.contains("cos"), name.contains("linear")) {
        (true, _) => Ok(Data::Text("cos".to_string())),
        (_, true) => Ok(Data::Text("linear".to_string())),
        _ => function.wrong("the cosine's function or the line's"),
    }
}

/// A `CyclicLR` whose height is a function, which isn't in the file.
pub(super) fn custom_scale<T>(state: &Value<'_>) -> Result<T, TorchError> {
    state.unsupported(
        "is a CyclicLR with a `scale_fn`, which is not in the file: make the schedule yourself",
    )
}

/// `OneCycleLR`, which keeps its rates and momenta in the optimizer's parameter groups, and what it
/// was told of its phases as the steps where they end.
fn one_cycle(state: &Value<'_>, context: &Context<'_, '_>) -> Result<Vec<Argument>, TorchError> {
    let group = group(state, "max_lr", context)?;
    let of = |key: &str| group.option(key)?.finite();
    let (max, initial, min) = (of("max_lr")?, of("initial_lr")?, of("min_lr")?);
    let total = state.field("total_steps")?.count()? as f64;
    // Until PyTorch 1.6 there are two phases, and where the first one ends.
    let phases = match state.get("step_size_up")? {
        Some(up) => up,
        None => state.field("_schedule_phases")?,
    };
    let last = total - 1.0;
    let ends = match phases.ids() {
        Ok([_, _] | [_, _, _]) => {
            let phases = phases.items()?;
            let ends = phases.iter().map(|phase| phase.field("end_step")?.finite());
            ends.collect::<Result<Vec<f64>, TorchError>>()?
        }
        Ok(_) => return phases.wrong("two or three phases"),
        Err(_) => vec![phases.finite()?, last],
    };
    let up = ends[0];
    let expected = match ends.len() {
        2 => vec![up, last],
        _ => vec![up, 2.0 * up, last],
    };
    let same = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-9 * (1.0 + last.abs());
    if !ends.iter().zip(&expected).all(same) {
        let allowed = "phases that end as those of total_steps do";
        return phases.must_be(allowed, format!("{ends:?}"));
    }
    let pct_start = ((up + 1.0) / total).clamp(0.0, 1.0);
    let moves = state.field("cycle_momentum")?.bool()?;
    let mut arguments = vec![
        ("max_lr", Data::Number(max)),
        ("pct_start", Data::Number(pct_start)),
        ("anneal_strategy", annealing(state, "_anneal_func_type")?),
        ("three_phase", Data::Bool(ends.len() == 3)),
        ("div_factor", Data::Number(max / initial)),
        ("final_div_factor", Data::Number(initial / min)),
        ("cycle_momentum", Data::Bool(moves)),
    ];
    if moves {
        arguments.push(("base_momentum", Data::Number(of("base_momentum")?)));
        arguments.push(("max_momentum", Data::Number(of("max_momentum")?)));
    }
    Ok(arguments)
}

/// The optimizer's parameter group, in which a scheduler keeps its `key`.
fn group<'r, 'a>(
    state: &Value<'_>,
    key: &str,
    context: &Context<'r, 'a>,
) -> Result<&'r ParamGroup<'a>, TorchError> {
    match context.optimizer {
        // `ReadOptions::read` has checked that there are as many groups.
        Some(optimizer) => Ok(&optimizer.groups[context.group]),
        None => state.unsupported(format!(
            "keeps its `{key}` in the optimizer's param_groups: give the optimizer's state too, with \
             `ReadOptions::with_optimizer`"
        )),
    }
}

/// An error in a scheduler's arguments, at the place of its state.
pub(super) fn placed(state: &Value<'_>, class: &str, mut error: ScheduleError) -> TorchError {
    let inner = error.place.strip_prefix(class);
    if let Some(inner) = inner.and_then(|place| place.strip_prefix('.')) {
        error.place = inner.to_string();
    }
    error.inside(state.place()).into()
}

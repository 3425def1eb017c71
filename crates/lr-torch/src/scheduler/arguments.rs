//! The arguments that a scheduler was constructed with, from its state.

use lr_schedule::ScheduleError;
use lr_schedule::spec::Data;

use super::context::Context;
use crate::dict::Key;
use crate::error::TorchError;
use crate::value::Value;

/// An argument's name and value.
type Argument = (&'static str, Data);

/// The arguments of a scheduler of `class` for one of the parameter groups.
pub(super) fn arguments(
    class: &str,
    state: &Value<'_>,
    context: &Context<'_, '_>,
) -> Result<Data, TorchError> {
    let group = context.group;
    let number = |key| number(state, key);
    let count = |key| count(state, key);
    let arguments = match class {
        "StepLR" => vec![count("step_size")?, number("gamma")?],
        "MultiStepLR" => vec![
            (
                "milestones",
                milestones(&state.field("milestones")?, context)?,
            ),
            number("gamma")?,
        ],
        "ConstantLR" => vec![number("factor")?, count("total_iters")?],
        "LinearLR" => vec![
            number("start_factor")?,
            number("end_factor")?,
            count("total_iters")?,
        ],
        "ExponentialLR" => vec![number("gamma")?],
        "PolynomialLR" => vec![count("total_iters")?, number("power")?],
        "CosineAnnealingLR" => vec![count("T_max")?, number("eta_min")?],
        "CosineAnnealingWarmRestarts" => {
            vec![count("T_0")?, count("T_mult")?, number("eta_min")?]
        }
        "CyclicLR" => cyclic(state, group)?,
        "OneCycleLR" => one_cycle(state, context)?,
        "SWALR" => vec![
            (
                "swa_lr",
                Data::Number(number_of_group(state, "swa_lr", context)?),
            ),
            count("anneal_epochs")?,
            ("anneal_strategy", annealing(state, "_anneal_strategy")?),
        ],
        "ReduceLROnPlateau" => {
            let min_lr = state.field("min_lrs")?.item(group)?.finite()?;
            vec![
                ("mode", text(&state.field("mode")?)?),
                number("factor")?,
                count("patience")?,
                number("threshold")?,
                ("threshold_mode", text(&state.field("threshold_mode")?)?),
                count("cooldown")?,
                ("min_lr", Data::Number(min_lr)),
                number("eps")?,
            ]
        }
        other => {
            let why = format!("is a {other}, whose arguments are not in its state");
            return Err(TorchError::unsupported(state.place(), why));
        }
    };
    Ok(table(arguments))
}

fn table(fields: Vec<Argument>) -> Data {
    let fields = fields.into_iter();
    Data::Table(fields.map(|(key, data)| (key.to_string(), data)).collect())
}

fn number(state: &Value<'_>, key: &'static str) -> Result<Argument, TorchError> {
    Ok((key, Data::Number(state.field(key)?.finite()?)))
}

fn count(state: &Value<'_>, key: &'static str) -> Result<Argument, TorchError> {
    Ok((key, Data::Integer(state.field(key)?.count()?.into())))
}

fn text(value: &Value<'_>) -> Result<Data, TorchError> {
    Ok(Data::Text(value.text()?.to_string()))
}

/// Milestones, a `Counter` in the state: how often each milestone was given.
fn milestones(value: &Value<'_>, context: &Context<'_, '_>) -> Result<Data, TorchError> {
    if !value.is_dict() {
        // As PyTorch 1.0 has them.
        context.add(value.count_items()?)?;
        let steps = value.items()?;
        let steps = steps
            .iter()
            .map(|step| Ok(Data::Integer(step.count()?.into())));
        return Ok(Data::List(steps.collect::<Result<_, TorchError>>()?));
    }
    context.add(value.count_keys()?)?;
    let mut milestones = Vec::new();
    for (step, times) in value.entries()? {
        let step = match step {
            Key::Int(step) if step >= 0 => Data::Integer(step.into()),
            step => return Err(TorchError::invalid(value.place(), step, "steps from 0 on")),
        };
        let times = times.count()?;
        context.add(times)?;
        milestones.extend((0..times).map(|_| step.clone()));
    }
    milestones.sort_by_key(|step| match step {
        Data::Integer(step) => *step,
        _ => 0, // there are only integers
    });
    Ok(Data::List(milestones))
}

/// `CyclicLR`, which keeps the two lengths as their sum and the first one's share of it.
fn cyclic(state: &Value<'_>, group: usize) -> Result<Vec<Argument>, TorchError> {
    let custom = match state.get("scale_fn")? {
        // Until PyTorch 2.0, one of the scheduler's own methods is there too.
        Some(function) if method_of(&function).is_some_and(|name| SCALES.contains(&name)) => None,
        Some(function) => Some(function),
        None => state.get("_scale_fn_custom")?,
    };
    let mode = state.field("mode")?;
    let scale_mode = state.field("scale_mode")?;
    let by_mode = match mode.text()? {
        "exp_range" => "iterations",
        _ => "cycle",
    };
    if custom.is_some_and(|custom| !custom.is_none()) || scale_mode.text()? != by_mode {
        return Err(custom_scale(state));
    }
    let total = state.field("total_size")?;
    let (size, ratio) = (total.count()?, state.field("step_ratio")?.finite()?);
    let exact = size as f64 * ratio;
    let up = exact.round();
    if (exact - up).abs() > 1e-9 * exact.abs() || !(0.0..=size as f64).contains(&up) {
        let ratio = state.field("step_ratio")?;
        return ratio.out_of_bounds("a share of total_size that is a whole number of steps");
    }
    let up = up as u64;
    let of = |list: &str| -> Result<Data, TorchError> {
        Ok(Data::Number(state.field(list)?.item(group)?.finite()?))
    };
    let moves = state.field("cycle_momentum")?.bool()?;
    let mut arguments = vec![
        ("base_lr", of("base_lrs")?),
        ("max_lr", of("max_lrs")?),
        ("step_size_up", Data::Integer(up.into())),
        ("step_size_down", Data::Integer((size - up).into())),
        ("mode", text(&mode)?),
        ("gamma", Data::Number(state.field("gamma")?.finite()?)),
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

/// How the rate goes from one end of a phase to the other: its name, or until PyTorch 2.0 a function.
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
        _ => function.out_of_bounds("the cosine's function or the line's"),
    }
}

/// A `CyclicLR` whose height is a function, which isn't in the file.
pub(super) fn custom_scale(state: &Value<'_>) -> TorchError {
    let why =
        "is a CyclicLR with a `scale_fn`, which is not in the file: make the schedule yourself";
    TorchError::unsupported(state.place(), why)
}

/// `OneCycleLR`, which keeps its rates and momenta in the optimizer's parameter groups, and what it
/// was told of its phases as the steps where they end.
fn one_cycle(state: &Value<'_>, context: &Context<'_, '_>) -> Result<Vec<Argument>, TorchError> {
    let of = |key| number_of_group(state, key, context);
    let (max, initial, min) = (of("max_lr")?, of("initial_lr")?, of("min_lr")?);
    let steps = state.field("total_steps")?;
    let total = steps.count()?;
    // Until PyTorch 1.6 there are two phases, and where the first one ends.
    let phases = match state.get("step_size_up")? {
        Some(up) => up,
        None => state.field("_schedule_phases")?,
    };
    let last = total as f64 - 1.0;
    let ends = match phases.count_items() {
        Ok(2..=3) => {
            let ends = phases.items()?.into_iter();
            let ends = ends.map(|phase| phase.field("end_step")?.finite());
            ends.collect::<Result<Vec<f64>, TorchError>>()?
        }
        Ok(_) => return phases.out_of_bounds("two or three phases"),
        Err(_) => vec![phases.finite()?, last],
    };
    let three_phase = ends.len() == 3;
    let up = ends.first().copied().unwrap_or(f64::NAN);
    let expected = match three_phase {
        true => vec![up, 2.0 * up, last],
        false => vec![up, last],
    };
    let same = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-9 * (1.0 + last.abs());
    if !ends.iter().zip(&expected).all(same) {
        let allowed = "phases that end as those of total_steps do";
        return Err(TorchError::invalid(
            phases.place(),
            format!("{ends:?}"),
            allowed,
        ));
    }
    let moves = state.field("cycle_momentum")?.bool()?;
    let mut arguments = vec![
        ("max_lr", Data::Number(max)),
        ("total_steps", Data::Integer(total.into())),
        (
            "pct_start",
            Data::Number(((up + 1.0) / total as f64).clamp(0.0, 1.0)),
        ),
        ("anneal_strategy", annealing(state, "_anneal_func_type")?),
        ("three_phase", Data::Bool(three_phase)),
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

/// A number that a scheduler keeps in one of the optimizer's parameter groups.
fn number_of_group(
    state: &Value<'_>,
    key: &str,
    context: &Context<'_, '_>,
) -> Result<f64, TorchError> {
    let Some(optimizer) = context.optimizer else {
        let why = format!(
            "keeps its `{key}` in the optimizer's param_groups: give the optimizer's state too, with \
             `ReadOptions::with_optimizer`"
        );
        return Err(TorchError::unsupported(state.place(), why));
    };
    // `ReadOptions::read` has checked that there are as many groups.
    optimizer.groups[context.group].option(key)?.finite()
}

/// An error in a scheduler's arguments, at the place of its state.
pub(super) fn placed(state: &Value<'_>, class: &str, mut error: ScheduleError) -> TorchError {
    let inner = error.place.strip_prefix(class);
    if let Some(inner) = inner.and_then(|place| place.strip_prefix('.')) {
        error.place = inner.to_string();
    }
    error.inside(state.place()).into()
}

//! Hugging Face transformers 5.23: `get_scheduler`, its twelve names, and the functions behind them.
//!
//! ```
//! use lr_compat::transformers;
//! use lr_schedule::Schedule;
//!
//! let function = r#"{"scheduler": "get_cosine_schedule_with_warmup",
//!     "args": {"num_warmup_steps": 10, "num_training_steps": 100}}"#;
//! let schedule = transformers::parse(function, 5e-4)?.build()?;
//! assert_eq!([schedule.at(0), schedule.at(10), schedule.at(100)], [0.0, 5e-4, 0.0]);
//!
//! let by_name = r#"{"scheduler": "get_scheduler", "args": {"name": "cosine_with_min_lr",
//!     "num_warmup_steps": 10, "num_training_steps": 100,
//!     "scheduler_specific_kwargs": {"min_lr_rate": 0.1}}}"#;
//! assert_eq!(transformers::parse(by_name, 5e-4)?.build()?.at(100), 5e-5);
//! # Ok::<(), lr_schedule::ScheduleError>(())
//! ```
//!
//! The short names (`"cosine"`) stand for their functions, and take `scheduler_specific_kwargs` or
//! the arguments themselves. `num_training_steps` counts the warm-up in, as it does there.

use lr_schedule::curves::{CosineAnnealingSpec, CosineWaveSpec, HardRestartsSpec, InverseSqrtSpec};
use lr_schedule::feedback::{Dialect, Mode, ThresholdMode};
use lr_schedule::spec::Data;
use lr_schedule::{RuleSpec, ScheduleError, Shape, Spec};

use crate::args::{Args, buildable, check_base, config, count, integer, json, unknown_scheduler};
use crate::build::{
    anneal, clamp, constant, feedback, linear, polynomial, sequence, skip, steps, then, warmed_up,
};
use crate::torch::rule::{MODES, THRESHOLD_MODES, reduce_lr_on_plateau};

/// The functions that [`parse`] knows, beside `get_scheduler` and the short [`NAMES`].
pub const SCHEDULERS: &[&str] = &[
    "GreedyLR",
    "get_constant_schedule",
    "get_constant_schedule_with_warmup",
    "get_cosine_schedule_with_warmup",
    "get_cosine_with_hard_restarts_schedule_with_warmup",
    "get_cosine_with_min_lr_schedule_with_warmup",
    "get_cosine_with_min_lr_schedule_with_warmup_lr_rate",
    "get_greedy_schedule",
    "get_inverse_sqrt_schedule",
    "get_linear_schedule_with_warmup",
    "get_polynomial_decay_schedule_with_warmup",
    "get_reduce_on_plateau_schedule",
    "get_scheduler",
    "get_wsd_schedule",
];

/// The names of `SchedulerType`, which `get_scheduler` and `lr_scheduler_type` take, and their
/// functions.
pub const NAMES: &[(&str, &str)] = &[
    ("linear", "get_linear_schedule_with_warmup"),
    ("cosine", "get_cosine_schedule_with_warmup"),
    (
        "cosine_with_restarts",
        "get_cosine_with_hard_restarts_schedule_with_warmup",
    ),
    ("polynomial", "get_polynomial_decay_schedule_with_warmup"),
    ("constant", "get_constant_schedule"),
    ("constant_with_warmup", "get_constant_schedule_with_warmup"),
    ("inverse_sqrt", "get_inverse_sqrt_schedule"),
    ("reduce_lr_on_plateau", "get_reduce_on_plateau_schedule"),
    (
        "cosine_with_min_lr",
        "get_cosine_with_min_lr_schedule_with_warmup",
    ),
    (
        "cosine_warmup_with_min_lr",
        "get_cosine_with_min_lr_schedule_with_warmup_lr_rate",
    ),
    ("warmup_stable_decay", "get_wsd_schedule"),
    ("greedy", "get_greedy_schedule"),
];

/// Reads `{"scheduler": NAME, "args": {...}}`, in JSON, as the schedule of an optimizer whose rate is
/// `base_lr`.
///
/// `GreedyLR` and `reduce_lr_on_plateau` give a [`Spec::Feedback`], with the libraries' own way of
/// comparing.
///
/// # Errors
///
/// Arguments that are missing, unknown, of another type or out of their bounds.
pub fn parse(text: &str, base_lr: f64) -> Result<Spec, ScheduleError> {
    let (name, args) = config(json(text)?)?;
    named(&name, args, base_lr)
}

/// The schedule of a function, or of a short name.
pub(crate) fn named(name: &str, args: Data, base_lr: f64) -> Result<Spec, ScheduleError> {
    let base = check_base(base_lr)?;
    let (function, args) = by_name(name, args)?;
    buildable(function, function_of(function, args, base)?)
}

/// The function and all of its arguments, of `get_scheduler` and of short names.
fn by_name(name: &str, args: Data) -> Result<(&str, Data), ScheduleError> {
    let general = name == "get_scheduler";
    if !general && SCHEDULERS.contains(&name) {
        return Ok((name, args));
    }
    let args = &mut Args::new(name, args);
    let (place, short) = match general {
        true => ("get_scheduler.name", args.text("name")),
        false => ("", Some(name.to_string())),
    };
    let shared = ["num_warmup_steps", "num_training_steps"];
    let shared = shared.map(|name| (name, args.read(name, Ok)));
    let specific = args.read("scheduler_specific_kwargs", |data| match data {
        Data::Table(entries) => Ok(entries),
        other => Err(ScheduleError::invalid("", other, "a table of arguments")),
    });
    let mut entries = Vec::new();
    if !general && let Data::Table(rest) = args.rest() {
        entries = rest;
    }
    args.finish(())?;
    let short = short.ok_or_else(|| ScheduleError::missing(place))?;
    let Some((_, function)) = NAMES.iter().find(|(name, _)| *name == short) else {
        let names = NAMES.iter().map(|(name, _)| *name);
        let functions = SCHEDULERS.iter().copied().filter(|_| !general);
        let known: Vec<&str> = names.chain(functions).collect();
        return Err(unknown_scheduler(&short, &known).inside(place));
    };
    // `get_scheduler` passes on only the arguments that a function takes.
    let (taken, takes_specific) = match *function {
        "get_constant_schedule" => (0, false),
        "get_reduce_on_plateau_schedule" | "get_greedy_schedule" => (0, true),
        "get_constant_schedule_with_warmup" => (1, false),
        "get_inverse_sqrt_schedule" => (1, true),
        _ => (2, true),
    };
    let shared = shared.into_iter().take(taken);
    entries.extend(shared.filter_map(|(name, data)| Some((name.to_string(), data?))));
    for (key, value) in specific.into_iter().flatten().filter(|_| takes_specific) {
        if entries.iter().any(|(given, _)| *given == key) {
            let place = format!("{function}.{key}");
            return Err(ScheduleError::invalid(place, "it twice", "given once"));
        }
        entries.push((key, value));
    }
    Ok((function, Data::Table(entries)))
}

fn function_of(name: &str, args: Data, base: f64) -> Result<Spec, ScheduleError> {
    let over_base = |rule| feedback(rule, constant(base));
    match name {
        "get_reduce_on_plateau_schedule" => return reduce_lr_on_plateau(name, args).map(over_base),
        "GreedyLR" | "get_greedy_schedule" => return greedy(name, args).map(over_base),
        _ => {}
    }
    let args = &mut Args::new(name, args);
    args.check_last_epoch();
    let warmup = match name {
        "get_constant_schedule" => 0,
        _ => args.count("num_warmup_steps", None),
    };
    let mut up = linear(0.0, base, warmup);
    // The rest of the run; a warm-up that is as long leaves nothing of the way down.
    let left = |args: &mut Args| {
        let training = args.count("num_training_steps", None);
        training.saturating_sub(warmup)
    };
    let rest = match name {
        "get_constant_schedule" | "get_constant_schedule_with_warmup" => constant(base),
        "get_linear_schedule_with_warmup" => linear(base, 0.0, left(args)),
        "get_cosine_schedule_with_warmup" => {
            let length = left(args);
            wave(base, 0.0, length, args.not_negative("num_cycles", 0.5))
        }
        "get_cosine_with_hard_restarts_schedule_with_warmup" => {
            let length = left(args).max(1);
            match args.not_negative("num_cycles", 1.0) {
                0.0 => then(length, constant(base), constant(0.0)),
                cycles => Spec::from(HardRestartsSpec {
                    max: base,
                    steps: steps(length),
                    cycles,
                }),
            }
        }
        "get_polynomial_decay_schedule_with_warmup" => polynomial_decay(args, base, warmup),
        "get_inverse_sqrt_schedule" => {
            let default = if warmup > 0 { warmup } else { 10_000 };
            let timescale = args.positive("timescale", default as f64);
            Spec::from(InverseSqrtSpec::new(base, timescale))
        }
        "get_cosine_with_min_lr_schedule_with_warmup" => {
            let length = left(args);
            let cycles = args.not_negative("num_cycles", 0.5);
            let min = min_lr(args, base);
            not_negative(min, wave(base, min, length, cycles))
        }
        "get_cosine_with_min_lr_schedule_with_warmup_lr_rate" => {
            let length = left(args);
            let cycles = args.not_negative("num_cycles", 0.5);
            let min = min_lr(args, base);
            up = match args.maybe_number("warmup_lr_rate") {
                // The warm-up's last step is at the top,
                None => skip(1, up),
                Some(rate) => linear(base * rate, base, warmup.saturating_sub(1).max(1)),
            };
            // and the first one after it is the cosine's second.
            not_negative(min, skip(1, wave(base, min, length, cycles)))
        }
        "get_wsd_schedule" => {
            let spec = warmup_stable_decay(args, base, warmup);
            return args.finish(spec);
        }
        _ => return Err(unknown_scheduler(name, SCHEDULERS)),
    };
    args.finish(then(warmup, up, rest))
}

/// A number of cosine waves in `length` steps; half a wave is `cosine_annealing`.
fn wave(max: f64, min: f64, length: u64, cycles: f64) -> Spec {
    let length = steps(length.max(1));
    match cycles {
        0.5 => Spec::from(CosineAnnealingSpec::new(max, min, length)),
        cycles => Spec::from(CosineWaveSpec::new(max, min, length, cycles)),
    }
}

/// `of`, whose lowest rate is `min`, and none of whose rates is to be negative.
fn not_negative(min: f64, of: Spec) -> Spec {
    match min < 0.0 {
        true => clamp(Some(0.0), None, of),
        false => of,
    }
}

/// The lowest rate, given itself or as a share of the base.
fn min_lr(args: &mut Args, base: f64) -> f64 {
    let min = args.maybe_number("min_lr");
    let share = args.maybe_number("min_lr_rate");
    match (min, share) {
        (Some(_), Some(_)) => args.refuse("min_lr", "is given, and so is `min_lr_rate`"),
        (None, None) => args.refuse("min_lr", "is missing, and so is `min_lr_rate`"),
        _ => {}
    }
    min.unwrap_or(base * share.unwrap_or(0.0))
}

fn polynomial_decay(args: &mut Args, base: f64, warmup: u64) -> Spec {
    let training = args.count("num_training_steps", None);
    let end = args.number("lr_end", 1e-7);
    args.check(end < base, "lr_end", end, "below the optimizer's rate");
    let power = args.not_negative("power", 1.0);
    let allowed = "less than `num_training_steps`";
    args.check(warmup != training, "num_warmup_steps", warmup, allowed);
    match (training.saturating_sub(warmup), power) {
        (0, _) => constant(end),
        (rest, 0.0) => then(rest + 1, constant(base), constant(end)),
        (rest, power) => polynomial(base, end, rest, power),
    }
}

fn warmup_stable_decay(args: &mut Args, base: f64, warmup: u64) -> Spec {
    let shapes = [
        ("linear", Shape::Linear),
        ("cosine", Shape::Cosine),
        ("1-sqrt", Shape::OneMinusSqrt),
    ];
    let decay = args.count("num_decay_steps", None);
    let stable = args.read("num_stable_steps", integer).map(i128::from);
    let training = args.read("num_training_steps", count).map(i128::from);
    if stable.is_none() && training.is_none() {
        let why = "is missing, and so is `num_stable_steps`";
        args.refuse("num_training_steps", why);
    }
    let rest = training.unwrap_or(0) - i128::from(warmup) - i128::from(decay);
    let stable = stable.unwrap_or(rest);
    let warmup_shape = args.choice("warmup_type", Shape::Linear, &shapes);
    let decay_shape = args.choice("decay_type", Shape::Cosine, &shapes);
    let min = base * args.number("min_lr_ratio", 0.0);
    let cycles = args.not_negative("num_cycles", 0.5);

    let up = anneal(min, base, warmup, Shape::Linear);
    let up = match warmup_shape {
        Shape::Linear => up,
        shape => warmed_up(warmup, min, shape, constant(base)),
    };
    let down = match (decay_shape, cycles) {
        (Shape::Cosine, cycles) if cycles != 0.5 => wave(base, min, decay, cycles),
        (shape, _) => anneal(base, min, decay, shape),
    };
    // A warm-up and a decay that are longer than the run leave out the decay's beginning.
    let (stable, missed) = match u64::try_from(stable) {
        Ok(stable) => (stable, 0),
        Err(_) => (0, u64::try_from(-stable).unwrap_or(u64::MAX)),
    };
    let down = not_negative(min, skip(missed, down));
    let parts = vec![
        (warmup, not_negative(min, up)),
        (stable, constant(base)),
        (decay.saturating_sub(missed), down),
    ];
    sequence(parts, constant(min))
}

/// The rule of `GreedyLR`.
fn greedy(owner: &str, args: Data) -> Result<RuleSpec, ScheduleError> {
    let args = &mut Args::new(owner, args);
    args.flag("verbose", false);
    let factor = args.fraction("factor", 0.95);
    let window = args.steps("window_size", 50);
    let smooth = args.flag("smooth", false);
    let rule = RuleSpec::Greedy {
        mode: args.choice("mode", Mode::Min, MODES),
        factor,
        patience: args.count("patience", 10),
        threshold: args.not_negative("threshold", 1e-6),
        threshold_mode: args.choice("threshold_mode", ThresholdMode::Abs, THRESHOLD_MODES),
        cooldown: args.count("cooldown", 0),
        warmup: args.count("warmup", 0),
        min_lr: args.not_negative("min_lr", 1e-3),
        max_lr: args.positive("max_lr", 1.0),
        eps: args.not_negative("eps", 1e-8),
        window: smooth.then_some(window),
        reset_start: args.count("reset_start", 500),
        dialect: Some(Dialect::Torch),
    };
    args.finish(rule)
}

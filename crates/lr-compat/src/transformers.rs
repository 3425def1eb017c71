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

use lr_schedule::curves::{CosineAnnealingSpec, CosineWaveSpec, InverseSqrtSpec};
use lr_schedule::feedback::Dialect;
use lr_schedule::spec::Data;
use lr_schedule::{RuleSpec, ScheduleError, Shape, Spec};

use crate::args::{Args, buildable, check_base, config, json, unknown_scheduler};
use crate::build::{anneal, clamp, constant, linear, polynomial, sequence, skip, steps, then};
use crate::torch::{MODES, THRESHOLD_MODES, reduce_lr_on_plateau};

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

/// The names of `SchedulerType`, which `get_scheduler` and `lr_scheduler_type` take, and what they
/// stand for.
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

/// The schedule that `{"scheduler": NAME, "args": {...}}` stands for, in JSON, on an optimizer whose
/// rate is `base_lr`.
///
/// `GreedyLR` and `reduce_lr_on_plateau` give a [`Spec::Feedback`], with the libraries' own way of
/// comparing.
///
/// # Errors
///
/// Arguments that are missing, unknown, of another type or out of their bounds.
pub fn parse(text: &str, base_lr: f64) -> Result<Spec, ScheduleError> {
    from_data(json(text)?, base_lr)
}

/// What [`parse`] does, of data that has been read.
///
/// # Errors
///
/// As [`parse`].
pub fn from_data(data: Data, base_lr: f64) -> Result<Spec, ScheduleError> {
    let (name, args) = config(data)?;
    let base = check_base(base_lr)?;
    let (function, args) = by_name(name, args)?;
    buildable(&function, function_of(&function, args, base)?)
}

/// The function and all of its arguments, of `get_scheduler` and of short names.
fn by_name(name: String, args: Data) -> Result<(String, Data), ScheduleError> {
    const SHARED: [&str; 2] = ["num_warmup_steps", "num_training_steps"];
    const SPECIFIC: &str = "scheduler_specific_kwargs";
    if name != "get_scheduler" && SCHEDULERS.contains(&name.as_str()) {
        return Ok((name, args));
    }
    let Data::Table(mut entries) = args else {
        return Err(ScheduleError::invalid(name, args, "a table of arguments"));
    };
    let names = || NAMES.iter().map(|(name, _)| *name);
    let (name, place, known): (_, _, Vec<&str>) = match name.as_str() {
        "get_scheduler" => {
            let known = ["name", SHARED[0], SHARED[1], SPECIFIC];
            for (key, _) in &entries {
                if !known.contains(&key.as_str()) {
                    return Err(ScheduleError::unknown(name, "argument", key, &known));
                }
            }
            match take(&mut entries, "name") {
                Some(Data::Text(short)) => (short, "get_scheduler.name", names().collect()),
                Some(other) => {
                    return Err(ScheduleError::invalid(
                        "get_scheduler.name",
                        other,
                        "a name",
                    ));
                }
                None => return Err(ScheduleError::missing("get_scheduler.name")),
            }
        }
        _ => (
            name,
            "",
            names().chain(SCHEDULERS.iter().copied()).collect(),
        ),
    };
    let Some((_, function)) = NAMES.iter().find(|(short, _)| *short == name) else {
        return Err(unknown_scheduler(&name, &known).inside(place));
    };
    let specific = match take(&mut entries, SPECIFIC) {
        None | Some(Data::Nothing) => Vec::new(),
        Some(Data::Table(specific)) => specific,
        Some(other) => {
            let place = format!("{name}.{SPECIFIC}");
            return Err(ScheduleError::invalid(place, other, "a table of arguments"));
        }
    };
    // What a function doesn't take, `get_scheduler` doesn't pass on.
    let (shared, takes_specific): (&[&str], bool) = match *function {
        "get_constant_schedule" => (&[], false),
        "get_reduce_on_plateau_schedule" | "get_greedy_schedule" => (&[], true),
        "get_constant_schedule_with_warmup" => (&SHARED[..1], false),
        "get_inverse_sqrt_schedule" => (&SHARED[..1], true),
        _ => (&SHARED, true),
    };
    entries.retain(|(key, _)| !SHARED.contains(&key.as_str()) || shared.contains(&key.as_str()));
    if takes_specific {
        for (key, value) in specific {
            if entries.iter().any(|(given, _)| *given == key) {
                let place = format!("{function}.{key}");
                return Err(ScheduleError::invalid(place, "it twice", "given once"));
            }
            entries.push((key, value));
        }
    }
    Ok((function.to_string(), Data::Table(entries)))
}

/// The value called `name`, taken out of a table's entries.
fn take(entries: &mut Vec<(String, Data)>, name: &str) -> Option<Data> {
    let at = entries.iter().position(|(given, _)| given == name)?;
    Some(entries.remove(at).1)
}

/// A linear warm-up from 0, then `rest`.
fn warm_up(steps: u64, base: f64, rest: Spec) -> Spec {
    then(steps, linear(0.0, base, steps), rest)
}

fn function_of(name: &str, args: Data, base: f64) -> Result<Spec, ScheduleError> {
    let known: &[&str] = match name {
        "get_constant_schedule" => &["last_epoch"],
        "get_constant_schedule_with_warmup" => &["num_warmup_steps", "last_epoch"],
        "get_linear_schedule_with_warmup" => {
            &["num_warmup_steps", "num_training_steps", "last_epoch"]
        }
        "get_cosine_schedule_with_warmup"
        | "get_cosine_with_hard_restarts_schedule_with_warmup" => &[
            "num_warmup_steps",
            "num_training_steps",
            "num_cycles",
            "last_epoch",
        ],
        "get_polynomial_decay_schedule_with_warmup" => &[
            "num_warmup_steps",
            "num_training_steps",
            "lr_end",
            "power",
            "last_epoch",
        ],
        "get_inverse_sqrt_schedule" => &["num_warmup_steps", "timescale", "last_epoch"],
        "get_cosine_with_min_lr_schedule_with_warmup" => &[
            "num_warmup_steps",
            "num_training_steps",
            "num_cycles",
            "last_epoch",
            "min_lr",
            "min_lr_rate",
        ],
        "get_cosine_with_min_lr_schedule_with_warmup_lr_rate" => &[
            "num_warmup_steps",
            "num_training_steps",
            "num_cycles",
            "last_epoch",
            "min_lr",
            "min_lr_rate",
            "warmup_lr_rate",
        ],
        "get_wsd_schedule" => &[
            "num_warmup_steps",
            "num_decay_steps",
            "num_training_steps",
            "num_stable_steps",
            "warmup_type",
            "decay_type",
            "min_lr_ratio",
            "num_cycles",
            "last_epoch",
        ],
        "get_reduce_on_plateau_schedule" => {
            return Ok(Spec::Feedback {
                rule: reduce_lr_on_plateau(name, args)?,
                of: Box::new(constant(base)),
            });
        }
        "GreedyLR" | "get_greedy_schedule" => {
            return Ok(Spec::Feedback {
                rule: greedy(name, args)?,
                of: Box::new(constant(base)),
            });
        }
        _ => return Err(unknown_scheduler(name, SCHEDULERS)),
    };
    let args = &mut Args::new(name, args, known)?;
    let last_epoch = args.integer("last_epoch", -1)?;
    let allowed = "-1, a beginning; a run is resumed from its saved state";
    args.check(last_epoch == -1, "last_epoch", last_epoch, allowed)?;
    match name {
        "get_constant_schedule" => Ok(constant(base)),
        "get_constant_schedule_with_warmup" => {
            let warmup = args.required_count("num_warmup_steps")?;
            Ok(warm_up(warmup, base, constant(base)))
        }
        "get_linear_schedule_with_warmup" => {
            let run = Run::read(args)?;
            // Where the warm-up is as long as the run, nothing is left of the way down.
            let rest = match run.rest {
                0 => constant(0.0),
                rest => linear(base, 0.0, rest),
            };
            Ok(warm_up(run.warmup, base, rest))
        }
        "get_cosine_schedule_with_warmup" => {
            let run = Run::read(args)?;
            let cycles = args.not_negative("num_cycles", 0.5)?;
            Ok(warm_up(run.warmup, base, wave(base, 0.0, run.rest, cycles)))
        }
        "get_cosine_with_hard_restarts_schedule_with_warmup" => {
            let run = Run::read(args)?;
            let cycles = args.not_negative("num_cycles", 1.0)?;
            let length = run.rest.max(1);
            let rest = match cycles {
                0.0 => then(length, constant(base), constant(0.0)),
                cycles => Spec::HardRestarts {
                    max: base,
                    steps: steps(length),
                    cycles,
                },
            };
            Ok(warm_up(run.warmup, base, rest))
        }
        "get_polynomial_decay_schedule_with_warmup" => polynomial_decay(args, base),
        "get_inverse_sqrt_schedule" => {
            let warmup = args.required_count("num_warmup_steps")?;
            let default = if warmup > 0 { warmup } else { 10_000 };
            let rest = Spec::from(InverseSqrtSpec {
                start: base,
                timescale: args.positive("timescale", default as f64)?,
            });
            Ok(warm_up(warmup, base, rest))
        }
        "get_cosine_with_min_lr_schedule_with_warmup" => {
            let run = Run::read(args)?;
            let cycles = args.not_negative("num_cycles", 0.5)?;
            let min = min_lr(args, base)?;
            let rest = not_negative(min, wave(base, min, run.rest, cycles));
            Ok(warm_up(run.warmup, base, rest))
        }
        "get_cosine_with_min_lr_schedule_with_warmup_lr_rate" => {
            let run = Run::read(args)?;
            let cycles = args.not_negative("num_cycles", 0.5)?;
            let min = min_lr(args, base)?;
            // Here the first step after the warm-up is the cosine's second,
            let rest = skip(1, wave(base, min, run.rest, cycles));
            let warmup = match args.maybe_number("warmup_lr_rate")? {
                // and the warm-up's last one is at the top.
                None => skip(1, linear(0.0, base, run.warmup)),
                Some(rate) => linear(base * rate, base, run.warmup.saturating_sub(1).max(1)),
            };
            Ok(then(run.warmup, warmup, not_negative(min, rest)))
        }
        _ => warmup_stable_decay(args, base),
    }
}

/// The warm-up, and what is left of the run after it.
struct Run {
    warmup: u64,
    rest: u64,
    training: u64,
}

impl Run {
    fn read(args: &mut Args) -> Result<Self, ScheduleError> {
        let warmup = args.required_count("num_warmup_steps")?;
        let training = args.required_count("num_training_steps")?;
        Ok(Self {
            warmup,
            rest: training.saturating_sub(warmup),
            training,
        })
    }
}

/// So many cosine waves in `length` steps; half a one is the schedule with a name.
fn wave(max: f64, min: f64, length: u64, cycles: f64) -> Spec {
    let length = steps(length.max(1));
    match cycles {
        0.5 => Spec::from(CosineAnnealingSpec {
            max,
            min,
            t_max: length,
        }),
        cycles => Spec::from(CosineWaveSpec {
            max,
            min,
            steps: length,
            cycles,
        }),
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
fn min_lr(args: &mut Args, base: f64) -> Result<f64, ScheduleError> {
    match (
        args.maybe_number("min_lr")?,
        args.maybe_number("min_lr_rate")?,
    ) {
        (Some(min), None) => Ok(min),
        (None, Some(rate)) => Ok(base * rate),
        (min, _) => {
            let why = match min {
                Some(_) => "is given, and so is `min_lr_rate`",
                None => "is missing, and so is `min_lr_rate`",
            };
            Err(ScheduleError::unsupported(args.place("min_lr"), why))
        }
    }
}

fn polynomial_decay(args: &mut Args, base: f64) -> Result<Spec, ScheduleError> {
    let run = Run::read(args)?;
    let end = args.number("lr_end", 1e-7)?;
    args.check(end < base, "lr_end", end, "below the optimizer's rate")?;
    let power = args.not_negative("power", 1.0)?;
    let rest = match (run.rest, power) {
        (0, _) if run.warmup == run.training => {
            let allowed = "less than `num_training_steps`";
            args.check(false, "num_warmup_steps", run.warmup, allowed)?;
            constant(end)
        }
        (0, _) => constant(end),
        (rest, 0.0) => then(rest + 1, constant(base), constant(end)),
        (rest, power) => polynomial(base, end, rest, power),
    };
    Ok(warm_up(run.warmup, base, rest))
}

fn warmup_stable_decay(args: &mut Args, base: f64) -> Result<Spec, ScheduleError> {
    let shapes = [
        ("linear", Shape::Linear),
        ("cosine", Shape::Cosine),
        ("1-sqrt", Shape::OneMinusSqrt),
    ];
    let warmup = args.required_count("num_warmup_steps")?;
    let decay = args.required_count("num_decay_steps")?;
    let stable = args.maybe_integer("num_stable_steps")?;
    let training = args.maybe_count("num_training_steps")?;
    let stable = match (stable, training) {
        (Some(stable), _) => i128::from(stable),
        (None, Some(training)) => i128::from(training) - i128::from(warmup) - i128::from(decay),
        (None, None) => {
            let why = "is missing, and so is `num_stable_steps`";
            return Err(ScheduleError::unsupported(
                args.place("num_training_steps"),
                why,
            ));
        }
    };
    let warmup_shape = args.choice("warmup_type", "linear", &shapes)?;
    let decay_shape = args.choice("decay_type", "cosine", &shapes)?;
    let min = base * args.number("min_lr_ratio", 0.0)?;
    let cycles = args.not_negative("num_cycles", 0.5)?;

    let up = anneal(min, base, warmup, Shape::Linear);
    let up = match warmup_shape {
        Shape::Linear => up,
        shape => Spec::Warmup {
            steps: steps(warmup),
            start: min,
            shape,
            of: Box::new(constant(base)),
        },
    };
    let down = match (decay_shape, cycles) {
        (Shape::Cosine, cycles) if cycles != 0.5 => wave(base, min, decay, cycles),
        (shape, _) => anneal(base, min, decay, shape),
    };
    // Where warm-up and decay are longer than the run, the decay begins when it is under way.
    let (stable, missed) = match u64::try_from(stable) {
        Ok(stable) => (stable, 0),
        Err(_) => (0, u64::try_from(-stable).unwrap_or(u64::MAX)),
    };
    let parts = vec![
        (warmup, not_negative(min, up)),
        (stable, constant(base)),
        (
            decay.saturating_sub(missed),
            not_negative(min, skip(missed, down)),
        ),
    ];
    Ok(sequence(parts, constant(min)))
}

/// The rule of `GreedyLR`.
fn greedy(owner: &str, args: Data) -> Result<RuleSpec, ScheduleError> {
    let known = [
        "mode",
        "factor",
        "patience",
        "threshold",
        "threshold_mode",
        "cooldown",
        "warmup",
        "min_lr",
        "max_lr",
        "eps",
        "verbose",
        "smooth",
        "window_size",
        "reset_start",
    ];
    let mut args = Args::new(owner, args, &known)?;
    args.flag("verbose", false)?;
    let factor = args.number("factor", 0.95)?;
    let allowed = "above 0 and below 1";
    args.check(factor > 0.0 && factor < 1.0, "factor", factor, allowed)?;
    let window = args.count("window_size", 50)?;
    args.check(window >= 1, "window_size", window, "at least 1")?;
    let smooth = args.flag("smooth", false)?;
    Ok(RuleSpec::Greedy {
        mode: args.choice("mode", "min", MODES)?,
        factor,
        patience: args.count("patience", 10)?,
        threshold: args.not_negative("threshold", 1e-6)?,
        threshold_mode: args.choice("threshold_mode", "abs", THRESHOLD_MODES)?,
        cooldown: args.count("cooldown", 0)?,
        warmup: args.count("warmup", 0)?,
        min_lr: args.not_negative("min_lr", 1e-3)?,
        max_lr: args.positive("max_lr", 1.0)?,
        eps: args.not_negative("eps", 1e-8)?,
        window: smooth.then_some(window),
        reset_start: args.count("reset_start", 500)?,
        dialect: Some(Dialect::Torch),
    })
}

//! optax 0.2.8: all of `optax.schedules`, `optax.join_schedules`, `optax.sgdr_schedule`, and
//! `optax.contrib.reduce_on_plateau`.
//!
//! ```
//! use lr_compat::optax;
//! use lr_schedule::Schedule;
//!
//! let config = r#"{"scheduler": "warmup_cosine_decay_schedule", "args": {
//!     "init_value": 0.0, "peak_value": 0.1, "warmup_steps": 10, "decay_steps": 60
//! }}"#;
//! let schedule = optax::parse(config)?.build()?;
//! assert_eq!([schedule.at(0), schedule.at(10), schedule.at(60)], [0.0, 0.1, 0.0]);
//! # Ok::<(), lr_schedule::ScheduleError>(())
//! ```

use lr_schedule::curves::{ExponentialDecaySpec, PiecewiseConstantSpec};
use std::collections::BTreeMap;

use lr_schedule::feedback::{Dialect, Mode, ThresholdMode};
use lr_schedule::spec::Data;
use lr_schedule::{RuleSpec, ScheduleError, Shape, Spec};

use crate::args::{Args, buildable, check_base, config, json, unknown_scheduler};
use crate::build::{
    anneal, clamp, constant, delay, linear, polynomial, sequence, skip, steps, then,
};

/// The schedules that [`parse`] knows.
pub const SCHEDULERS: &[&str] = &[
    "constant_schedule",
    "cosine_decay_schedule",
    "cosine_onecycle_schedule",
    "exponential_decay",
    "join_schedules",
    "linear_onecycle_schedule",
    "linear_schedule",
    "piecewise_constant_schedule",
    "piecewise_interpolate_schedule",
    "polynomial_schedule",
    "reduce_on_plateau",
    "sgdr_schedule",
    "warmup_constant_schedule",
    "warmup_cosine_decay_schedule",
    "warmup_exponential_decay_schedule",
];

/// The schedule that `{"scheduler": NAME, "args": {...}}` stands for, in JSON.
///
/// # Errors
///
/// Arguments that are missing, unknown, of another type or out of their bounds; `reduce_on_plateau`, which is a rule over a rate: see
/// [`parse_reduce_on_plateau`].
pub fn parse(text: &str) -> Result<Spec, ScheduleError> {
    from_data(json(text)?)
}

/// What [`parse`] does, of data that has been read.
///
/// # Errors
///
/// As [`parse`].
pub fn from_data(data: Data) -> Result<Spec, ScheduleError> {
    let (name, args) = config(data)?;
    buildable(&name, schedule(&name, args)?)
}

/// `optax.contrib.reduce_on_plateau`, as `{"scheduler": "reduce_on_plateau", "args": {...}}`, over
/// an optimizer whose rate is `base_lr`: a [`Spec::Feedback`] with optax's own way of comparing.
///
/// ```
/// use lr_compat::optax;
///
/// let config = r#"{"scheduler": "reduce_on_plateau", "args": {"patience": 5, "rtol": 1e-3}}"#;
/// let (schedule, rule) = optax::parse_reduce_on_plateau(config, 0.1)?.build_feedback()?;
/// # Ok::<(), lr_schedule::ScheduleError>(())
/// ```
///
/// # Errors
///
/// Arguments that are missing, unknown, of another type or out of their bounds.
pub fn parse_reduce_on_plateau(text: &str, base_lr: f64) -> Result<Spec, ScheduleError> {
    let (name, args) = config(json(text)?)?;
    if name != "reduce_on_plateau" {
        return Err(unknown_scheduler(&name, &["reduce_on_plateau"]));
    }
    let of = Box::new(constant(check_base(base_lr)?));
    let rule = reduce_on_plateau(args)?;
    buildable(&name, Spec::Feedback { rule, of })
}

fn schedule(name: &str, args: Data) -> Result<Spec, ScheduleError> {
    let known: &[&str] = match name {
        "constant_schedule" => &["value"],
        "linear_schedule" => &[
            "init_value",
            "end_value",
            "transition_steps",
            "transition_begin",
        ],
        "polynomial_schedule" => &[
            "init_value",
            "end_value",
            "power",
            "transition_steps",
            "transition_begin",
        ],
        "exponential_decay" => &[
            "init_value",
            "transition_steps",
            "decay_rate",
            "transition_begin",
            "staircase",
            "end_value",
        ],
        "cosine_decay_schedule" => &["init_value", "decay_steps", "alpha", "exponent"],
        "piecewise_constant_schedule" => &["init_value", "boundaries_and_scales"],
        "piecewise_interpolate_schedule" => {
            &["interpolate_type", "init_value", "boundaries_and_scales"]
        }
        "linear_onecycle_schedule" => &[
            "transition_steps",
            "peak_value",
            "pct_start",
            "pct_final",
            "div_factor",
            "final_div_factor",
        ],
        "cosine_onecycle_schedule" => &[
            "transition_steps",
            "peak_value",
            "pct_start",
            "div_factor",
            "final_div_factor",
        ],
        "warmup_constant_schedule" => &["init_value", "peak_value", "warmup_steps"],
        "warmup_cosine_decay_schedule" => WARMUP_COSINE,
        "warmup_exponential_decay_schedule" => &[
            "init_value",
            "peak_value",
            "warmup_steps",
            "transition_steps",
            "decay_rate",
            "transition_begin",
            "staircase",
            "end_value",
        ],
        "join_schedules" => &["schedules", "boundaries"],
        "sgdr_schedule" => &["cosine_kwargs"],
        "reduce_on_plateau" => {
            let why = "hears a metric: `optax::parse_reduce_on_plateau` reads it, over a rate";
            return Err(ScheduleError::unsupported(name, why));
        }
        _ => return Err(unknown_scheduler(name, SCHEDULERS)),
    };
    let args = &mut Args::new(name, args, known)?;
    match name {
        "constant_schedule" => Ok(constant(args.required_number("value")?)),
        "linear_schedule" => {
            let (start, end) = (args.required_number("init_value")?, "end_value");
            let end = args.required_number(end)?;
            transition(args, start, end, 1.0)
        }
        "polynomial_schedule" => {
            let start = args.required_number("init_value")?;
            let end = args.required_number("end_value")?;
            let power = args.required_number("power")?;
            args.check(power >= 0.0, "power", power, "at least 0")?;
            transition(args, start, end, power)
        }
        "exponential_decay" => {
            let start = args.required_number("init_value")?;
            exponential_decay(args, start)
        }
        "cosine_decay_schedule" => {
            let start = args.required_number("init_value")?;
            let length = args.required_steps("decay_steps")?;
            let alpha = args.number("alpha", 0.0)?;
            let exponent = args.not_negative("exponent", 1.0)?;
            Ok(cosine(start, start * alpha, length, exponent))
        }
        "piecewise_constant_schedule" => {
            let start = args.required_number("init_value")?;
            Ok(piecewise_constant(start, &scales(args)?))
        }
        "piecewise_interpolate_schedule" => {
            let shape = args.data("interpolate_type").ok_or_else(|| {
                ScheduleError::missing("piecewise_interpolate_schedule.interpolate_type")
            })?;
            let shape = match &shape {
                Data::Text(text) if text == "linear" => Shape::Linear,
                Data::Text(text) if text == "cosine" => Shape::Cosine,
                _ => {
                    let place = args.place("interpolate_type");
                    let allowed = "\"linear\" or \"cosine\"";
                    return Err(ScheduleError::invalid(place, shape, allowed));
                }
            };
            let start = args.required_number("init_value")?;
            Ok(piecewise_interpolate(start, &scales(args)?, shape))
        }
        "linear_onecycle_schedule" => {
            let cycle = OneCycle::read(args)?;
            let final_pct = args.number("pct_final", 0.85)?;
            // Boundaries that fall together leave the later scale alone, as in a Python dict.
            let mut scales = BTreeMap::new();
            scales.insert(cycle.boundary(cycle.pct_start), cycle.div_factor);
            scales.insert(cycle.boundary(final_pct), 1.0 / cycle.div_factor);
            scales.insert(cycle.length, 1.0 / cycle.final_div_factor);
            Ok(piecewise_interpolate(cycle.start, &scales, Shape::Linear))
        }
        "cosine_onecycle_schedule" => {
            let cycle = OneCycle::read(args)?;
            let last = 1.0 / (cycle.div_factor * cycle.final_div_factor);
            let mut scales = BTreeMap::new();
            scales.insert(cycle.boundary(cycle.pct_start), cycle.div_factor);
            scales.insert(cycle.length, last);
            Ok(piecewise_interpolate(cycle.start, &scales, Shape::Cosine))
        }
        "warmup_constant_schedule" => {
            let warmup = Warmup::read(args)?;
            Ok(warmup.ramp())
        }
        "warmup_cosine_decay_schedule" => warmup_cosine(args).map(|(spec, _)| spec),
        "warmup_exponential_decay_schedule" => {
            let warmup = Warmup::read(args)?;
            let decay = exponential_decay(args, warmup.peak)?;
            Ok(warmup.before(decay))
        }
        "join_schedules" => join(args),
        _ => {
            let parts = args.each("cosine_kwargs", |kwargs| {
                let mut args = Args::new("", kwargs, WARMUP_COSINE)?;
                warmup_cosine(&mut args)
            })?;
            let mut parts: Vec<(u64, Spec)> = parts
                .into_iter()
                .map(|(spec, length)| (length, spec))
                .collect();
            let (_, last) = parts.pop().expect("there is at least one");
            Ok(sequence(parts, last))
        }
    }
}

const WARMUP_COSINE: &[&str] = &[
    "init_value",
    "peak_value",
    "warmup_steps",
    "decay_steps",
    "end_value",
    "exponent",
];

/// From one value to another after a while, in a power of a straight line.
fn transition(args: &mut Args, start: f64, end: f64, power: f64) -> Result<Spec, ScheduleError> {
    let length = args.required_integer("transition_steps")?;
    let begin = args.integer("transition_begin", 0)?;
    Ok(match (u64::try_from(length), power) {
        // As optax logs and goes on.
        (Err(_) | Ok(0), _) | (_, 0.0) => constant(start),
        (Ok(length), power) => {
            let begin = u64::try_from(begin).unwrap_or(0);
            delay(begin, polynomial(start, end, length, power))
        }
    })
}

fn exponential_decay(args: &mut Args, start: f64) -> Result<Spec, ScheduleError> {
    let length = args.required_integer("transition_steps")?;
    let rate = args.required_number("decay_rate")?;
    args.check(rate >= 0.0, "decay_rate", rate, "at least 0")?;
    let begin = u64::try_from(args.integer("transition_begin", 0)?).unwrap_or(0);
    let staircase = args.flag("staircase", false)?;
    let end = args.maybe_number("end_value")?;
    if length <= 0 || rate == 0.0 {
        return Ok(constant(start));
    }
    let decay = Spec::from(ExponentialDecaySpec {
        start,
        rate,
        steps: length as f64,
        staircase,
    });
    let decay = delay(begin, decay);
    Ok(match end {
        None => decay,
        Some(_) if rate < 1.0 => clamp(end, None, decay),
        Some(_) => clamp(None, end, decay),
    })
}

/// Half a cosine, to a power.
fn cosine(start: f64, end: f64, length: u64, exponent: f64) -> Spec {
    match exponent {
        1.0 => anneal(start, end, length, Shape::Cosine),
        // To the power of 0, even nothing is all of it.
        0.0 => constant(start),
        power => anneal(start, end, length, Shape::CosinePower { power }),
    }
}

/// `boundaries_and_scales`, whose keys are steps.
fn scales(args: &mut Args) -> Result<BTreeMap<i64, f64>, ScheduleError> {
    let place = args.place("boundaries_and_scales");
    let entries = match args.data("boundaries_and_scales") {
        None => return Ok(BTreeMap::new()),
        Some(Data::Table(entries)) => entries,
        Some(other) => {
            return Err(ScheduleError::invalid(
                place,
                other,
                "a table of steps and scales",
            ));
        }
    };
    let mut scales = BTreeMap::new();
    for (boundary, scale) in entries {
        let place = format!("{place}.{boundary}");
        let Ok(step) = boundary.parse::<i64>() else {
            return Err(ScheduleError::invalid(
                place,
                format!("{boundary:?}"),
                "a step",
            ));
        };
        let scale = match scale {
            Data::Number(scale) if scale.is_finite() && scale >= 0.0 => scale,
            Data::Integer(scale) if scale >= 0 => scale as f64,
            other => {
                return Err(ScheduleError::invalid(
                    place,
                    other,
                    "a number that is at least 0",
                ));
            }
        };
        scales.insert(step, scale);
    }
    Ok(scales)
}

fn piecewise_constant(start: f64, scales: &BTreeMap<i64, f64>) -> Spec {
    let (mut values, mut boundaries) = (vec![start], vec![]);
    let mut value = start;
    for (boundary, scale) in scales {
        value *= scale;
        values.push(value);
        boundaries.push(steps(u64::try_from(*boundary).unwrap_or(0)));
    }
    Spec::from(PiecewiseConstantSpec { values, boundaries })
}

fn piecewise_interpolate(start: f64, scales: &BTreeMap<i64, f64>, shape: Shape) -> Spec {
    let mut parts = Vec::new();
    let (mut value, mut begin) = (start, 0i64);
    for (&boundary, scale) in scales {
        let next = value * scale;
        // A piece that begins before the first step is under way by then.
        let missed = begin.min(0).unsigned_abs();
        let length = boundary.abs_diff(begin);
        if boundary > begin.max(0) {
            let piece = skip(missed, anneal(value, next, length, shape));
            parts.push((length - missed, piece));
        }
        (value, begin) = (next, boundary);
    }
    sequence(parts, constant(value))
}

/// What both one-cycle schedules have in common.
struct OneCycle {
    length: i64,
    start: f64,
    pct_start: f64,
    div_factor: f64,
    final_div_factor: f64,
}

impl OneCycle {
    fn read(args: &mut Args) -> Result<Self, ScheduleError> {
        let length = args.required_steps("transition_steps")?;
        let peak = args.required_number("peak_value")?;
        let div_factor = args.positive("div_factor", 25.0)?;
        Ok(Self {
            length: i64::try_from(length).unwrap_or(i64::MAX),
            start: peak / div_factor,
            pct_start: args.not_negative("pct_start", 0.3)?,
            div_factor,
            final_div_factor: args.positive("final_div_factor", 1e4)?,
        })
    }

    /// The step at a share of the cycle, rounded down.
    fn boundary(&self, share: f64) -> i64 {
        (share * self.length as f64) as i64
    }
}

/// The linear warm-up that several have.
struct Warmup {
    start: f64,
    peak: f64,
    steps: i64,
}

impl Warmup {
    fn read(args: &mut Args) -> Result<Self, ScheduleError> {
        let start = args.required_number("init_value")?;
        let peak = args.required_number("peak_value")?;
        let steps = args.required_integer("warmup_steps")?;
        Ok(Self { start, peak, steps })
    }

    /// The way up; one of no steps stays where it begins.
    fn ramp(&self) -> Spec {
        match u64::try_from(self.steps) {
            Ok(0) | Err(_) => constant(self.start),
            Ok(steps) => linear(self.start, self.peak, steps),
        }
    }

    fn before(&self, rest: Spec) -> Spec {
        match u64::try_from(self.steps) {
            Ok(steps) => then(steps, self.ramp(), rest),
            // A boundary before the first step: the rest is under way by then.
            Err(_) => skip(self.steps.unsigned_abs(), rest),
        }
    }
}

/// The schedule, and how many steps it is said to take.
fn warmup_cosine(args: &mut Args) -> Result<(Spec, u64), ScheduleError> {
    let warmup = Warmup::read(args)?;
    let length = args.required_count("decay_steps")?;
    let decay = i128::from(length) - i128::from(warmup.steps);
    args.check(decay > 0, "decay_steps", length, "more than `warmup_steps`")?;
    let decay = u64::try_from(decay).unwrap_or(u64::MAX);
    let end = args.number("end_value", 0.0)?;
    let end = if warmup.peak == 0.0 { 0.0 } else { end };
    let exponent = args.not_negative("exponent", 1.0)?;
    let cosine = cosine(warmup.peak, end, decay, exponent);
    Ok((warmup.before(cosine), length))
}

fn join(args: &mut Args) -> Result<Spec, ScheduleError> {
    let schedules = args.each("schedules", from_data)?;
    let boundaries = args.integers("boundaries")?;
    // optax goes by the shorter of the two lists, and by a later boundary rather than an earlier.
    let mut parts = vec![(0i64, None)];
    let mut schedules = schedules.into_iter();
    parts[0].1 = schedules.next();
    for (boundary, spec) in boundaries.into_iter().zip(schedules) {
        while parts.len() > 1 && parts.last().is_some_and(|(begin, _)| *begin >= boundary) {
            parts.pop();
        }
        let before = boundary.min(0).unsigned_abs();
        let spec = skip(before, spec);
        if boundary <= 0 {
            parts.clear();
        }
        parts.push((boundary.max(0), Some(spec)));
    }
    let begins: Vec<i64> = parts.iter().map(|(begin, _)| *begin).collect();
    let mut lengths = begins.windows(2).map(|pair| pair[1].abs_diff(pair[0]));
    let mut specs = parts.into_iter().filter_map(|(_, spec)| spec);
    let before: Vec<(u64, Spec)> = lengths.by_ref().zip(specs.by_ref()).collect();
    Ok(sequence(
        before,
        specs.next().expect("there is at least one"),
    ))
}

/// The rule of `optax.contrib.reduce_on_plateau`.
fn reduce_on_plateau(args: Data) -> Result<RuleSpec, ScheduleError> {
    let known = [
        "factor",
        "patience",
        "rtol",
        "atol",
        "cooldown",
        "accumulation_size",
        "min_scale",
    ];
    let mut args = Args::new("reduce_on_plateau", args, &known)?;
    let factor = args.number("factor", 0.1)?;
    let allowed = "above 0 and below 1";
    args.check(factor > 0.0 && factor < 1.0, "factor", factor, allowed)?;
    let (rtol, atol) = (args.share("rtol", 1e-4)?, args.not_negative("atol", 0.0)?);
    let either = rtol > 0.0 || atol > 0.0;
    args.check(either, "rtol", rtol, "above 0 where `atol` is 0")?;
    let accumulation = args.count("accumulation_size", 1)?;
    args.check(
        accumulation >= 1,
        "accumulation_size",
        accumulation,
        "at least 1",
    )?;
    Ok(RuleSpec::ReduceOnPlateau {
        mode: Mode::Min,
        factor,
        patience: args.count("patience", 10)?,
        threshold: rtol,
        threshold_mode: ThresholdMode::Rel,
        cooldown: args.count("cooldown", 0)?,
        min_lr: 0.0,
        eps: 0.0,
        threshold_abs: Some(atol),
        min_scale: Some(args.share("min_scale", 0.0)?),
        accumulation: Some(accumulation),
        skip: None,
        dialect: Some(Dialect::Optax),
    })
}

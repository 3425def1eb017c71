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

use std::collections::BTreeMap;

use lr_schedule::curves::ExponentialDecaySpec;
use lr_schedule::feedback::{Dialect, Mode, ThresholdMode};
use lr_schedule::spec::Data;
use lr_schedule::{RuleSpec, ScheduleError, Shape, Spec};

use crate::args::{Args, buildable, check_base, config, integer, json, number, unknown_scheduler};
use crate::build::{
    anneal, clamp, constant, delay, feedback, linear, piecewise, polynomial, sequence, skip,
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

/// Reads `{"scheduler": NAME, "args": {...}}`, in JSON, as a schedule.
///
/// # Errors
///
/// Arguments that are missing, unknown, of another type or out of their bounds; `reduce_on_plateau`,
/// which is a rule over a rate: see [`parse_reduce_on_plateau`].
pub fn parse(text: &str) -> Result<Spec, ScheduleError> {
    from_data(json(text)?, None)
}

/// Reads a config as [`parse`] does, from data; a rule over the rate `base_lr`.
pub(crate) fn from_data(data: Data, base_lr: Option<f64>) -> Result<Spec, ScheduleError> {
    let (name, args) = config(data)?;
    named(&name, args, base_lr)
}

/// Reads `optax.contrib.reduce_on_plateau`, as `{"scheduler": "reduce_on_plateau", "args": {...}}`, over
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
    match name.as_str() {
        "reduce_on_plateau" => named(&name, args, Some(base_lr)),
        name => Err(unknown_scheduler(name, &["reduce_on_plateau"])),
    }
}

fn named(name: &str, args: Data, base_lr: Option<f64>) -> Result<Spec, ScheduleError> {
    let args = &mut Args::new(name, args);
    let spec = match name {
        "constant_schedule" => constant(args.number("value", None)),
        "linear_schedule" | "polynomial_schedule" => {
            let start = args.number("init_value", None);
            let end = args.number("end_value", None);
            let power = match name {
                "linear_schedule" => 1.0,
                _ => args.not_negative("power", None),
            };
            transition(args, start, end, power)
        }
        "exponential_decay" => {
            let start = args.number("init_value", None);
            exponential_decay(args, start)
        }
        "cosine_decay_schedule" => {
            let start = args.number("init_value", None);
            let length = args.steps("decay_steps", None);
            let alpha = args.number("alpha", 0.0);
            let exponent = args.not_negative("exponent", 1.0);
            cosine(start, start * alpha, length, exponent)
        }
        "piecewise_constant_schedule" => {
            let start = args.number("init_value", None);
            piecewise_constant(start, &scales(args))
        }
        "piecewise_interpolate_schedule" => {
            let shapes = [("linear", Shape::Linear), ("cosine", Shape::Cosine)];
            let shape = args.choice("interpolate_type", None, &shapes);
            let start = args.number("init_value", None);
            piecewise_interpolate(start, &scales(args), shape)
        }
        "linear_onecycle_schedule" => one_cycle(args, Shape::Linear),
        "cosine_onecycle_schedule" => one_cycle(args, Shape::Cosine),
        "warmup_constant_schedule" => warm_up(args).0,
        "warmup_cosine_decay_schedule" => warmup_cosine(args).0,
        "warmup_exponential_decay_schedule" => {
            let (ramp, peak, warmup) = warm_up(args);
            let decay = exponential_decay(args, peak);
            joined(vec![ramp, decay], [warmup])
        }
        "join_schedules" => {
            let schedules = args.each("schedules", |data| from_data(data, None));
            let boundaries = args.items("boundaries", integer);
            args.finish(())?;
            joined(schedules, boundaries)
        }
        "sgdr_schedule" => {
            let mut parts = args.each("cosine_kwargs", |kwargs| {
                let args = &mut Args::new("", kwargs);
                let (spec, length) = warmup_cosine(args);
                args.finish((length, spec))
            });
            args.finish(())?;
            let (_, last) = parts.pop().expect("there is at least one");
            sequence(parts, last)
        }
        "reduce_on_plateau" => {
            let why = "observes a metric: `optax::parse_reduce_on_plateau` reads it, over a rate";
            let base = base_lr.ok_or_else(|| ScheduleError::unsupported(name, why))?;
            feedback(reduce_on_plateau(args), constant(check_base(base)?))
        }
        _ => return Err(unknown_scheduler(name, SCHEDULERS)),
    };
    buildable(name, args.finish(spec)?)
}

/// A transition from one value to another after a while, in a power of a straight line.
fn transition(args: &mut Args, start: f64, end: f64, power: f64) -> Spec {
    let length = args.integer("transition_steps", None);
    let begin = args.integer("transition_begin", 0);
    match (u64::try_from(length), power) {
        // optax logs that, and holds the value.
        (Err(_) | Ok(0), _) | (_, 0.0) => constant(start),
        (Ok(length), power) => {
            let begin = u64::try_from(begin).unwrap_or(0);
            delay(begin, polynomial(start, end, length, power))
        }
    }
}

fn exponential_decay(args: &mut Args, start: f64) -> Spec {
    let length = args.integer("transition_steps", None);
    let rate = args.not_negative("decay_rate", None);
    let begin = u64::try_from(args.integer("transition_begin", 0)).unwrap_or(0);
    let staircase = args.flag("staircase", false);
    let end = args.maybe_number("end_value");
    if length <= 0 || rate == 0.0 {
        return constant(start);
    }
    let decay =
        Spec::from(ExponentialDecaySpec::new(start, rate, length as f64).with_staircase(staircase));
    let decay = delay(begin, decay);
    match end {
        None => decay,
        Some(_) if rate < 1.0 => clamp(end, None, decay),
        Some(_) => clamp(None, end, decay),
    }
}

/// Half a cosine, to a power.
fn cosine(start: f64, end: f64, length: u64, exponent: f64) -> Spec {
    match exponent {
        1.0 => anneal(start, end, length, Shape::Cosine),
        // 0 to the power of 0 is 1.
        0.0 => constant(start),
        power => anneal(start, end, length, Shape::CosinePower { power }),
    }
}

/// `boundaries_and_scales`, whose keys are steps.
fn scales(args: &mut Args) -> BTreeMap<i64, f64> {
    let scales = args.read("boundaries_and_scales", |data| {
        let Data::Table(entries) = data else {
            let allowed = "a table of steps and scales";
            return Err(ScheduleError::invalid("", data, allowed));
        };
        let scales = entries.into_iter().map(|(boundary, scale)| {
            let Ok(step) = boundary.parse::<i64>() else {
                let given = format!("{boundary:?}");
                return Err(ScheduleError::invalid(boundary, given, "a step"));
            };
            match number(scale).map_err(|error| error.inside(&boundary))? {
                scale if scale >= 0.0 => Ok((step, scale)),
                scale => Err(ScheduleError::invalid(boundary, scale, "at least 0")),
            }
        });
        scales.collect()
    });
    scales.unwrap_or_default()
}

fn piecewise_constant(start: f64, scales: &BTreeMap<i64, f64>) -> Spec {
    let (mut values, mut boundaries) = (vec![start], vec![]);
    let mut value = start;
    for (boundary, scale) in scales {
        value *= scale;
        values.push(value);
        boundaries.push(u64::try_from(*boundary).unwrap_or(0));
    }
    piecewise(values, boundaries)
}

fn piecewise_interpolate(start: f64, scales: &BTreeMap<i64, f64>, shape: Shape) -> Spec {
    let (mut pieces, mut value, mut begin) = (Vec::new(), start, 0i64);
    for (&boundary, scale) in scales {
        let next = value * scale;
        pieces.push(anneal(value, next, boundary.abs_diff(begin), shape));
        (value, begin) = (next, boundary);
    }
    pieces.push(constant(value));
    joined(pieces, scales.keys().copied())
}

fn one_cycle(args: &mut Args, shape: Shape) -> Spec {
    let length = args.steps("transition_steps", None);
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let peak = args.number("peak_value", None);
    let div_factor = args.positive("div_factor", 25.0);
    let final_div_factor = args.positive("final_div_factor", 1e4);
    let boundary = |share: f64| (share * length as f64) as i64;
    let top = boundary(args.not_negative("pct_start", 0.3));
    // Boundaries that fall together leave the later scale alone, as in a Python dict.
    let mut scales = BTreeMap::from([(top, div_factor)]);
    match shape {
        Shape::Linear => {
            let down = boundary(args.number("pct_final", 0.85));
            scales.insert(down, 1.0 / div_factor);
            scales.insert(length, 1.0 / final_div_factor);
        }
        _ => {
            scales.insert(length, 1.0 / (div_factor * final_div_factor));
        }
    }
    piecewise_interpolate(peak / div_factor, &scales, shape)
}

/// A linear warm-up, with its peak and its steps.
fn warm_up(args: &mut Args) -> (Spec, f64, i64) {
    let start = args.number("init_value", None);
    let peak = args.number("peak_value", None);
    let steps = args.integer("warmup_steps", None);
    let ramp = match u64::try_from(steps) {
        Ok(0) | Err(_) => constant(start), // one of no steps stays where it begins
        Ok(steps) => linear(start, peak, steps),
    };
    (ramp, peak, steps)
}

/// The schedule, and how many steps it is said to take.
fn warmup_cosine(args: &mut Args) -> (Spec, u64) {
    let (ramp, peak, warmup) = warm_up(args);
    let length = args.count("decay_steps", None);
    let decay = i128::from(length) - i128::from(warmup);
    args.check(decay > 0, "decay_steps", length, "more than `warmup_steps`");
    let decay = u64::try_from(decay).unwrap_or(u64::MAX);
    let end = args.number("end_value", 0.0);
    let end = if peak == 0.0 { 0.0 } else { end };
    let exponent = args.not_negative("exponent", 1.0);
    let cosine = cosine(peak, end, decay, exponent);
    (joined(vec![ramp, cosine], [warmup]), length)
}

/// Schedules that follow each other at boundaries, as `join_schedules` has them: one that begins before the first step
/// has begun there, and a later boundary goes before an earlier one.
fn joined(schedules: Vec<Spec>, boundaries: impl IntoIterator<Item = i64>) -> Spec {
    let begins = std::iter::once(0).chain(boundaries);
    let mut parts: Vec<(u64, Spec)> = Vec::new();
    for (begin, spec) in begins.zip(schedules) {
        let step = u64::try_from(begin).unwrap_or(0);
        parts.truncate(parts.partition_point(|(earlier, _)| *earlier < step));
        parts.push((step, skip(begin.min(0).unsigned_abs(), spec)));
    }
    let ends: Vec<u64> = parts.iter().skip(1).map(|(begin, _)| *begin).collect();
    let (_, last) = parts.pop().expect("there is at least one");
    let before = parts.into_iter().zip(ends);
    let before = before.map(|((begin, spec), end)| (end - begin, spec));
    sequence(before.collect(), last)
}

/// The rule of `optax.contrib.reduce_on_plateau`.
fn reduce_on_plateau(args: &mut Args) -> RuleSpec {
    let factor = args.fraction("factor", 0.1);
    let (rtol, atol) = (args.share("rtol", 1e-4), args.not_negative("atol", 0.0));
    let either = rtol > 0.0 || atol > 0.0;
    args.check(either, "rtol", rtol, "above 0 where `atol` is 0");
    RuleSpec::ReduceOnPlateau {
        mode: Mode::Min,
        factor,
        accumulation: Some(args.steps("accumulation_size", 1)),
        patience: args.count("patience", 10),
        threshold: rtol,
        threshold_mode: ThresholdMode::Rel,
        cooldown: args.count("cooldown", 0),
        min_lr: 0.0,
        eps: 0.0,
        threshold_abs: Some(atol),
        min_scale: Some(args.share("min_scale", 0.0)),
        skip: None,
        dialect: Some(Dialect::Optax),
    }
}

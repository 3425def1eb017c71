//! MosaicML Composer, as LLM Foundry's YAML has it: `scheduler`, `optimizer` and `max_duration`.
//!
//! - The file of a job of MosaicML's platform has all of these in `parameters`.
//! - Times are epochs (`ep`), batches (`ba`), samples (`sp`), tokens (`tok`) or shares of `max_duration` (`dur`). A
//!   share is of batches, rounded down, where the run is in epochs; else of the run's own unit, rounded down. A time
//!   that isn't in batches may end within a step, and isn't rounded.
//! - The warm-up goes from 0. A decay that has one ends at `t_max` (by default the run's end), which must be in the
//!   warm-up's unit and not before the run's end; `multistep_with_warmup` counts its milestones from step 0.
//! - `exponential` has `1ep` for its `decay_period`, and its exponent isn't rounded. Each period of `cosine_restarts`
//!   is rounded down.
//! - `schedulers` multiply each other; it is a list, or a table by their names. `scale_schedule_ratio` stretches
//!   `max_duration` and all times but shares and the warm-up, of which `scale_warmup` stretches the way up, and not its end.
//! - LLM Foundry's `inv_sqrt_with_warmup` has a line down for its last `t_cooldown`.
//! - `constant` is `alpha` of the rate until `t_max`, then all of it.
//!
//! From Composer 0.32.1: `optim/scheduler.py`, `core/time.py`; and LLM Foundry 0.22.0: `optim/scheduler.py`.

use lr_schedule::curves::{ExponentialDecaySpec, InverseSqrtSpec, WarmRestartsSpec};
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Shape, Spec};

mod time;

use super::ecosystem::{Ecosystem, Facts, has_any, scaled};
use super::interpolation::resolved;
use super::ramp::ramp;
use crate::args::{Args, buildable, list, unknown_scheduler};
use crate::build::{constant, multi_step, sequence, skip, steps, then};
use time::{Clock, Time, Unit, time};

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["composer", "llm_foundry", "mosaicml"],
    recognises: |data| {
        let run = data.at("parameters").unwrap_or(data);
        run.at("max_duration").is_some() && has_any(run, "scheduler.name schedulers")
    },
    read,
};

/// The names of LLM Foundry's registry, and of Composer's classes.
const SCHEDULERS: &[(&str, &str)] = &[
    ("constant", "ConstantScheduler"),
    ("constant_with_warmup", "ConstantWithWarmupScheduler"),
    ("cosine", "CosineAnnealingScheduler"),
    ("cosine_restarts", "CosineAnnealingWarmRestartsScheduler"),
    ("cosine_with_warmup", "CosineAnnealingWithWarmupScheduler"),
    ("exponential", "ExponentialScheduler"),
    (
        "inv_sqrt_with_warmup",
        "InverseSquareRootWithWarmupScheduler",
    ),
    ("linear", "LinearScheduler"),
    ("linear_decay_with_warmup", "LinearWithWarmupScheduler"),
    ("multistep", "MultiStepScheduler"),
    ("multistep_with_warmup", "MultiStepWithWarmupScheduler"),
    ("polynomial", "PolynomialScheduler"),
    ("polynomial_with_warmup", "PolynomialWithWarmupScheduler"),
    ("step", "StepScheduler"),
];

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let data = resolved(data.at("parameters").cloned().unwrap_or(data));
    let all = &mut Args::new("", data).of_many(|_| false);
    let optimizer = &mut all.inside("optimizer").of_many(|_| false);
    let rate = optimizer.maybe_number("lr");
    let run = all.read("max_duration", |data| match data {
        Data::Integer(epochs) => time(Data::Text(format!("{epochs}ep"))),
        data => time(data),
    });
    let batch = all.maybe_count("global_train_batch_size");
    let batch = batch.or(facts.samples_per_step);
    let length = all.maybe_count("max_seq_len");
    let ratio = all.positive("scale_schedule_ratio", 1.0);
    let several = all.read("schedulers", listed);
    let args = &mut all.inside("scheduler");
    optimizer.finish(all.finish(())?)?;
    let mut run = run.ok_or_else(|| ScheduleError::missing("max_duration"))?;
    run.value = (run.value * ratio).trunc();
    if run.unit == Unit::Shares {
        let given = format!("{}dur", run.value);
        let allowed = "a time that isn't a share of itself";
        return Err(ScheduleError::invalid("max_duration", given, allowed));
    }
    let tokens = batch.and_then(|batch| batch.checked_mul(length?));
    let facts = &Facts {
        samples_per_step: batch,
        tokens_per_step: facts.tokens_per_step.or(tokens),
        ..facts.clone()
    };
    let clock = Clock { run, ratio, facts };
    let base = facts.rate(rate, "optimizer.lr")?;
    let Some(several) = several else {
        return buildable("scheduler", scheduler(args, base, &clock)?);
    };
    let several = several.into_iter().enumerate().map(|(i, data)| {
        let factor = scheduler(&mut Args::new("scheduler", data), 1.0, &clock);
        factor.map_err(|mut error| {
            if let Some(inner) = error.place.strip_prefix("scheduler") {
                error.place = format!("schedulers[{i}]{inner}");
            }
            error
        })
    });
    let several = several.collect::<Result<_, _>>()?;
    buildable("schedulers", scaled(base, several))
}

/// Schedulers of a list, or of a table by their names.
fn listed(data: Data) -> Result<Vec<Data>, ScheduleError> {
    let named = |(name, args): (String, Data)| match args {
        Data::Table(mut args) => {
            args.push(("name".to_string(), Data::Text(name)));
            Ok(Data::Table(args))
        }
        other => Err(ScheduleError::invalid(name, other, "a table of arguments")),
    };
    match data {
        Data::Table(entries) => entries.into_iter().map(named).collect(),
        data => list(data, |item| match item {
            Data::Table(mut entries) if entries.len() == 1 && entries[0].0 != "name" => {
                named(entries.remove(0))
            }
            item => Ok(item),
        }),
    }
}

/// A time among the arguments.
fn given(
    args: &mut Args,
    name: &'static str,
    default: Option<Time>,
) -> Result<Time, ScheduleError> {
    let given = args.read(name, time);
    match given.or(default) {
        Some(time) => Ok(time),
        // A time that is wrong has its own error.
        None => Err(args.finish(ScheduleError::missing(format!("scheduler.{name}")))?),
    }
}

/// A time among the arguments, in steps and with its unit.
fn at(
    args: &mut Args,
    name: &'static str,
    default: Option<Time>,
    clock: &Clock,
) -> Result<(f64, Unit), ScheduleError> {
    let time = given(args, name, default)?;
    clock.stretched(time, &format!("scheduler.{name}"))
}

fn scheduler(args: &mut Args, base: f64, clock: &Clock) -> Result<Spec, ScheduleError> {
    const WARMUP: &str = "scheduler.t_warmup";
    let name = args.text("name");
    let name = name.ok_or_else(|| ScheduleError::missing("scheduler.name"))?;
    let found = SCHEDULERS
        .iter()
        .find(|(short, class)| *short == name || *class == name);
    let Some((name, _)) = found else {
        let known: Vec<&str> = SCHEDULERS.iter().map(|(short, _)| *short).collect();
        return Err(unknown_scheduler(&name, &known).inside("scheduler.name"));
    };
    let (warms, kind) = match name.strip_suffix("_with_warmup") {
        Some(kind) => (true, kind),
        None => (false, *name),
    };
    let scales = args.flag("scale_warmup", false);
    // The warm-up's place, and how long its way up is.
    let (warmup, unit, way) = match warms {
        true => {
            let time = given(args, "t_warmup", None)?;
            let (warmup, unit) = clock.steps(time, WARMUP)?;
            let way = match scales {
                true => clock.stretched(time, WARMUP)?.0,
                false => warmup,
            };
            (warmup, unit, way)
        }
        false => (0.0, Unit::Batches, 0.0),
    };
    // The steps before a place in the run.
    let before = |place: f64| place.ceil() as u64;
    let first = before(warmup);
    let decay = |args: &mut Args, start: f64, end: f64, shape| {
        let (to, of) = at(args, "t_max", Some(Time::RUN), clock)?;
        if warms {
            let given = format!("{unit:?}");
            args.check(of == unit, "t_warmup", given, "in the unit of t_max");
            let run = clock.steps(clock.run, "max_duration")?;
            let (whole, given) = (run.1 != of || to >= run.0, format!("{to} steps"));
            args.check(whole, "t_max", given, "not before the run's end");
        }
        let rates = [base * start, base * end];
        match to > warmup {
            true => ramp([warmup, to], rates, shape, first, "scheduler.t_max"),
            // There is no way down, and it stays.
            false => Ok(constant(if warms { rates[0] } else { rates[1] })),
        }
    };
    let mut top = 1.0;
    let rest = match kind {
        "constant" if warms => {
            top = args.number("alpha", 1.0);
            decay(args, top, top, Shape::Linear)?
        }
        "constant" => {
            let alpha = args.number("alpha", 1.0);
            let until = before(at(args, "t_max", Some(Time::RUN), clock)?.0);
            then(until, constant(base * alpha), constant(base))
        }
        "linear" | "linear_decay" => {
            top = args.number("alpha_i", 1.0);
            let end = args.number("alpha_f", 0.0);
            decay(args, top, end, Shape::Linear)?
        }
        "cosine" => {
            let end = args.number("alpha_f", 0.0);
            decay(args, 1.0, end, Shape::Cosine)?
        }
        "polynomial" => {
            let power = args.positive("power", warms.then_some(2.0));
            let end = args.number("alpha_f", 0.0);
            decay(args, 1.0, end, Shape::Polynomial { power })?
        }
        "multistep" => {
            let gamma = args.not_negative("gamma", 0.1);
            let milestones = args.items("milestones", time).into_iter().map(|time| {
                let (place, _) = clock.stretched(time, "scheduler.milestones")?;
                Ok(before(place))
            });
            let milestones = milestones.collect::<Result<Vec<_>, ScheduleError>>()?;
            skip(first, multi_step(base, milestones, gamma))
        }
        "step" | "exponential" => {
            let staircase = kind == "step";
            let (period, default) = match staircase {
                true => ("step_size", None),
                false => ("decay_period", Some(Time::EPOCH)),
            };
            let rate = args.not_negative("gamma", staircase.then_some(0.1));
            let (length, _) = at(args, period, default, clock)?;
            args.check(length > 0.0, period, length, "above 0");
            Spec::from(ExponentialDecaySpec::new(base, rate, length).with_staircase(staircase))
        }
        "inv_sqrt" => inverse_sqrt(args, base, (warmup, first), clock)?,
        _ => restarts(args, base, clock)?,
    };
    let (way, rates) = ([0.0, way], [0.0, base * top]);
    let up = ramp(way, rates, Shape::Linear, 0, WARMUP)?;
    args.finish(then(first, up, rest))
}

/// LLM Foundry's inverse square root, with a line down at its end; the warm-up is so long, and of so many steps.
fn inverse_sqrt(
    args: &mut Args,
    base: f64,
    (warmup, first): (f64, u64),
    clock: &Clock,
) -> Result<Spec, ScheduleError> {
    let (scale, _) = at(args, "t_scale", None, clock)?;
    let (cooldown, _) = at(args, "t_cooldown", None, clock)?;
    let (until, _) = at(args, "t_max", Some(Time::RUN), clock)?;
    let lowest = args.share("alpha_f_decay", 0.0);
    let end = args.share("alpha_f_cooldown", 0.0);
    let allowed = "at most alpha_f_decay";
    args.check(end <= lowest, "alpha_f_cooldown", end, allowed);
    args.check(scale > 0.0, "t_scale", scale, "above 0");
    args.finish(())?;
    let begin = (until - cooldown).max(warmup);
    let factor = |place: f64| lowest + (1.0 - lowest) / ((place - warmup + scale) / scale).sqrt();
    let timescale = first as f64 - warmup + scale;
    let start = base * (1.0 - lowest) * (scale / timescale).sqrt();
    let down = Spec::from(InverseSqrtSpec::new(start, timescale));
    let down = Spec::Sum(vec![constant(base * lowest), down]);
    let last = begin.ceil() as u64;
    let cooled = match cooldown > 0.0 {
        false => constant(base * factor(begin)),
        true => {
            let way = [begin, begin + cooldown];
            let rates = [base * factor(begin), base * end];
            ramp(way, rates, Shape::Linear, last, "scheduler.t_cooldown")?
        }
    };
    Ok(then(last - first, down, cooled))
}

/// Cosines, each so many times as long as the one before, rounded down.
fn restarts(args: &mut Args, base: f64, clock: &Clock) -> Result<Spec, ScheduleError> {
    const MOST: usize = 10_000;
    let end = base * args.number("alpha_f", 0.0);
    let t_mult = args.positive("t_mult", 1.0);
    let given = given(args, "t_0", None)?;
    args.finish(())?;
    let (length, _) = clock.stretched(given, "scheduler.t_0")?;
    // Lengths are rounded in units; one of the unit, in steps.
    let counted = match given.unit {
        Unit::Shares => clock.run.unit,
        unit => unit,
    };
    let unit = match counted {
        Unit::Samples | Unit::Tokens => clock.steps(Time::one(counted), "scheduler.t_0")?.0,
        _ => 1.0,
    };
    let mut units = (length / unit).round();
    if units < 1.0 || units.is_nan() {
        let allowed = "at least 1 of its unit";
        return Err(ScheduleError::invalid("scheduler.t_0", length, allowed));
    }
    if unit == 1.0 && t_mult >= 1.0 && t_mult.fract() == 0.0 {
        return Ok(Spec::from(WarmRestartsSpec {
            max: base,
            min: end,
            t_0: steps(units as u64),
            t_mult: t_mult as u64,
        }));
    }
    // A little longer than the run.
    let until = clock.steps(clock.run, "max_duration")?.0 + length;
    let (mut parts, mut gone) = (Vec::new(), 0.0);
    while gone * unit <= until {
        let (from, to) = (gone * unit, (gone + units) * unit);
        let (first, last) = (from.ceil() as u64, to.ceil() as u64);
        let (way, rates) = ([from, to], [base, end]);
        let cosine = ramp(way, rates, Shape::Cosine, first, "scheduler.t_0")?;
        parts.push((last - first, cosine));
        gone += units;
        units = (units * t_mult).trunc();
        if units < 1.0 && gone * unit <= until {
            let allowed = "such that no period is 0";
            return Err(ScheduleError::invalid("scheduler.t_mult", t_mult, allowed));
        }
        if parts.len() > MOST {
            let allowed = "such that there are at most 10000 periods";
            return Err(ScheduleError::invalid("scheduler.t_0", length, allowed));
        }
    }
    Ok(sequence(parts, constant(end)))
}

//! MosaicML Composer, as LLM Foundry's YAML has it: `scheduler`, `optimizer` and `max_duration`.
//!
//! - Times are epochs (`ep`), batches (`ba`), samples (`sp`), tokens (`tok`) or shares of `max_duration` (`dur`). A
//!   share is of batches, rounded down, where the run is in epochs; else of the run's own unit, rounded down. A time
//!   that isn't in batches may end within a step, and isn't rounded.
//! - The warm-up goes from 0. A decay that has one ends at `t_max` (by default the run's end), which must be in the
//!   warm-up's unit and not before the run's end; `multistep_with_warmup` counts its milestones from step 0.
//! - `exponential` has `1ep` for its `decay_period`, and its exponent isn't rounded. Each period of `cosine_restarts`
//!   is rounded down.
//! - `constant` is `alpha` of the rate until `t_max`, then all of it.
//!
//! From Composer 0.32.1: `optim/scheduler.py`, `core/time.py`.

use lr_schedule::curves::ExponentialDecaySpec;
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Shape, Spec};

use super::ecosystem::{Ecosystem, Facts, has_any};
use super::ramp::Ramp;
use crate::args::{Args, buildable, list, unknown_scheduler};
use crate::build::{constant, linear, multi_step, sequence, skip, steps, then};

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["composer", "llm_foundry", "mosaicml"],
    recognises: |data| {
        data.at("max_duration").is_some() && has_any(data, "scheduler.name schedulers")
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
    ("linear", "LinearScheduler"),
    ("linear_decay_with_warmup", "LinearWithWarmupScheduler"),
    ("multistep", "MultiStepScheduler"),
    ("multistep_with_warmup", "MultiStepWithWarmupScheduler"),
    ("polynomial", "PolynomialScheduler"),
    ("polynomial_with_warmup", "PolynomialWithWarmupScheduler"),
    ("step", "StepScheduler"),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Unit {
    Epochs,
    Batches,
    Samples,
    Tokens,
    Shares,
}

#[derive(Debug, Clone, Copy)]
struct Time {
    value: f64,
    unit: Unit,
}

fn time(data: Data) -> Result<Time, ScheduleError> {
    const UNITS: [(&str, Unit); 5] = [
        ("dur", Unit::Shares),
        ("tok", Unit::Tokens),
        ("ep", Unit::Epochs),
        ("ba", Unit::Batches),
        ("sp", Unit::Samples),
    ];
    let wrong = |data| {
        let allowed = "a time, as in 10ep, 100ba, 800sp, 4096tok or 0.1dur";
        Err(ScheduleError::invalid("", data, allowed))
    };
    let Data::Text(text) = &data else {
        return wrong(data);
    };
    let text = text.trim().to_ascii_lowercase();
    let found = UNITS
        .iter()
        .find_map(|(end, unit)| Some((text.strip_suffix(end)?, *unit)));
    let read = found.and_then(|(number, unit)| {
        let value: f64 = number.trim().replace('_', "").parse().ok()?;
        let valid = (0.0..9e15).contains(&value) && (unit == Unit::Shares || value.fract() == 0.0);
        valid.then_some(Time { value, unit })
    });
    read.map_or_else(|| wrong(data), Ok)
}

/// The numbers that times depend on.
struct Clock<'a> {
    run: Time,
    samples: Option<u64>,
    tokens: Option<u64>,
    facts: &'a Facts,
}

impl Clock<'_> {
    /// A time in steps, and the unit that it is counted in.
    fn steps(&self, time: Time, place: &str) -> Result<(f64, Unit), ScheduleError> {
        let needed = |fact: Option<u64>, name| match Facts::needed(fact, name, place)? {
            0 => Err(ScheduleError::invalid(name, 0, "at least 1")),
            count => Ok(count as f64),
        };
        let epoch = || self.facts.epoch(place).map(|steps| steps as f64);
        let Time { value, unit } = match (time.unit, self.run.unit) {
            (Unit::Shares, Unit::Epochs) => Time {
                value: (time.value * epoch()? * self.run.value).trunc(),
                unit: Unit::Batches,
            },
            (Unit::Shares, unit) => Time {
                value: (time.value * self.run.value).trunc(),
                unit,
            },
            _ => time,
        };
        Ok(match unit {
            Unit::Epochs => (value * epoch()?, Unit::Batches),
            Unit::Samples => (value / needed(self.samples, "samples_per_step")?, unit),
            Unit::Tokens => (value / needed(self.tokens, "tokens_per_step")?, unit),
            Unit::Batches | Unit::Shares => (value, Unit::Batches),
        })
    }
}

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let all = &mut Args::among(data, |_| false);
    let optimizer = &mut all.inside("optimizer").of_many(|_| false);
    let rate = optimizer.maybe_number("lr");
    let run = all.read("max_duration", |data| match data {
        Data::Integer(epochs) => time(Data::Text(format!("{epochs}ep"))),
        data => time(data),
    });
    let batch = all
        .maybe_count("global_train_batch_size")
        .or(facts.samples_per_step);
    let length = all.maybe_count("max_seq_len");
    let ratio = all.positive("scale_schedule_ratio", 1.0);
    let allowed = "1: other lengths in their place";
    all.check(ratio == 1.0, "scale_schedule_ratio", ratio, allowed);
    let why = "is a list of several; one in `scheduler` is taken";
    all.refuse_given("schedulers", why);
    let args = &mut all.inside("scheduler");
    optimizer.finish(all.finish(())?)?;
    let run = run.ok_or_else(|| ScheduleError::missing("max_duration"))?;
    if run.unit == Unit::Shares {
        let (value, allowed) = (
            format!("{}dur", run.value),
            "a time that isn't a share of itself",
        );
        return Err(ScheduleError::invalid("max_duration", value, allowed));
    }
    let clock = Clock {
        run,
        samples: batch,
        tokens: facts
            .tokens_per_step
            .or_else(|| batch?.checked_mul(length?)),
        facts,
    };
    let base = facts.rate(rate, "optimizer.lr")?;
    buildable("scheduler", scheduler(args, base, &clock)?)
}

/// A time among the arguments, in steps and with its unit.
fn at(
    args: &mut Args,
    name: &'static str,
    default: Option<(f64, Unit)>,
    clock: &Clock,
) -> Result<(f64, Unit), ScheduleError> {
    let default = default.map(|(value, unit)| Time { value, unit });
    let given = args.read(name, time);
    let place = format!("scheduler.{name}");
    match given.or(default) {
        Some(time) => clock.steps(time, &place),
        // A time that is wrong has its own error.
        None => Err(args.finish(ScheduleError::missing(place))?),
    }
}

fn scheduler(args: &mut Args, base: f64, clock: &Clock) -> Result<Spec, ScheduleError> {
    const ALL: Option<(f64, Unit)> = Some((1.0, Unit::Shares));
    let name = args.text("name");
    let name = name.ok_or_else(|| ScheduleError::missing("scheduler.name"))?;
    let found = SCHEDULERS
        .iter()
        .find(|(short, class)| *short == name || *class == name);
    let Some((name, _)) = found else {
        let known: Vec<&str> = SCHEDULERS.iter().map(|(short, _)| *short).collect();
        return Err(unknown_scheduler(&name, &known).inside("scheduler.name"));
    };
    args.flag("scale_warmup", false);
    let (warms, kind) = match name.strip_suffix("_with_warmup") {
        Some(kind) => (true, kind),
        None => (false, *name),
    };
    let (warmup, unit) = match warms {
        true => at(args, "t_warmup", None, clock)?,
        false => (0.0, Unit::Batches),
    };
    // The steps before a place in the run.
    let before = |place: f64| place.ceil() as u64;
    let first = before(warmup);
    let ramp = |args: &mut Args, start: f64, end: f64, shape| {
        let (to, of) = at(args, "t_max", ALL, clock)?;
        if warms {
            let given = format!("{unit:?}");
            args.check(of == unit, "t_warmup", given, "in the unit of t_max");
            let run = clock.steps(clock.run, "max_duration")?;
            let (whole, given) = (run.1 != of || to >= run.0, format!("{to} steps"));
            args.check(whole, "t_max", given, "not before the run's end");
        }
        let ramp = Ramp {
            from: warmup,
            to,
            start: base * start,
            end: base * end,
            shape,
        };
        match to > warmup {
            true => ramp.since(first, "scheduler.t_max"),
            // There is no way down, and it stays.
            false => Ok(constant(if warms { base * start } else { base * end })),
        }
    };
    let mut top = 1.0;
    let rest = match kind {
        "constant" if warms => {
            top = args.number("alpha", 1.0);
            ramp(args, top, top, Shape::Linear)?
        }
        "constant" => {
            let alpha = args.number("alpha", 1.0);
            let until = before(at(args, "t_max", ALL, clock)?.0);
            then(until, constant(base * alpha), constant(base))
        }
        "linear" | "linear_decay" => {
            top = args.number("alpha_i", 1.0);
            let end = args.number("alpha_f", 0.0);
            ramp(args, top, end, Shape::Linear)?
        }
        "cosine" => {
            let end = args.number("alpha_f", 0.0);
            ramp(args, 1.0, end, Shape::Cosine)?
        }
        "polynomial" => {
            let power = match warms {
                true => args.positive("power", 2.0),
                false => args.positive("power", None),
            };
            let end = args.number("alpha_f", 0.0);
            ramp(args, 1.0, end, Shape::Polynomial { power })?
        }
        "multistep" => {
            let gamma = args.not_negative("gamma", 0.1);
            let milestones = args.read("milestones", |data| list(data, time));
            let milestones = milestones.unwrap_or_default().into_iter().map(|time| {
                let (place, _) = clock.steps(time, "scheduler.milestones")?;
                Ok(before(place))
            });
            let milestones = milestones.collect::<Result<Vec<_>, ScheduleError>>()?;
            skip(first, multi_step(base, milestones, gamma))
        }
        "step" | "exponential" => {
            let (period, default, staircase) = match kind {
                "step" => ("step_size", None, true),
                _ => ("decay_period", Some((1.0, Unit::Epochs)), false),
            };
            let gamma = if staircase { Some(0.1) } else { None };
            let rate = args.not_negative("gamma", gamma);
            let (length, _) = at(args, period, default, clock)?;
            args.check(length > 0.0, period, length, "above 0");
            Spec::from(ExponentialDecaySpec::new(base, rate, length, staircase))
        }
        _ => restarts(args, base, clock)?,
    };
    let up = match first {
        0 => constant(base),
        first => linear(0.0, base * top * (first as f64 / warmup), first),
    };
    args.finish(then(first, up, rest))
}

/// Cosines, each so many times as long as the one before, rounded down.
fn restarts(args: &mut Args, base: f64, clock: &Clock) -> Result<Spec, ScheduleError> {
    const MOST: usize = 10_000;
    let end = base * args.number("alpha_f", 0.0);
    let t_mult = args.positive("t_mult", 1.0);
    let given = args.read("t_0", time);
    args.finish(())?;
    let given = given.ok_or_else(|| ScheduleError::missing("scheduler.t_0"))?;
    let (length, _) = clock.steps(given, "scheduler.t_0")?;
    // A unit in steps: lengths are rounded in units.
    let unit = match given.unit {
        Unit::Samples | Unit::Tokens => length / given.value,
        Unit::Shares if clock.run.unit != Unit::Epochs => {
            let one = Time {
                value: 1.0,
                ..clock.run
            };
            clock.steps(one, "scheduler.t_0")?.0
        }
        _ => 1.0,
    };
    let mut units = (length / unit).round();
    if units < 1.0 || units.is_nan() {
        let allowed = "at least 1 of its unit";
        return Err(ScheduleError::invalid("scheduler.t_0", length, allowed));
    }
    if unit == 1.0 && t_mult >= 1.0 && t_mult.fract() == 0.0 {
        return Ok(Spec::WarmRestarts {
            max: base,
            min: end,
            t_0: steps(units as u64),
            t_mult: t_mult as u64,
        });
    }
    // A little longer than the run.
    let until = clock.steps(clock.run, "max_duration")?.0 + length;
    let (mut parts, mut gone) = (Vec::new(), 0.0);
    while gone * unit <= until {
        let (from, to) = (gone * unit, (gone + units) * unit);
        let cosine = Ramp {
            from,
            to,
            start: base,
            end,
            shape: Shape::Cosine,
        };
        let (first, last) = (from.ceil() as u64, to.ceil() as u64);
        parts.push((last - first, cosine.since(first, "scheduler.t_0")?));
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

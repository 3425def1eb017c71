//! fairseq: `lr_scheduler` of a Hydra YAML (beside `optimization`), or all in one table, as its command line is.
//!
//! - An update has the rate of the number of updates before it, from 0 on: step 0 has `warmup_init_lr`, by default
//!   0, or of `cosine` and `step` their `min_lr`. `polynomial_decay` warms up from 0, `fixed` from `1 / warmup_updates`.
//! - `polynomial_decay` counts `total_num_update` with its warm-up, and it is `max_update` by default.
//! - `fixed` has a rate for each epoch, and from epoch `force_anneal` on (counted from 1) each is `lr_shrink` of the
//!   one before, the first one too.
//! - With `cosine` both limits shrink by `lr_shrink` with each period, of which one is by default the run without its
//!   warm-up. With a `t_mult` the period is found by a quotient of logarithms, rounded down, which may fall one
//!   short where one begins.
//! - `cosine` of versions up to 0.9 goes from `max_lr` to `lr`. Lists may be texts, `0.25,0.1` or `(0.1, 0.4, 0.5)`.
//! - A composite optimizer with the scheduler `pass_through` has schedulers and rates for its groups.
//! - Without `lr` it is 0.25.
//! - `phase_ratio` of `tri_stage` are shares of `max_update`, rounded down. The decay is exponential.
//! - `lr_deacy_period` of `step` is spelled in this way. Half a period of `triangular` is rounded down.
//!
//! From fairseq at 3d262bb: `optim/lr_scheduler/`.

use lr_schedule::curves::{
    CyclicConfig, ExponentialSpec, InverseSqrtSpec, StepSpec, TriStageConfig,
};
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

use super::ecosystem::{Ecosystem, Facts, begins_in, has_any};
use super::interpolation::resolved;
use super::ramp::restarts;
use crate::args::{
    Args, buildable, list, list_of_text, number, one_or_list, table, unknown_scheduler,
    with_numbers,
};
use crate::build::{
    clamp, constant, feedback, linear, multi_step, per_epoch, piecewise, polynomial, skip, steps,
    then,
};
use crate::torch::rule::reduce_lr_on_plateau;

const SCHEDULERS: &[&str] = &[
    "cosine",
    "fixed",
    "inverse_sqrt",
    "manual",
    "pass_through",
    "polynomial_decay",
    "reduce_lr_on_plateau",
    "step",
    "tri_stage",
    "triangular",
];

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["fairseq"],
    recognises: |data| {
        let flat = "optimization.max_update max_update warmup_updates update_freq arch";
        match (data.at("lr_scheduler._name"), data.at("lr_scheduler")) {
            (Some(_), _) => true,
            (None, Some(Data::Text(name))) => {
                SCHEDULERS.contains(&name.as_str()) && has_any(data, flat)
            }
            _ => false,
        }
    },
    read,
};

/// The numbers of a run that schedulers take from beside them.
struct Run<'a> {
    rates: Vec<f64>,
    max_update: Option<u64>,
    facts: &'a Facts,
}

impl Run<'_> {
    /// The one rate of a scheduler that takes no more.
    fn rate(&self) -> Result<f64, ScheduleError> {
        match &self.rates[..] {
            [rate] => Ok(*rate),
            rates => {
                let count = format!("{} rates", rates.len());
                let allowed = "one; `fixed` takes more";
                Err(ScheduleError::invalid("optimization.lr", count, allowed))
            }
        }
    }

    fn updates(&self) -> Result<u64, ScheduleError> {
        match self.max_update {
            Some(updates @ 1..) => Ok(updates),
            _ => self.facts.steps("optimization.max_update"),
        }
    }
}

/// The scheduler and the rate of one group of a composite optimizer, in place of those of all.
fn of_group(data: Data, facts: &Facts) -> Result<Data, ScheduleError> {
    const PLACE: &str = "optimizer.groups";
    let name = data.at("lr_scheduler._name").or(data.at("lr_scheduler"));
    let passes = name == Some(&Data::Text("pass_through".to_string()));
    let Some(Data::Table(groups)) = data.at(PLACE).filter(|_| passes) else {
        return Ok(data);
    };
    let group = match (facts.group.as_deref(), groups.as_slice()) {
        (None, [only]) => Some(only),
        (asked, groups) => {
            let asked = asked.unwrap_or("default");
            groups.iter().find(|(name, _)| name == asked)
        }
    };
    let (name, group) = Facts::needed(group, "group", PLACE)?;
    let Some(Data::Table(scheduler)) = group.at("lr_scheduler") else {
        let place = format!("{PLACE}.{name}.lr_scheduler");
        return Err(ScheduleError::missing(place));
    };
    let mut scheduler = scheduler.clone();
    if let Some(rate) = group.at("lr_float").or(group.at("lr")) {
        scheduler.retain(|(name, _)| name != "lr");
        scheduler.push(("lr".to_string(), rate.clone()));
    }
    let Data::Table(mut entries) = data else {
        return Ok(data);
    };
    entries.retain(|(name, _)| name != "lr_scheduler");
    entries.push(("lr_scheduler".to_string(), Data::Table(scheduler)));
    Ok(Data::Table(entries))
}

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let data = of_group(with_numbers(resolved(data)), facts)?;
    let nested = matches!(data.at("lr_scheduler"), Some(Data::Table(_)));
    let all = &mut Args::new("", data).of_many(|name| begins_in(name, "warmup_ lr_"));
    let mut optimization = all.inside("optimization").of_many(|_| false);
    let mut inner = match nested {
        true => all.inside("lr_scheduler"),
        false => Args::new("", Data::Table(Vec::new())),
    };
    let name = match nested {
        true => inner.text("_name"),
        false => all.text("lr_scheduler"),
    };
    // Each may stand in any of the three.
    let (mut rates, mut max_update) = (vec![facts.base_lr.unwrap_or(0.25)], None);
    for place in [&mut optimization, &mut inner, &mut *all] {
        let given = place.read("lr", |data| one_or_list(list_of_text(data), number));
        rates = given.filter(|given| !given.is_empty()).unwrap_or(rates);
        max_update = place.maybe_count("max_update").or(max_update);
    }
    let run = Run {
        rates,
        max_update,
        facts,
    };
    let name = name.ok_or_else(|| ScheduleError::missing("lr_scheduler"))?;
    let args = if nested { &mut inner } else { &mut *all };
    let spec = scheduler(&name, args, &run)?;
    let spec = args.finish(spec)?;
    buildable("lr_scheduler", optimization.finish(all.finish(spec)?)?)
}

fn scheduler(name: &str, args: &mut Args, run: &Run) -> Result<Spec, ScheduleError> {
    Ok(match name {
        "fixed" => fixed(args, run)?,
        "inverse_sqrt" => {
            let rate = run.rate()?;
            let warmup = args.steps("warmup_updates", 4000);
            let down = Spec::from(InverseSqrtSpec::new(rate, warmup as f64));
            then(warmup, way_up(args, 0.0, rate, warmup), down)
        }
        "polynomial_decay" => {
            let rate = run.rate()?;
            let warmup = args.count("warmup_updates", 0);
            let total = match args.maybe_count("total_num_update") {
                Some(total) => total,
                None => run.updates()?,
            };
            let end = args.number("end_learning_rate", 0.0);
            let power = args.positive("power", 1.0);
            args.maybe_count("force_anneal"); // of its rates, of which there is one
            let down = polynomial(rate, end, total.saturating_sub(warmup), power);
            // The last step of a warm-up that leaves nothing still has the rate.
            let more = u64::from(total <= warmup && warmup > 0);
            then(warmup + more, linear(0.0, rate, warmup), down)
        }
        "cosine" => cosine(args, run)?,
        "tri_stage" => {
            let peak = run.rate()?;
            let mut phases =
                ["warmup_steps", "hold_steps", "decay_steps"].map(|name| args.count(name, 0));
            let ratio = args.read("phase_ratio", |data| list(list_of_text(data), number));
            let ratio = ratio.unwrap_or_default();
            if !ratio.is_empty() {
                let sum: f64 = ratio.iter().sum();
                let valid = ratio.len() == 3 && (sum - 1.0).abs() < 1e-9;
                let allowed = "three shares that add up to 1";
                args.check(valid, "phase_ratio", format!("{ratio:?}"), allowed);
                let total = run.updates()? as f64;
                for (phase, ratio) in phases.iter_mut().zip(ratio) {
                    *phase = (total * ratio) as u64;
                }
            }
            let [warmup, hold, decay] = phases;
            args.check(decay > 0, "decay_steps", decay, "at least 1");
            let stages = Spec::from(TriStageConfig {
                peak,
                warmup: steps(warmup.max(1)),
                hold: steps(hold),
                decay: steps(decay),
                init_scale: args.not_negative("init_lr_scale", 0.01),
                final_scale: args.positive("final_lr_scale", 0.01),
            });
            // Without a warm-up it begins after one.
            if warmup == 0 { skip(1, stages) } else { stages }
        }
        "step" => {
            let rate = run.rate()?;
            let min = args.not_negative("min_lr", 0.0);
            let warmup = args.count("warmup_updates", 0);
            let up = way_up(args, min, rate, warmup);
            let period = args.steps("lr_deacy_period", 25_000);
            let down = Spec::from(StepSpec::new(rate, period, args.share("lr_decay", 0.5)));
            then(warmup, up, clamp(Some(min), None, down))
        }
        "triangular" => {
            let (min, max) = (run.rate()?, args.number("max_lr", None));
            args.check(max > min, "max_lr", max, "above `lr`");
            let half = args.steps("lr_period_updates", 5000) / 2;
            args.check(half > 0, "lr_period_updates", half * 2, "at least 2");
            let wave = |base, max| Spec::from(CyclicConfig::new(base, max, half));
            let shrink = args.not_negative("lr_shrink", 0.1);
            let shrunk = Spec::from(StepSpec::new(1.0, half.saturating_mul(2), shrink));
            match args.flag("shrink_min", false) {
                true => Spec::Product(vec![shrunk, wave(min, max)]),
                false => {
                    let upper = Spec::Product(vec![shrunk, wave(0.0, max)]);
                    Spec::Sum(vec![upper, wave(min, 0.0)])
                }
            }
        }
        "reduce_lr_on_plateau" => {
            let rate = run.rate()?;
            let warmup = args.count("warmup_updates", 0);
            if warmup > 0 {
                let why = "before a rule that observes a metric has no form here";
                args.refuse("warmup_updates", why);
            }
            args.maybe_number("warmup_init_lr");
            let max = args.read("maximize_best_checkpoint_metric", Ok);
            let mode = match max == Some(Data::Bool(true)) {
                true => "max",
                false => "min",
            };
            let patience = args.count("lr_patience", 0);
            let mut given = vec![
                ("mode", Data::Text(mode.to_string())),
                ("patience", Data::Integer(patience.into())),
            ];
            for (ours, theirs) in [("lr_shrink", "factor"), ("lr_threshold", "threshold")] {
                given.extend(args.read(ours, Ok).map(|data| (theirs, data)));
            }
            args.rest(); // of other schedulers
            let rule = reduce_lr_on_plateau("lr_scheduler", table(given))?;
            feedback(rule, constant(rate))
        }
        "manual" | "pass_through" => {
            let why = format!("is {name:?}, whose rates aren't the scheduler's own");
            return Err(ScheduleError::unsupported("lr_scheduler", why));
        }
        name => return Err(unknown_scheduler(name, SCHEDULERS).inside("lr_scheduler")),
    })
}

/// A rate for each epoch, under a warm-up by updates.
fn fixed(args: &mut Args, run: &Run) -> Result<Spec, ScheduleError> {
    let warmup = args.count("warmup_updates", 0);
    let anneal = args.maybe_count("force_anneal");
    let shrink = args.not_negative("lr_shrink", 0.1);
    args.maybe_number("warmup_init_lr"); // some configs have it, and `fixed` doesn't use it
    let rates = match (&run.rates[..], anneal) {
        ([rate], None) => constant(*rate),
        (rates, _) => {
            let listed = piecewise(rates.to_vec(), 1..rates.len() as u64);
            let last = rates.last().copied().unwrap_or_default();
            let of = match anneal {
                None => listed,
                Some(epoch) => {
                    let first = last * shrink.powi(2 - epoch.min(1) as i32);
                    let shrunk = Spec::from(ExponentialSpec::new(first, shrink));
                    then(epoch.saturating_sub(1), listed, shrunk)
                }
            };
            per_epoch(run.facts.epoch("optimization.lr")?, of)
        }
    };
    if warmup == 0 {
        return Ok(rates);
    }
    let factor = then(warmup, skip(1, linear(0.0, 1.0, warmup)), constant(1.0));
    Ok(Spec::Product(vec![factor, rates]))
}

/// The way up of a warm-up, from `low` where nothing else is given.
fn way_up(args: &mut Args, low: f64, rate: f64, warmup: u64) -> Spec {
    let start = args.maybe_number("warmup_init_lr");
    let start = start.filter(|start| *start >= 0.0).unwrap_or(low);
    linear(start, rate, warmup)
}

fn cosine(args: &mut Args, run: &Run) -> Result<Spec, ScheduleError> {
    const MOST: usize = 10_000;
    let (rate, min) = (run.rate()?, args.not_negative("min_lr", 0.0));
    // Up to 0.9, `lr` is the lowest where there is a `max_lr`.
    let (min, max) = match args.maybe_number("max_lr") {
        Some(max) => (rate.min(max), max),
        None => (min.min(rate), rate),
    };
    let warmup = args.count("warmup_updates", 0);
    let up = way_up(args, min, max, warmup);
    let t_mult = args.positive("t_mult", 1.0);
    let shrink = args.not_negative("lr_shrink", 0.1);
    let given = args.number("lr_period_updates", -1.0);
    let period = match given > 0.0 {
        true => given,
        false => run.updates()?.saturating_sub(warmup).max(1) as f64,
    };
    let whole = period.fract() == 0.0;
    args.check(whole, "lr_period_updates", period, "a whole number");
    let period = period as u64;
    let cycles = restarts([max, min], period, t_mult);
    let shrunk = match t_mult == 1.0 {
        true => Spec::from(StepSpec::new(1.0, period, shrink)),
        false => {
            let cycle = |n: f64| (1.0 - n / period as f64 * (1.0 - t_mult)).ln() / t_mult.ln();
            let begin = |i: i32| period as f64 * (1.0 - t_mult.powi(i)) / (1.0 - t_mult);
            let begins = (1..=MOST as i32).map_while(|i| {
                let begin = begin(i).round();
                let mut at = [begin - 1.0, begin, begin + 1.0, begin + 2.0].into_iter();
                let first = at.find(|n| *n > 0.0 && cycle(*n).floor() >= f64::from(i));
                first.filter(|n| *n < 9e15)
            });
            multi_step(1.0, begins.map(|n| n as u64), shrink)
        }
    };
    Ok(then(warmup, up, Spec::Product(vec![shrunk, cycles])))
}

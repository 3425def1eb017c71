//! DeepSpeed: `scheduler` of its JSON, over the rate of `optimizer`.
//!
//! - A scheduler counts from -1: at step `k` it is at `k - 1`. `WarmupLR`, `WarmupDecayLR` and `WarmupCosineLR` give
//!   that count, so that steps 0 and 1 have the same rate; at step 0 `WarmupCosineLR` has 0. `OneCycle` and
//!   `LRRangeTest` add the 1 again.
//! - `warmup_type` is `log` by default, `ln(1 + n) / ln(warmup_num_steps)`; there are at least 2 steps of warm-up.
//! - Without `warmup_max_lr`, `WarmupLR` goes to the optimizer's rate, and `WarmupDecayLR` to 0.001.
//! - The cosine of `WarmupCosineLR` counts one step more than its warm-up, so that the full rate is never there.
//! - After the cycle `OneCycle` divides `cycle_min_lr` by `1 + decay_lr_rate · n / decay_step_size`, from the step
//!   after the cycle's end on.
//! - `auto`, which transformers' `Trainer` fills in, is 0 for the lowest rate, and for the others the rate and the steps of the
//!   run. (`integrations/deepspeed.py` of transformers 5.24)
//! - Without a `scheduler` the rate is the optimizer's, by default 0.001.
//!
//! From DeepSpeed 0.19.8: `runtime/lr_schedules.py`.

use lr_schedule::curves::InverseTimeConfig;
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Shape, Spec};

use super::ecosystem::{Ecosystem, Facts, has_any};
use crate::args::{Args, buildable, unknown_scheduler};
use crate::build::{
    anneal, constant, delay, linear, per_epoch, piecewise, sequence, skip, then, warmed_up,
};
use crate::values::number_of_group;

const SCHEDULERS: &[&str] = &[
    "LRRangeTest",
    "OneCycle",
    "WarmupCosineLR",
    "WarmupDecayLR",
    "WarmupLR",
];

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["deepspeed"],
    recognises: |data| {
        let own = "train_batch_size train_micro_batch_size_per_gpu zero_optimization \
                   zero_allow_untested_optimizer";
        let typed = |name: &str| matches!(data.at(name), Some(Data::Text(_)));
        let known = matches!(data.at("scheduler.type"), Some(Data::Text(name)) if SCHEDULERS.contains(&name.as_str()));
        known || has_any(data, own) && typed("optimizer.type")
    },
    read,
};

fn is_auto(data: &Data) -> bool {
    *data == Data::Text("auto".to_string())
}

/// The arguments of a scheduler, in which the `auto` of transformers' `Trainer` is what it stands for.
fn filled(params: Data, facts: &Facts) -> Result<Data, ScheduleError> {
    let Data::Table(mut entries) = params else {
        return Ok(params);
    };
    for (name, value) in entries.iter_mut().filter(|(_, value)| is_auto(value)) {
        *value = match name.as_str() {
            "warmup_min_lr" => Data::Integer(0),
            "warmup_max_lr" => Data::Number(facts.rate(None, name)?),
            "total_num_steps" => Data::Integer(facts.steps(name)?.into()),
            "warmup_num_steps" => {
                let why = "is what the Trainer's own warm-up comes to, which the file doesn't say";
                return Err(ScheduleError::unsupported(name.as_str(), why));
            }
            _ => continue,
        };
    }
    Ok(Data::Table(entries))
}

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let all = &mut Args::new("", data).of_many(|_| false);
    let optimizer = &mut all.inside("optimizer").of_many(|_| false);
    let params = &mut optimizer.inside("params").of_many(|_| false);
    let rate = params.read("lr", |data| match is_auto(&data) {
        true => Ok(None),
        false => number_of_group(data).map(Some),
    });
    let rate = rate.flatten();
    let given = all.read("scheduler", Ok);
    params.finish(optimizer.finish(all.finish(())?)?)?;
    const PLACE: &str = "scheduler.params";
    let Some(given) = given else {
        return Ok(constant(rate.or(facts.base_lr).unwrap_or(1e-3)));
    };
    let scheduler = &mut Args::new("scheduler", given);
    let name = scheduler.text("type");
    let params = scheduler.read("params", |params| filled(params, facts));
    let params = params.unwrap_or(Data::Table(Vec::new()));
    let args = &mut scheduler.within("params", params);
    scheduler.finish(())?;
    let name = name.ok_or_else(|| ScheduleError::missing("scheduler.type"))?;
    let last = args.integer("last_batch_iteration", -1);
    args.check(last == -1, "last_batch_iteration", last, "-1, a beginning");
    let base = || facts.rate(rate, "scheduler");
    let spec = match name.as_str() {
        "WarmupLR" => {
            let (_, before) = warm_up(args);
            let min = args.number("warmup_min_lr", 0.0);
            let max = args.maybe_number("warmup_max_lr");
            args.finish(())?;
            let max = max.map_or_else(base, Ok)?;
            delay(1, before(min, max, constant(max)))
        }
        "WarmupDecayLR" => {
            let (warmup, before) = warm_up(args);
            let total = args.count("total_num_steps", None);
            let min = args.number("warmup_min_lr", 0.0);
            let max = args.number("warmup_max_lr", 0.001);
            let decay = linear(max, min, total.saturating_sub(warmup));
            delay(1, before(min, max, decay))
        }
        "WarmupCosineLR" => {
            let (warmup, before) = warm_up(args);
            let total = args.count("total_num_steps", None);
            let min = args.number("warmup_min_ratio", 0.0);
            let end = args.number("cos_min_ratio", 1e-4);
            args.finish(())?;
            let base = base()?;
            let length = total.saturating_sub(warmup).max(1);
            let cosine = skip(1, anneal(base, base * end, length, Shape::Cosine));
            then(1, constant(0.0), before(base * min, base, cosine))
        }
        "OneCycle" => one_cycle(args),
        "LRRangeTest" => {
            let min = args.number("lr_range_test_min_lr", 1e-3);
            let size = args.steps("lr_range_test_step_size", 2000);
            let rate = args.number("lr_range_test_step_rate", 1.0);
            // It has no end of its own.
            let length = facts.total_steps.unwrap_or(1 << 32).max(1);
            let grown = |intervals: f64| min * (1.0 + rate * intervals);
            match args.flag("lr_range_test_staircase", false) {
                false => linear(min, grown(length as f64 / size as f64), length),
                true => {
                    let stairs = length.div_ceil(size);
                    per_epoch(size, linear(min, grown(stairs as f64), stairs))
                }
            }
        }
        name => return Err(unknown_scheduler(name, SCHEDULERS).inside("scheduler.type")),
    };
    buildable(PLACE, args.finish(spec)?)
}

/// The steps of a warm-up, and the warm-up from one rate to another before a schedule.
fn warm_up(args: &mut Args) -> (u64, impl Fn(f64, f64, Spec) -> Spec + use<>) {
    let shapes = [("log", Shape::Log), ("linear", Shape::Linear)];
    let steps = args.steps("warmup_num_steps", 1000).max(2);
    let shape = args.choice("warmup_type", Shape::Log, &shapes);
    let before = move |start, end, rest| {
        let up = warmed_up(steps, start, shape, constant(end));
        then(steps, up, rest)
    };
    (steps, before)
}

fn one_cycle(args: &mut Args) -> Spec {
    let min = args.number("cycle_min_lr", None);
    let max = args.number("cycle_max_lr", None);
    let first = args.steps("cycle_first_step_size", 2000);
    let second = args.count("cycle_second_step_size", first);
    const MOST: u64 = 10_000;
    let mut stairs = |name, default| {
        let count = args.count(name, default);
        args.check(count <= MOST, name, count, "at most 10000");
        count.min(MOST)
    };
    let up_stairs = stairs("cycle_first_stair_count", 0);
    let down_stairs = stairs("cycle_second_stair_count", up_stairs);
    let decay_rate = args.not_negative("decay_lr_rate", 0.0);
    let decay_steps = args.not_negative("decay_step_size", 0.0);
    for momentum in ["cycle_min_mom", "cycle_max_mom", "decay_mom_rate"] {
        args.maybe_number(momentum);
    }
    args.flag("cycle_momentum", true);

    let up = match up_stairs {
        0 => linear(min, max, first),
        count => staircase(min, max, first, count, 0),
    };
    let down = match down_stairs {
        0 => linear(max, min, second),
        // Down, a stair is at its own height for no longer than the step that reaches it.
        count => staircase(max, min, second, count, 1),
    };
    let after = match decay_rate > 0.0 && decay_steps > 0.0 {
        false => constant(min),
        true => Spec::from(InverseTimeConfig::new(min, decay_rate, decay_steps)),
    };
    sequence(vec![(first, up), (second, down)], after)
}

/// A ramp in so many stairs, each `late` steps after the step at which a line would reach it.
fn staircase(start: f64, end: f64, of: u64, count: u64, late: u64) -> Spec {
    let share = |stair: u64| stair as f64 / count as f64;
    let at = |stair: u64| u128::from(of) * u128::from(stair);
    let boundaries = (1..=count).map(|stair| match late {
        0 => at(stair).div_ceil(count.into()) as u64,
        _ => (at(stair - 1) / u128::from(count)) as u64 + late,
    });
    let values = (0..=count).map(|stair| start + (end - start) * share(stair));
    piecewise(values, boundaries)
}

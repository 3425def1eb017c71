//! axolotl: its YAML, which becomes transformers' `TrainingArguments`.
//!
//! - `warmup_ratio` is rounded down, where transformers rounds up; without it and without `warmup_steps` the
//!   warm-up is 0.03 of the run, at most 100 steps. One step of warm-up becomes two.
//!   (`core/builders/base.py`, `_configure_warmup_and_logging`)
//! - `max_steps` goes before `ceil(samples · num_epochs / samples of a step)`. With `sample_packing` only axolotl knows the
//!   steps, and they are asked for. (`utils/trainer.py`, `calculate_total_num_steps`)
//! - `lr_scheduler` is one of transformers' names, `cosine` where there is none; `one_cycle`: PyTorch's, over the
//!   run, up for as long as the warm-up; or `rex`, a step ahead, to `cosine_min_lr_ratio` of the rate. With
//!   `cosine`, `cosine_min_lr_ratio` is the share of the rate at its end, `cosine_constant_lr_ratio` the share of
//!   the run (rounded down) at which it is there already, and `lr_quadratic_warmup` the square of a straight
//!   warm-up. `jagged_restart_steps` restart any of these, a step ahead too. (`core/trainers/mixins/scheduler.py`,
//!   `utils/schedulers.py`)

use lr_schedule::curves::CosineAnnealingSpec;
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Shape, Spec};

use super::ecosystem::{Ecosystem, Facts, begins_in, has_any};
use super::hf::{kwargs, scheduler};
use crate::args::{Args, buildable, count, number, with_numbers};
use crate::build::{anneal, constant, linear, sequence, skip, steps, then, warmed_up};
use crate::torch;

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["axolotl"],
    recognises: |data| {
        data.at("base_model").is_some()
            && has_any(
                data,
                "learning_rate lr_scheduler micro_batch_size num_epochs",
            )
    },
    read,
};

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let data = with_numbers(data);
    let own = |name: &str| {
        let own = "lr_scheduler lr_quadratic warmup_ cosine_ jagged_restart_";
        begins_in(name, own)
    };
    let args = &mut Args::new("", data).of_many(own);
    let rate = args.maybe_number("learning_rate");
    let name = args.text("lr_scheduler");
    let name = name.as_deref().unwrap_or("cosine");
    let given = args.read("lr_scheduler_kwargs", kwargs);
    let warmup = args.maybe_number("warmup_steps");
    let ratio = args.read("warmup_ratio", number);
    let epochs = args.positive("num_epochs", 1.0);
    let batch = args.positive("micro_batch_size", facts.batch_size.unwrap_or(1) as f64);
    let accumulation = facts.accumulation.unwrap_or(1) as f64;
    let accumulation = args.positive("gradient_accumulation_steps", accumulation);
    let step = batch * accumulation * facts.processes.unwrap_or(1).max(1) as f64;
    let packed = args.flag("sample_packing", false);
    let max_steps = args.maybe_count("max_steps").filter(|steps| *steps > 0);
    let min = args.share("cosine_min_lr_ratio", 0.0);
    let until = args.share("cosine_constant_lr_ratio", 0.0);
    let quadratic = args.flag("lr_quadratic_warmup", false);
    let every = count_or(args, "jagged_restart_steps", 0);
    let up = count_or(args, "jagged_restart_warmup_steps", 10);
    let down = count_or(args, "jagged_restart_anneal_steps", 1);
    for (value, name) in [(warmup, "warmup_steps"), (ratio, "warmup_ratio")] {
        let value = value.unwrap_or(0.0);
        args.check(value >= 0.0, name, value, "at least 0");
    }
    args.finish(())?;
    let base = facts.rate(rate, "learning_rate")?;
    let counts = !packed && facts.total_steps.is_none();
    let counted = match facts.samples.filter(|_| counts) {
        Some(samples) => Ok((samples as f64 * epochs / step).ceil() as u64),
        None => facts.steps("num_epochs"),
    };
    let (total, counted) = match (max_steps, counted) {
        (Some(steps), counted) => (steps, counted.map_or(steps, |counted| counted.min(steps))),
        (None, counted) => counted.map(|counted| (counted, counted))?,
    };
    // One step, as axolotl sees it before transformers makes steps of a share.
    let two = |steps: f64| if steps == 1.0 { 2.0 } else { steps };
    let warmup = match (warmup, ratio) {
        (Some(share), _) if share < 1.0 => (share * total as f64).ceil(),
        (Some(steps), _) => two(steps).trunc(),
        (None, Some(ratio)) => two((ratio * counted as f64).trunc()),
        (None, None) => two((0.03 * counted as f64).trunc().min(100.0)),
    };
    let warmup = warmup as u64;
    // Past the end of the run it would climb again.
    let length = total.saturating_sub(warmup).max(1);
    let cosine = |min| Spec::from(CosineAnnealingSpec::new(base, min, length));
    let warm_up = |rest: Spec| then(warmup, linear(0.0, base, warmup), rest);
    let spec = match name {
        "one_cycle" => {
            let mut args = given.unwrap_or_default();
            let share = warmup as f64 / total.max(1) as f64;
            let defaults = [
                ("max_lr", Data::Number(base)),
                ("total_steps", Data::Integer(total.into())),
                ("pct_start", Data::Number(share)),
            ];
            for (name, value) in defaults {
                if !args.iter().any(|(given, _)| given == name) {
                    args.push((name.to_string(), value));
                }
            }
            torch::named("OneCycleLR", Data::Table(args), base)?
        }
        "rex" => {
            let (end, shape) = (base * min, Shape::Reflected { beta: 0.9 });
            let down = match total.saturating_sub(warmup) {
                0 => then(1, constant(base), constant(end)),
                length => anneal(base, end, length, shape),
            };
            skip(1, warm_up(down))
        }
        "cosine" if quadratic => {
            warmed_up(warmup, 0.0, Shape::Polynomial { power: 2.0 }, cosine(0.0))
        }
        "cosine" if min > 0.0 && until > 0.0 => {
            let end = (total as f64 * until) as u64;
            let end = match end.checked_sub(warmup) {
                Some(length @ 1..) => anneal(base, base * min, length, Shape::Cosine),
                // The cosine is then held where it is whole steps before its beginning.
                _ if (warmup - end).is_multiple_of(2) => constant(base),
                _ => constant(base * min),
            };
            warm_up(end)
        }
        "cosine" if min > 0.0 => warm_up(cosine(base * min)),
        name => scheduler(name, "lr_scheduler", given, [warmup, total], base)?,
    };
    match (every, &spec) {
        (0, _) => buildable("lr_scheduler", spec),
        (_, Spec::Feedback { .. }) => {
            let why = "can't be before a rule that observes a metric";
            Err(ScheduleError::unsupported("jagged_restart_steps", why))
        }
        _ => {
            let factor = jagged([every, up, down], if min > 0.0 { min } else { 1e-3 });
            // `rex` is a step ahead of its own count.
            let factor = skip(u64::from(name == "rex"), factor);
            let spec = skip(1, Spec::Product(vec![spec, factor]));
            buildable("jagged_restart_steps", spec)
        }
    }
}

/// A count, for which 0 and `false` stand for its default.
fn count_or(args: &mut Args, name: &'static str, default: u64) -> u64 {
    let read = args.read(name, |data| match data {
        Data::Bool(false) => Ok(0),
        data => count(data),
    });
    read.filter(|count| *count > 0).unwrap_or(default)
}

/// The factor of restarts every so many steps: down to the lowest for some steps before each, and up for some after it.
fn jagged([every, up, down]: [u64; 3], lowest: f64) -> Spec {
    let full = every.saturating_sub(down);
    let up_steps = up.min(every);
    let begin = up_steps.max(full);
    let late = begin.saturating_add(down).saturating_sub(every);
    let before = vec![
        (up_steps, linear(lowest, 1.0, up)),
        (full.saturating_sub(up_steps), constant(1.0)),
    ];
    let again = Spec::Repeat {
        every: steps(every),
        of: Box::new(sequence(before, skip(late, linear(1.0, lowest, down)))),
    };
    then(full, constant(1.0), skip(full, again))
}

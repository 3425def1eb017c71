//! Megatron-LM: the arguments of its command, or the same names in a YAML or JSON.
//!
//! - Counts are of samples inside: iterations times `global_batch_size`. A warm-up by samples or by a
//!   `lr_warmup_fraction` (of the decay's length) may end within a step, and isn't rounded.
//! - Step 0 has `lr_warmup_init`, by default 0. The warm-up and the decay take in their last step; after it the rate
//!   is `min_lr`, but with the style `constant`.
//! - The style is by default `linear`, and in the `WSD` that ends the decay `exponential`: `2 · 0.5^x - 1` of the rate.
//!   `inverse-square-root` counts from step 0, with the warm-up (at least 1 sample) for its scale.
//! - `rampup_batch_size` has the batch grow in equal parts of its samples, and with it what a step counts.
//! - `lr_decay_iters` is by default `train_iters`, and counts the warm-up in.
//!
//! From Megatron-LM core 0.16.1: `core/optimizer_param_scheduler.py`, and `training/training.py`,
//! `training/arguments.py`, `core/num_microbatches_calculator.py`.

use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Shape, Spec};

mod plan;

use super::ecosystem::{Ecosystem, Facts, begins_in, has_any};
use crate::args::{Args, buildable, count};
use crate::build::{sequence, skip};
use plan::{Clock, Plan, Style, growing};

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["megatron", "megatron_lm"],
    recognises: |data| {
        let data = arguments(data.clone());
        let own = "lr_decay_style lr_decay_iters lr_decay_samples lr_warmup_fraction \
                   lr_warmup_iters lr_warmup_samples train_iters train_samples";
        data.at("lr").is_some() && has_any(&data, own)
    },
    read,
};

/// The arguments by their names in the program: a file may have those of the command, with hyphens, and may have them
/// in a table `MODEL_ARGS`.
fn arguments(data: Data) -> Data {
    let Data::Table(mut entries) = data else {
        return data;
    };
    if let Some(at) = entries.iter().position(|(name, _)| name == "MODEL_ARGS") {
        return arguments(entries.remove(at).1);
    }
    for (name, _) in &mut entries {
        *name = name.trim_start_matches('-').replace('-', "_");
    }
    Data::Table(entries)
}

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let args = &mut Args::new("", arguments(data)).of_many(|name| begins_in(name, "lr_ min_lr"));
    let why = "is no argument any more; `lr_warmup_fraction` took its place";
    args.refuse_given("warmup", why);
    let rate = args.maybe_number("lr");
    let min = args.not_negative("min_lr", 0.0);
    let init = args.not_negative("lr_warmup_init", 0.0);
    let styles = [
        ("constant", Style::Constant),
        ("linear", Style::Down(Shape::Linear)),
        ("cosine", Style::Down(Shape::Cosine)),
        ("inverse-square-root", Style::InverseSqrt),
        ("WSD", Style::StableDecay),
    ];
    let style = args.choice("lr_decay_style", Style::Down(Shape::Linear), &styles);
    let halving = Shape::Exponential { ratio: 0.5 };
    let shapes = [
        ("exponential", halving),
        ("linear", Shape::Linear),
        ("cosine", Shape::Cosine),
        ("minus_sqrt", Shape::OneMinusSqrt),
    ];
    let shape = args.choice("lr_wsd_decay_style", halving, &shapes);
    let fraction = args.read("lr_warmup_fraction", crate::args::number);
    let counts = [
        ("train_iters", "train_samples"),
        ("lr_decay_iters", "lr_decay_samples"),
        ("lr_warmup_iters", "lr_warmup_samples"),
        ("lr_wsd_decay_iters", "lr_wsd_decay_samples"),
    ];
    let iterations = counts.map(|(name, _)| (name, args.maybe_count(name)));
    let samples = counts.map(|(_, name)| (name, args.maybe_count(name)));
    let samples_of_step = args.maybe_count("global_batch_size");
    let samples_of_step = samples_of_step.or(facts.samples_per_step);
    let growth = args.items("rampup_batch_size", count);
    let three = growth.is_empty() || growth.len() == 3;
    let allowed = "three: the first batch, what it grows by, and the samples of the growth";
    args.check(three, "rampup_batch_size", growth.len(), allowed);
    if let Some(share) = fraction {
        let valid = (0.0..1.0).contains(&share);
        args.check(valid, "lr_warmup_fraction", share, "at least 0 and below 1");
    }
    args.finish(())?;

    let max = facts.rate(rate, "lr")?;
    let check = |valid: bool, name, value: f64, allowed| match valid {
        true => Ok(()),
        false => Err(ScheduleError::invalid(name, value, allowed)),
    };
    check(min <= max, "min_lr", min, "at most `lr`")?;
    check(init <= max, "lr_warmup_init", init, "at most `lr`")?;
    let batch = |place| match Facts::needed(samples_of_step, "samples_per_step", place)? {
        0 => Err(ScheduleError::invalid("global_batch_size", 0, "at least 1")),
        batch => Ok(batch),
    };
    // As in `training.py`, iterations go first.
    let counts_samples = iterations[0].1.is_none() && samples[0].1.is_some();
    let (counts, each) = match counts_samples {
        true => (samples, batch(samples[0].0)?),
        false => (iterations, 1),
    };
    let names = counts.map(|(name, _)| name);
    let [run, decay, warmup, wsd] = counts.map(|(_, count)| count.map(|count| count as f64));
    let to = match decay.or(run) {
        Some(to) => to,
        None => facts.steps("train_iters")? as f64,
    };
    let from = match fraction {
        Some(share) => share * to,
        None => warmup.unwrap_or(0.0),
    };
    let in_steps = |count: f64| count / each as f64;
    check(to > 0.0, names[1], in_steps(to), "above 0")?;
    let allowed = "less than the decay's length, in steps";
    check(from < to, names[2], in_steps(from), allowed)?;
    let wsd = match style {
        Style::StableDecay => wsd.ok_or_else(|| ScheduleError::missing(names[3]))?,
        _ => to,
    };
    let allowed = "at most the decay's length, in steps";
    check(wsd > 0.0 && wsd <= to, names[3], in_steps(wsd), allowed)?;
    let one = match (style, counts_samples) {
        (_, true) => 1.0,
        (Style::InverseSqrt, false) if from == 0.0 => 1.0 / batch("lr_decay_style")? as f64,
        _ => samples_of_step.map_or(0.0, |samples| 1.0 / samples.max(1) as f64),
    };
    let plan = Plan {
        max,
        min,
        init,
        style,
        shape,
        from,
        to,
        wsd,
        one,
    };
    if !growth.is_empty() && !counts_samples {
        let why = "is given beside iterations, with which a batch doesn't grow";
        return Err(ScheduleError::unsupported("rampup_batch_size", why));
    }
    let (step, count) = (0, 0);
    let (clocks, last) = match growth[..] {
        [first, by, length] => growing([first, by, length], each)?,
        _ => (Vec::new(), Clock { step, count, each }),
    };
    let mut parts = Vec::new();
    for (steps, clock) in clocks {
        parts.push((steps, skip(clock.step, plan.spec(clock)?)));
    }
    let rest = skip(last.step, plan.spec(last)?);
    buildable("lr", sequence(parts, rest))
}

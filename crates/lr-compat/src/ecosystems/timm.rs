//! timm's `args.yaml`, which its `train.py` writes: the arguments of `create_scheduler_v2`.
//!
//! - Without `sched_on_updates` the scheduler is stepped at the end of each epoch, and the rate holds for an epoch.
//!   With it, lengths are multiplied with the updates of an epoch.
//! - An epoch of so many samples has no batch that isn't full. (`create_loader`)
//! - `epochs` are those of the curve, without `cooldown_epochs`; with `warmup_prefix` without the warm-up too.
//! - `poly` takes `decay_rate` for its power; `wsd` and `rsqrt` take their warm-up out of `epochs`, unless it is a
//!   prefix, and `decay_epochs` below 1 for a share of the rest.
//! - Without `lr` it is `lr_base · batch_size · grad_accum_steps · processes / lr_base_size`, or by the square root of
//!   that ratio for optimizers with `ada` or `lamb` in their names. (`train.py`)
//!
//! From timm 1.0.31: `scheduler/scheduler_factory.py`.

use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

use super::ecosystem::{Ecosystem, Facts, begins_in, has_any};
use super::envelope::{is_one_of, over_base};
use crate::args::{Args, count, list, number, one_or_list, table};
use crate::build::{constant, feedback, per_epoch};
use crate::timm;

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["timm"],
    recognises: |data| {
        let beside = "epochs opt warmup_epochs warmup_lr decay_epochs";
        let is_args = matches!(data.at("sched"), Some(Data::Text(_)));
        is_one_of(data, timm::SCHEDULERS) || is_args && has_any(data, beside)
    },
    read: |data, facts| match data.at("scheduler") {
        Some(_) => over_base(data, facts, timm::named),
        None => read(data, facts),
    },
};

/// The names of `sched`, and their classes.
const NAMES: &[(&str, &str)] = &[
    ("cosine", "CosineLRScheduler"),
    ("tanh", "TanhLRScheduler"),
    ("step", "StepLRScheduler"),
    ("constant", "StepLRScheduler"),
    ("multistep", "MultiStepLRScheduler"),
    ("plateau", "PlateauLRScheduler"),
    ("poly", "PolyLRScheduler"),
    ("wsd", "WSDLRScheduler"),
    ("rsqrt", "WSDLRScheduler"),
    ("none", ""),
];

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    // One that is null has another default than one that isn't there.
    let listed = matches!(&data, Data::Table(entries) if entries.iter().any(|(name, _)| name == "decay_epochs"));
    let args = &mut Args::new("", data).of_many(|name| begins_in(name, "sched lr_ warmup_ decay_"));
    let facts = &Facts {
        batch_size: args.maybe_count("batch_size").or(facts.batch_size),
        accumulation: args.maybe_count("grad_accum_steps").or(facts.accumulation),
        drop_last: true,
        ..facts.clone()
    };
    let rate = rate(args, facts);
    let name = args.text("sched").unwrap_or_default();
    let on_updates = args.flag("sched_on_updates", false);
    let epochs = args.steps("epochs", 100);
    let decay_default = match name.as_str() {
        _ if !listed => 30.0,
        "wsd" | "rsqrt" => 0.2,
        _ => 90.0,
    };
    let decay_epochs = args.positive("decay_epochs", decay_default);
    let milestones = args.read("decay_milestones", |data| list(data, count));
    let warmup = args.count("warmup_epochs", 5);
    let prefix = args.flag("warmup_prefix", false);
    let decay_rate = args.not_negative("decay_rate", 0.1);
    let noise = args.read("lr_noise", |data| one_or_list(data, number));
    let decay_fn = args.read("lr_decay_fn", Ok);
    let timescale = args.maybe_number("lr_stable_timescale");
    let metric = args.text("eval_metric").unwrap_or_default(); // by default `top1`
    let warmup_lr = args.read("warmup_lr", Ok);
    let cycle_decay = args.read("lr_cycle_decay", Ok);
    let kept = [
        ("min_lr", "lr_min"),
        ("lr_noise_pct", "noise_pct"),
        ("lr_noise_std", "noise_std"),
        ("seed", "noise_seed"),
        ("lr_cycle_mul", "cycle_mul"),
        ("lr_cycle_limit", "cycle_limit"),
        ("lr_k_decay", "k_decay"),
        ("patience_epochs", "patience_t"),
    ];
    let kept = kept.map(|(ours, theirs)| (theirs, args.read(ours, Ok)));
    args.count("cooldown_epochs", 0);
    args.pass_over(&["lr_base", "lr_base_size", "lr_base_scale"]);
    args.finish(())?;
    let Some((_, class)) = NAMES.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
        return Err(ScheduleError::unknown("sched", "scheduler", &name, &known));
    };
    let base = rate?;
    if name == "none" {
        return Ok(constant(base));
    }

    let place = match on_updates {
        true => "sched_on_updates",
        false => "sched",
    };
    let epoch = facts.epoch(place)?;
    let unit = if on_updates { epoch } else { 1 };
    let times = |epochs: u64| epochs.saturating_mul(unit);
    let whole = |count: u64| Data::Integer(count.into());
    let text = |text: &str| Data::Text(text.to_string());
    let length = times(epochs);
    let rest = match name.as_str() {
        "wsd" | "rsqrt" if !prefix => length.saturating_sub(times(warmup)),
        _ => length,
    };
    let decay_length = decay_epochs * unit as f64;
    let decay_t = match name.as_str() {
        "constant" => whole(1),
        "multistep" => {
            let milestones = milestones.unwrap_or_else(|| vec![30, 60]).into_iter();
            let milestones = milestones.map(|epoch| whole(times(epoch)));
            Data::List(milestones.collect())
        }
        "wsd" | "rsqrt" => {
            let decay = match decay_epochs < 1.0 {
                true => decay_epochs * rest as f64,
                false => decay_length,
            };
            let decay = decay.round_ties_even() as u64;
            if !(1..=rest).contains(&decay) {
                let allowed = "above 0 and no longer than the epochs after the warm-up";
                return Err(ScheduleError::invalid(
                    "decay_epochs",
                    decay_epochs,
                    allowed,
                ));
            }
            whole(decay)
        }
        _ => Data::Number(decay_length),
    };
    let noisy = |share: &f64| Data::Number(share * length as f64);
    let noise = noise.map(|shares| match shares.as_slice() {
        [share] => noisy(share),
        several => Data::List(several.iter().map(noisy).collect()),
    });
    let mode = match metric.contains("loss") {
        true => "min",
        false => "max",
    };
    let (stable_fn, down) = match name.as_str() {
        "rsqrt" => ("rsqrt", "linear"),
        _ => ("constant", "1-sqrt"),
    };
    let stable_timescale = timescale.map(|epochs| Data::Number(epochs * unit as f64));
    let rate = Data::Number(decay_rate);
    // Each class takes some of these.
    let given = [
        ("warmup_t", Some(whole(times(warmup)))),
        ("warmup_lr_init", warmup_lr.or(Some(Data::Number(1e-5)))),
        ("warmup_prefix", Some(Data::Bool(prefix))),
        ("noise_range_t", noise),
        ("t_initial", Some(whole(rest))),
        ("cycle_decay", cycle_decay.or(Some(Data::Number(0.1)))),
        ("power", Some(rate.clone())),
        ("decay_rate", (name != "constant").then_some(rate)),
        ("decay_t", Some(decay_t)),
        ("mode", Some(text(mode))),
        ("stable_fn", Some(text(stable_fn))),
        ("stable_timescale", stable_timescale),
        ("decay_fn", decay_fn.or(Some(text(down)))),
    ];
    let given = given.into_iter().chain(kept);
    let given = given.filter_map(|(name, data)| Some((name, data?)));
    let given = &mut Args::new(class, table(given)).of_many(|_| false);
    let spec = timm::schedule(class, given, base)?;
    Ok(match spec {
        spec if on_updates => spec,
        Spec::Feedback { rule, of } => feedback(rule, per_epoch(epoch, *of)),
        spec => per_epoch(epoch, spec),
    })
}

/// The rate of the optimizer: `lr`, or else of `lr_base`.
fn rate(args: &mut Args, facts: &Facts) -> Result<f64, ScheduleError> {
    if let Some(rate) = args.maybe_number("lr").filter(|rate| *rate != 0.0) {
        return Ok(rate);
    }
    let Some(base) = args.maybe_number("lr_base") else {
        return facts.rate(None, "lr");
    };
    let size = args.positive("lr_base_size", 256.0);
    let optimizer = args.text("opt").unwrap_or_default().to_lowercase(); // by default `sgd`
    let adaptive = ["ada", "lamb"].iter().any(|part| optimizer.contains(part));
    let scales = [("sqrt", true), ("linear", false), ("", adaptive)];
    let square_root = args.choice("lr_base_scale", adaptive, &scales);
    let batch = facts.batch_size.unwrap_or(128) as f64;
    let accumulation = facts.accumulation.unwrap_or(1) as f64;
    let ratio = batch * accumulation * facts.processes.unwrap_or(1) as f64 / size;
    Ok(base * if square_root { ratio.sqrt() } else { ratio })
}

//! NeMo: `optim.sched` of its YAML, of the model or on its own.
//!
//! - The warm-up is `(step + 1) / (warmup_steps + 1)`, and takes in step `warmup_steps`. `CosineAnnealing` with
//!   `constant_steps` warms up from 0 by `step / warmup_steps`, and holds `min_lr` for as long at its end.
//! - `warmup_ratio`, `hold_ratio` and `constant_ratio` are shares of `max_steps`, rounded down; after `max_steps` the
//!   rate is `min_lr`, which is 0 by default (`SquareAnnealing`: 0.00001).
//! - `max_steps` is that of `sched`, or the trainer's, or its epochs.
//! - `NoamAnnealing` counts step 0 as step 1, has no end, and is at least `min_lr` only after its warm-up.
//! - `SquareRootAnnealing` counts from step 0, not from the warm-up's end; so do the schedules that hold, where
//!   there is nothing to hold. `T5InverseSquareRootAnnealing` doesn't use the optimizer's rate.
//! - Without `sched` the rate is the optimizer's.
//! - `StepLR`, `CyclicLR`, `ReduceLROnPlateau` and, per epoch, `ExponentialLR` are PyTorch's.
//!
//! From NeMo 3.0.0: `core/optim/lr_scheduler.py`.

use lr_schedule::curves::{InverseSqrtSpec, InverseTimeConfig, NoamSpec, PolynomialCycleSpec};
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Shape, Spec};

use super::ecosystem::{Ecosystem, Facts};
use super::interpolation::resolved;
use crate::args::{Args, buildable, integer, number, unknown_scheduler};
use crate::build::{
    anneal, clamp, constant, delay, linear, per_epoch, polynomial, sequence, skip, steps, then,
};
use crate::torch;

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["nemo"],
    recognises: |data| optim(data).is_some(),
    read,
};

const SCHEDULERS: &[&str] = &[
    "CosineAnnealing",
    "CyclicLR",
    "ExponentialLR",
    "InverseSquareRootAnnealing",
    "NoamAnnealing",
    "NoamHoldAnnealing",
    "PolynomialDecayAnnealing",
    "PolynomialHoldDecayAnnealing",
    "ReduceLROnPlateau",
    "SquareAnnealing",
    "SquareRootAnnealing",
    "StepLR",
    "T5InverseSquareRootAnnealing",
    "WarmupAnnealing",
    "WarmupHoldAnnealLinear",
    "WarmupHoldAnnealOneMinusSquareRoot",
    "WarmupHoldPolicy",
    "WarmupPolicy",
];

/// The place of `optim`.
fn optim(data: &Data) -> Option<&'static str> {
    let places = ["model.optim", "optim", "cfg.model.optim"];
    places.into_iter().find(|place| {
        let has = |name| data.at(&format!("{place}.{name}")).is_some();
        // On its own, an optimizer without a schedule is anybody's.
        has("sched") || *place != "optim" && has("lr")
    })
}

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let data = resolved(data);
    let place = optim(&data).unwrap_or("model.optim");
    let mut optim = Args::new("", data).of_many(|_| false);
    let trainer = &mut optim.inside("trainer").of_many(|_| false);
    let run = trainer.integer("max_steps", -1);
    let epochs = trainer.integer("max_epochs", -1);
    trainer.finish(())?;
    for table in place.split('.') {
        let inner = optim.inside(table).of_many(|_| false);
        optim.finish(())?;
        optim = inner;
    }
    let rate = optim.maybe_number("lr");
    let Some(sched) = optim.read("sched", Ok) else {
        optim.finish(())?;
        return Ok(constant(facts.rate(rate, "optim.lr")?));
    };
    let args = &mut optim.within("sched", sched);
    optim.finish(())?;
    let name = args.text("name");
    let name = name.ok_or_else(|| ScheduleError::missing("optim.sched.name"))?;
    args.pass_over(&[
        "t_max_epochs",
        "t_accumulate_grad_batches",
        "t_limit_train_batches",
        "t_num_workers",
        "iters_per_batch",
        "monitor",
        "reduce_on_plateau",
    ]);
    let own = args.read("max_steps", integer);
    if let Some(given) = args.read("args", Ok) {
        let inner = &mut Args::new("optim.sched.args", given);
        inner.text("name");
        *args = inner.inside("params");
        inner.finish(())?;
    }
    args.check_last_epoch();
    let base = facts.rate(rate, "optim.lr")?;
    if ["StepLR", "ExponentialLR", "CyclicLR", "ReduceLROnPlateau"].contains(&name.as_str()) {
        let spec = torch::named(&name, args.rest(), base);
        let spec = spec.map_err(|error| error.inside("optim.sched"))?;
        return match name.as_str() {
            "ExponentialLR" => Ok(per_epoch(facts.epoch("optim.sched")?, spec)),
            _ => Ok(spec),
        };
    }
    if !SCHEDULERS.contains(&name.as_str()) {
        return Err(unknown_scheduler(&name, SCHEDULERS).inside("optim.sched.name"));
    }
    let given = |count: i64| u64::try_from(count).ok(); // -1 is none
    let own = own.and_then(given).or(given(run)).or(facts.total_steps);
    let total = match (own, given(epochs)) {
        (Some(total), _) => total,
        (None, Some(epochs)) => epochs.saturating_mul(facts.epoch("trainer.max_epochs")?),
        (None, None) => facts.steps("trainer.max_steps")?,
    };
    let spec = policy(&name, args, base, total);
    buildable("optim.sched", args.finish(spec)?)
}

/// A number of steps, or a share of all, rounded down.
fn part(args: &mut Args, names: [&'static str; 2], total: u64) -> Option<u64> {
    let steps = args.maybe_count(names[0]);
    let share = args.read(names[1], number);
    if let Some(share) = share {
        args.check(share >= 0.0, names[1], share, "at least 0");
        if steps.is_some() {
            let why = "is given beside the steps, of which it is a share";
            args.refuse(names[1], why);
        }
    }
    steps.or(share.map(|share| (share * total as f64) as u64))
}

fn policy(name: &str, args: &mut Args, base: f64, total: u64) -> Spec {
    let default = if name == "SquareAnnealing" { 1e-5 } else { 0.0 };
    let min = args.not_negative("min_lr", default);
    let mut end = total.saturating_add(1);
    if name == "T5InverseSquareRootAnnealing" {
        let held = args.steps("constant_steps", None);
        let start = 1.0 / (held as f64).sqrt();
        let down = Spec::from(InverseSqrtSpec::new(start, held as f64));
        let down = then(held, constant(start), down);
        return then(end, down, constant(min));
    }
    let warmup = part(args, ["warmup_steps", "warmup_ratio"], total).unwrap_or(0);
    // Its last step has the full rate, which is the first one of what follows.
    let full = u64::from(warmup > 0);
    let up = warmup.saturating_add(full);
    let left = total.saturating_sub(warmup);
    let warm_up = || skip(1, linear(0.0, base, up));
    let above = |spec| clamp(Some(min), None, spec);

    let rest = match name {
        "NoamAnnealing" => {
            let noam = Spec::from(NoamSpec {
                factor: base,
                model_size: args.steps("d_model", None),
                warmup: steps(warmup.max(1)),
            });
            args.check(min <= base, "min_lr", min, "at most the rate");
            let noam = delay(1, noam);
            return then(up, noam.clone(), above(skip(up, noam)));
        }
        "CosineAnnealing" => {
            args.check(min <= base, "min_lr", min, "at most the rate");
            let held = part(args, ["constant_steps", "constant_ratio"], total);
            match held.unwrap_or(0) {
                0 => skip(full, anneal(base, min, left, Shape::Cosine)),
                held => {
                    let cosine = anneal(base, min, left.saturating_sub(held), Shape::Cosine);
                    return then(warmup, linear(0.0, base, warmup), cosine);
                }
            }
        }
        "SquareAnnealing" => above(skip(full, polynomial(base, 0.0, left, 2.0))),
        "SquareRootAnnealing" => above(skip(up, polynomial(base, 0.0, total, 0.5))),
        "WarmupAnnealing" => skip(full, linear(base, min, left)),
        "PolynomialDecayAnnealing" => {
            let power = args.positive("power", 1.0);
            args.flag("cycle", false); // which shows only after the run
            skip(full, polynomial(base, min, left, power))
        }
        "InverseSquareRootAnnealing" => {
            let down = Spec::from(InverseSqrtSpec::new(base, warmup.saturating_add(1) as f64));
            skip(full, down)
        }
        "WarmupPolicy" => constant(base),
        _ => {
            let hold = part(args, ["hold_steps", "hold_ratio"], total);
            let until = hold.map_or(0, |hold| hold.saturating_add(warmup));
            let left = total.saturating_sub(until);
            let begin = until.max(up);
            let down = match name {
                "WarmupHoldAnnealOneMinusSquareRoot" => {
                    above(anneal(base, 0.0, left, Shape::OneMinusSqrt))
                }
                "WarmupHoldAnnealLinear" => linear(base, min, left),
                "NoamHoldAnnealing" => {
                    args.check(warmup > 0, "warmup_steps", warmup, "at least 1");
                    let (of, power) = (warmup.max(1), args.not_negative("decay_rate", 0.5));
                    let down = InverseTimeConfig::new(base, 1.0, of as f64).with_power(power);
                    let from = begin - hold.map_or(warmup, |_| until);
                    let parts = vec![
                        (up, warm_up()),
                        (begin - up, constant(base)),
                        (end.saturating_sub(begin), above(skip(from, down.into()))),
                    ];
                    return sequence(parts, constant(min));
                }
                "PolynomialHoldDecayAnnealing" => {
                    let length = total.saturating_sub(warmup.max(until)).max(1);
                    let power = args.positive("power", 1.0);
                    match args.flag("cycle", false) {
                        true => Spec::from(PolynomialCycleSpec::new(base, min, length, power)),
                        false => polynomial(base, min, length, power),
                    }
                }
                _ => constant(base),
            };
            // A hold goes on beyond the end.
            end = end.max(until);
            then(begin - up, constant(base), skip(begin - until, down))
        }
    };
    let parts = vec![(up, warm_up()), (end.saturating_sub(up), rest)];
    sequence(parts, constant(min))
}

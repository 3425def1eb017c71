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

use lr_schedule::curves::{InverseSqrtSpec, InverseTimeSpec, PolynomialCycleSpec};
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Shape, Spec};

use super::ecosystem::{Ecosystem, Facts};
use super::interpolation::resolved;
use crate::args::{Args, buildable, unknown_scheduler};
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

/// The tables that `optim` is in.
fn optim(data: &Data) -> Option<&'static [&'static str]> {
    let places: [&'static [&'static str]; 3] = [&["model"], &[], &["cfg", "model"]];
    places.into_iter().find(|place| {
        let optim = place.join(".") + if place.is_empty() { "optim" } else { ".optim" };
        let has = |name| data.at(&format!("{optim}.{name}")).is_some();
        // On its own, an optimizer without a schedule is anybody's.
        let own = !place.is_empty() && has("lr");
        own || has("sched")
    })
}

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let data = resolved(data);
    let place = optim(&data).unwrap_or(&["model"]);
    let mut optim = Args::among(data, |_| false);
    let trainer = &mut optim.inside("trainer").of_many(|_| false);
    let run = trainer.integer("max_steps", -1);
    let epochs = trainer.integer("max_epochs", -1);
    trainer.finish(())?;
    for table in place.iter().chain(&["optim"]) {
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
    ]);
    args.pass_over(&[
        "t_num_workers",
        "iters_per_batch",
        "monitor",
        "reduce_on_plateau",
    ]);
    let own = args.read("max_steps", crate::args::integer);
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
    let positive = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok());
    let total = match positive(own).or(positive(Some(run))) {
        Some(total) => total,
        None => match (facts.total_steps, positive(Some(epochs))) {
            (None, Some(epochs)) => epochs.saturating_mul(facts.epoch("trainer.max_epochs")?),
            _ => facts.steps("trainer.max_steps")?,
        },
    };
    let spec = policy(&name, args, base, total);
    buildable("optim.sched", args.finish(spec)?)
}

/// A number of steps, or a share of all, rounded down.
fn part(args: &mut Args, names: [&'static str; 2], total: u64) -> Option<u64> {
    let (steps, share) = (
        args.maybe_count(names[0]),
        args.read(names[1], crate::args::number),
    );
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
    if name == "T5InverseSquareRootAnnealing" {
        let held = args.steps("constant_steps", None);
        let start = 1.0 / (held as f64).sqrt();
        let down = Spec::from(InverseSqrtSpec::new(start, held as f64));
        let down = then(held, constant(start), down);
        return then(total.saturating_add(1), down, constant(min));
    }
    let warmup = part(args, ["warmup_steps", "warmup_ratio"], total).unwrap_or(0);
    let up = match warmup {
        0 => 0,
        steps => steps.saturating_add(1),
    };
    let left = total.saturating_sub(warmup);
    let warm_up = || skip(1, linear(0.0, base, up));
    let above = |spec| clamp(Some(min), None, spec);
    let from_warmup = if warmup > 0 { 1 } else { 0 };
    let power = |args: &mut Args| {
        let power = args.positive("power", 1.0);
        (power, args.flag("cycle", false))
    };

    let rest = match name {
        "NoamAnnealing" => {
            let noam = Spec::Noam {
                factor: base,
                model_size: args.steps("d_model", None),
                warmup: steps(warmup.max(1)),
            };
            args.check(min <= base, "min_lr", min, "at most the rate");
            let noam = delay(1, noam);
            let floor = if warmup > 0 { up } else { 0 };
            return then(floor, noam.clone(), above(skip(floor, noam)));
        }
        "CosineAnnealing" => {
            args.check(min <= base, "min_lr", min, "at most the rate");
            let held = part(args, ["constant_steps", "constant_ratio"], total);
            match held.unwrap_or(0) {
                0 => skip(from_warmup, anneal(base, min, left, Shape::Cosine)),
                held => {
                    let cosine = anneal(base, min, left.saturating_sub(held), Shape::Cosine);
                    return then(warmup, linear(0.0, base, warmup), cosine);
                }
            }
        }
        "SquareAnnealing" => above(skip(from_warmup, polynomial(base, 0.0, left, 2.0))),
        "SquareRootAnnealing" => above(skip(up, polynomial(base, 0.0, total, 0.5))),
        "WarmupAnnealing" => skip(from_warmup, linear(base, min, left)),
        "PolynomialDecayAnnealing" => {
            let (power, _) = power(args);
            skip(from_warmup, polynomial(base, min, left, power))
        }
        "InverseSquareRootAnnealing" => {
            let down = Spec::from(InverseSqrtSpec::new(base, warmup.saturating_add(1) as f64));
            skip(from_warmup, down)
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
                    let down = Spec::from(InverseTimeSpec::new(
                        base,
                        1.0,
                        warmup.max(1) as f64,
                        args.not_negative("decay_rate", 0.5),
                        false,
                    ));
                    let from = begin - hold.map_or(warmup, |_| until);
                    let rest = total.saturating_add(1).saturating_sub(begin);
                    let parts = vec![
                        (up, warm_up()),
                        (begin - up, constant(base)),
                        (rest, above(skip(from, down))),
                    ];
                    return sequence(parts, constant(min));
                }
                "PolynomialHoldDecayAnnealing" => {
                    let length = total.saturating_sub(warmup.max(until)).max(1);
                    match power(args) {
                        (power, true) => {
                            Spec::from(PolynomialCycleSpec::new(base, min, length, power))
                        }
                        (power, false) => polynomial(base, min, length, power),
                    }
                }
                _ => constant(base),
            };
            let held = then(begin - up, constant(base), skip(begin - until, down));
            // A hold goes on beyond the end.
            let rest = total.saturating_add(1).max(until).saturating_sub(up);
            return sequence(vec![(up, warm_up()), (rest, held)], constant(min));
        }
    };
    let rest_steps = total.saturating_add(1).saturating_sub(up);
    sequence(vec![(up, warm_up()), (rest_steps, rest)], constant(min))
}

//! timm 1.0.31: the schedulers of `timm.scheduler`.
//!
//! ```
//! use lr_compat::timm;
//! use lr_schedule::Schedule;
//!
//! let config = r#"{"scheduler": "CosineLRScheduler", "args": {
//!     "t_initial": 300, "lr_min": 1e-5, "warmup_t": 20, "warmup_lr_init": 1e-6,
//!     "warmup_prefix": true
//! }}"#;
//! let schedule = timm::parse(config, 0.1)?.build()?;
//! assert_eq!([schedule.at(0), schedule.at(20), schedule.at(320)], [1e-6, 0.1, 1e-5]);
//! # Ok::<(), lr_schedule::ScheduleError>(())
//! ```
//!
//! The rate of step `k` is the one after `scheduler.step(k)`, for `k = 0` that of a scheduler which
//! has just been made: timm then begins with the optimizer's rate or the warm-up's, whatever its
//! formula says for 0. Noise takes all of timm's options, but comes from another generator, and so
//! is other noise.

use lr_schedule::combine::NoiseKind;
use lr_schedule::curves::{CycleIndex, ExponentialDecaySpec, InverseTimeConfig, RestartsConfig};
use lr_schedule::feedback::{Dialect, Mode, ThresholdMode};
use lr_schedule::spec::Data;
use lr_schedule::{RuleSpec, Schedule, ScheduleError, Shape, Spec};

use crate::args::{
    Args, buildable, check_base, config, count, json, list, number, unknown_scheduler,
};
use crate::build::{clamp, constant, feedback, linear, multi_step, skip, steps, then, warmed_up};
use crate::torch::rule::MODES;

/// The schedulers that [`parse`] knows.
pub const SCHEDULERS: &[&str] = &[
    "CosineLRScheduler",
    "MultiStepLRScheduler",
    "PlateauLRScheduler",
    "PolyLRScheduler",
    "StepLRScheduler",
    "TanhLRScheduler",
    "WSDLRScheduler",
];

/// Reads `{"scheduler": NAME, "args": {...}}`, in JSON, as the schedule of an optimizer whose rate is
/// `base_lr`.
///
/// `PlateauLRScheduler` gives a [`Spec::Feedback`], with PyTorch's own way of comparing.
///
/// # Errors
///
/// Arguments that are missing, unknown, of another type or out of their bounds.
pub fn parse(text: &str, base_lr: f64) -> Result<Spec, ScheduleError> {
    let (name, args) = config(json(text)?)?;
    named(&name, args, base_lr)
}

/// The schedule of the scheduler called `name`.
pub(crate) fn named(name: &str, args: Data, base_lr: f64) -> Result<Spec, ScheduleError> {
    schedule(name, &mut Args::new(name, args), base_lr)
}

pub(crate) fn schedule(name: &str, args: &mut Args, base_lr: f64) -> Result<Spec, ScheduleError> {
    let base = check_base(base_lr)?;
    // Neither changes the rate of the k-th step, be that an epoch or an update.
    args.flag("initialize", true);
    if name != "PlateauLRScheduler" {
        args.flag("t_in_epochs", true);
    }
    let warmup = args.count("warmup_t", 0);
    let start = args.not_negative("warmup_lr_init", 0.0);
    let up = linear(start, base, warmup);
    let curve = match name {
        "PlateauLRScheduler" => {
            let kinds = [
                ("normal", NoiseKind::Normal),
                ("uniform", NoiseKind::Uniform),
            ];
            let kind = args.choice("noise_type", NoiseKind::Normal, &kinds);
            // While it warms up, this one has no noise.
            let of = noisy(args, kind, warmup + 1, up);
            let spec = feedback(plateau(args, warmup), of);
            return buildable(name, args.finish(spec)?);
        }
        "StepLRScheduler" => {
            let length = args.positive("decay_t", None);
            let rate = args.not_negative("decay_rate", 1.0);
            Spec::from(ExponentialDecaySpec::new(base, rate, length).with_staircase(true))
        }
        "MultiStepLRScheduler" => {
            // timm looks one step ahead, and keeps to it on purpose.
            let milestones = args.items("decay_t", count).into_iter();
            let milestones = milestones.map(|step| step.saturating_sub(1));
            multi_step(base, milestones, args.not_negative("decay_rate", 1.0))
        }
        "WSDLRScheduler" => warmup_stable_decay(args, warmup, base),
        "CosineLRScheduler" => {
            let k_decay = args.positive("k_decay", 1.0);
            restarts(args, Shape::Cosine, base, k_decay)
        }
        "PolyLRScheduler" => {
            let power = args.not_negative("power", 0.5);
            // To the power of 0 nothing changes while it lasts.
            let power = power.max(f64::MIN_POSITIVE);
            let k_decay = args.positive("k_decay", 1.0);
            restarts(args, Shape::Polynomial { power }, base, k_decay)
        }
        "TanhLRScheduler" => {
            let (lower, upper) = (args.number("lb", -7.0), args.number("ub", 3.0));
            args.check(lower < upper, "lb", lower, "below `ub`");
            restarts(args, Shape::Tanh { lower, upper }, base, 1.0)
        }
        _ => return Err(unknown_scheduler(name, SCHEDULERS)),
    };
    // After a prefix comes all of the curve, and else what is beyond as many steps of it.
    let prefix = match name {
        "WSDLRScheduler" => true,
        "StepLRScheduler" | "MultiStepLRScheduler" => args.flag("warmup_prefix", true),
        _ => args.flag("warmup_prefix", false),
    };
    let curve = skip(if prefix { 0 } else { warmup }, curve);
    let spec = match name {
        // Its warm-up leads to the curve, which begins a little below the base.
        "TanhLRScheduler" if !prefix && warmup > 0 => {
            warmed_up(warmup, start, Shape::Linear, curve)
        }
        _ => then(warmup, up, curve),
    };
    let spec = noisy(args, NoiseKind::Normal, 0, spec);
    // The first rate is that of a scheduler that has been made and not stepped.
    let first = if warmup > 0 { start } else { base };
    let same = spec.build().is_ok_and(|schedule| schedule.at(0) == first);
    let spec = match same && !matches!(spec, Spec::Noise { .. }) {
        true => spec,
        false => then(1, constant(first), skip(1, spec)),
    };
    buildable(name, args.finish(spec)?)
}

/// The noise that all have, over `of` and not before the step `earliest`.
fn noisy(args: &mut Args, kind: NoiseKind, earliest: u64, of: Spec) -> Spec {
    let limit = args.share("noise_pct", 0.67);
    args.check(limit > 0.0, "noise_pct", limit, "above 0");
    let std = args.not_negative("noise_std", 1.0);
    let seed = args.count("noise_seed", 42);
    // The first step with noise, and the one after the last.
    let range = args.read("noise_range_t", |data| {
        let Data::List(_) = data else {
            return Ok((up_to(number(data)?), None));
        };
        let given = data.to_string();
        match list(data, number)?.as_slice() {
            [from, to] => Ok((up_to(*from), Some(up_to(*to)))),
            _ => {
                let allowed = "one step, or a list of two";
                Err(ScheduleError::invalid("", given, allowed))
            }
        }
    });
    match range {
        None => of,
        Some((from, to)) => Spec::Noise {
            seed,
            kind,
            std,
            limit,
            from: steps(from.max(earliest)),
            to: to.map(steps),
            of: Box::new(of),
        },
    }
}

/// The first step that is at least `bound`, which may be a fraction.
fn up_to(bound: f64) -> u64 {
    bound.max(0.0).ceil() as u64
}

/// The cycles of the cosine, the hyperbolic tangent and the polynomial.
fn restarts(args: &mut Args, shape: Shape, base: f64, k_decay: f64) -> Spec {
    let min = args.not_negative("lr_min", 0.0);
    let cycles = RestartsConfig::new(base, min, args.steps("t_initial", None))
        .with_shape(shape)
        .with_t_mult(args.positive("cycle_mul", 1.0))
        .with_decay(args.not_negative("cycle_decay", 1.0))
        .with_limit(Some(args.count("cycle_limit", 1)))
        .with_k_decay(k_decay)
        .with_index(CycleIndex::Logarithm);
    Spec::from(cycles)
}

fn warmup_stable_decay(args: &mut Args, warmup: u64, base: f64) -> Spec {
    let length = args.steps("t_initial", None);
    let decay = args.steps("decay_t", None);
    args.check(decay <= length, "decay_t", decay, "at most `t_initial`");
    let min = args.not_negative("lr_min", 0.0);
    let stable_power = args.positive("stable_power", 0.5);
    let timescale = args.number("stable_timescale", warmup as f64);
    let powers = [
        ("constant", None),
        ("rsqrt", Some(0.5)),
        ("power", Some(stable_power)),
    ];
    let stable = match args.choice("stable_fn", Some(None), &powers) {
        None => constant(base),
        Some(power) => {
            let allowed = "above 0, as the default of `warmup_t` is where there is a warm-up";
            args.check(timescale > 0.0, "stable_timescale", timescale, allowed);
            Spec::from(InverseTimeConfig::new(base, 1.0, timescale).with_power(power))
        }
    };
    let power = args.positive("decay_power", 0.5);
    let ratio = args.fraction("decay_ratio", 0.1);
    let shapes = [
        ("linear", Shape::Linear),
        ("1-sqrt", Shape::OneMinusSqrt),
        ("cosine", Shape::Cosine),
        ("power", Shape::Power { power }),
        ("exp", Shape::Exponential { ratio }),
    ];
    Spec::Cooldown {
        start: steps(length.saturating_sub(decay)),
        steps: steps(decay),
        end: min,
        shape: args.choice("decay_fn", Shape::OneMinusSqrt, &shapes),
        of: Box::new(clamp(Some(min), None, stable)),
    }
}

fn plateau(args: &mut Args, warmup: u64) -> RuleSpec {
    let factor = args.number("decay_rate", 0.1);
    let valid = (0.0..1.0).contains(&factor);
    args.check(valid, "decay_rate", factor, "at least 0 and below 1");
    RuleSpec::ReduceOnPlateau {
        mode: args.choice("mode", Mode::Max, MODES),
        factor,
        patience: args.count("patience_t", 10),
        threshold: args.not_negative("threshold", 1e-4),
        threshold_mode: ThresholdMode::Rel,
        cooldown: args.count("cooldown_t", 0),
        min_lr: args.not_negative("lr_min", 0.0),
        eps: 1e-8,
        threshold_abs: None,
        min_scale: None,
        accumulation: None,
        // timm observes nothing while it warms up.
        skip: Some(warmup),
        dialect: Some(Dialect::Torch),
    }
}

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
use lr_schedule::curves::{ExponentialDecaySpec, InverseTimeSpec, MultiStepSpec};
use lr_schedule::feedback::{Dialect, Mode};
use lr_schedule::recipes::CycleIndex;
use lr_schedule::spec::Data;
use lr_schedule::{RuleSpec, Schedule, ScheduleError, Shape, Spec};

use crate::args::{Args, buildable, check_base, config, json, unknown_scheduler};
use crate::build::{clamp, constant, linear, skip, steps, then};
use crate::torch::MODES;

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

/// The schedule that `{"scheduler": NAME, "args": {...}}` stands for, in JSON, on an optimizer whose
/// rate is `base_lr`.
///
/// `PlateauLRScheduler` gives a [`Spec::Feedback`], with PyTorch's own way of comparing.
///
/// # Errors
///
/// Arguments that are missing, unknown, of another type or out of their bounds.
pub fn parse(text: &str, base_lr: f64) -> Result<Spec, ScheduleError> {
    from_data(json(text)?, base_lr)
}

/// What [`parse`] does, of data that has been read.
///
/// # Errors
///
/// As [`parse`].
pub fn from_data(data: Data, base_lr: f64) -> Result<Spec, ScheduleError> {
    let (name, args) = config(data)?;
    let base = check_base(base_lr)?;
    let own: &[&str] = match name.as_str() {
        "CosineLRScheduler" => &[
            "t_initial",
            "lr_min",
            "cycle_mul",
            "cycle_decay",
            "cycle_limit",
            "warmup_prefix",
            "t_in_epochs",
            "k_decay",
        ],
        "TanhLRScheduler" => &[
            "t_initial",
            "lb",
            "ub",
            "lr_min",
            "cycle_mul",
            "cycle_decay",
            "cycle_limit",
            "warmup_prefix",
            "t_in_epochs",
        ],
        "PolyLRScheduler" => &[
            "t_initial",
            "power",
            "lr_min",
            "cycle_mul",
            "cycle_decay",
            "cycle_limit",
            "warmup_prefix",
            "t_in_epochs",
            "k_decay",
        ],
        "StepLRScheduler" | "MultiStepLRScheduler" => {
            &["decay_t", "decay_rate", "warmup_prefix", "t_in_epochs"]
        }
        "WSDLRScheduler" => &[
            "t_initial",
            "decay_t",
            "lr_min",
            "stable_fn",
            "stable_timescale",
            "stable_power",
            "decay_fn",
            "decay_power",
            "decay_ratio",
            "t_in_epochs",
        ],
        "PlateauLRScheduler" => &[
            "decay_rate",
            "patience_t",
            "threshold",
            "cooldown_t",
            "lr_min",
            "mode",
            "noise_type",
        ],
        _ => return Err(unknown_scheduler(&name, SCHEDULERS)),
    };
    let shared = [
        "warmup_t",
        "warmup_lr_init",
        "noise_range_t",
        "noise_pct",
        "noise_std",
        "noise_seed",
        "initialize",
    ];
    let args = &mut Args::new(&name, args, &[own, &shared].concat())?;
    // Neither changes the rate of the k-th step, whatever a step is.
    args.flag("t_in_epochs", true)?;
    args.flag("initialize", true)?;
    let warmup = Warmup {
        steps: args.count("warmup_t", 0)?,
        start: args.not_negative("warmup_lr_init", 0.0)?,
        base,
    };
    let noise = Noise::read(args)?;
    let spec = match name.as_str() {
        "PlateauLRScheduler" => {
            let rule = plateau(args, &warmup)?;
            let of = linear(warmup.start, base, warmup.steps);
            // While it warms up, this one has none.
            let noise = Noise {
                range: noise
                    .range
                    .map(|(from, to)| (from.max(warmup.steps + 1), to)),
                ..noise
            };
            let of = Box::new(noise.over(of));
            return buildable(&name, Spec::Feedback { rule, of });
        }
        "StepLRScheduler" => {
            let decay_t = args.required_number("decay_t")?;
            args.check(decay_t > 0.0, "decay_t", decay_t, "above 0")?;
            let curve = Spec::from(ExponentialDecaySpec {
                start: base,
                rate: args.not_negative("decay_rate", 1.0)?,
                steps: decay_t,
                staircase: true,
            });
            warmup.before(curve, args.flag("warmup_prefix", true)?)
        }
        "MultiStepLRScheduler" => {
            // timm looks one step ahead, and keeps to it on purpose.
            let milestones = args.counts("decay_t")?;
            let milestones = milestones.into_iter();
            let curve = Spec::from(MultiStepSpec {
                start: base,
                milestones: milestones
                    .map(|step| steps(step.saturating_sub(1)))
                    .collect(),
                gamma: args.not_negative("decay_rate", 1.0)?,
            });
            warmup.before(curve, args.flag("warmup_prefix", true)?)
        }
        "WSDLRScheduler" => warmup.before(warmup_stable_decay(args, &warmup)?, true),
        cyclic => {
            let prefix = args.flag("warmup_prefix", false)?;
            let curve = restarts(cyclic, args, base)?;
            match (cyclic, prefix) {
                // Its warm-up leads to the curve, which begins a little below the base.
                ("TanhLRScheduler", false) if warmup.steps > 0 => Spec::Warmup {
                    steps: steps(warmup.steps),
                    start: warmup.start,
                    shape: Shape::Linear,
                    of: Box::new(skip(warmup.steps, curve)),
                },
                _ => warmup.before(curve, prefix),
            }
        }
    };
    buildable(&name, warmup.as_constructed(noise.over(spec), noise))
}

/// The linear warm-up that all have.
struct Warmup {
    steps: u64,
    start: f64,
    base: f64,
}

impl Warmup {
    /// Before `curve`, which as a prefix it moves, and else takes the place of the beginning of.
    fn before(&self, curve: Spec, prefix: bool) -> Spec {
        let curve = if prefix {
            curve
        } else {
            skip(self.steps, curve)
        };
        then(self.steps, linear(self.start, self.base, self.steps), curve)
    }

    /// `spec` with the first rate of a scheduler that has been made and not stepped.
    fn as_constructed(&self, spec: Spec, noise: Noise) -> Spec {
        let first = if self.steps > 0 {
            self.start
        } else {
            self.base
        };
        let same = spec.build().is_ok_and(|schedule| schedule.at(0) == first);
        match same && noise.range.is_none() {
            true => spec,
            false => then(1, constant(first), skip(1, spec)),
        }
    }
}

/// The noise that all have.
#[derive(Clone, Copy)]
struct Noise {
    /// From which step on, and before which.
    range: Option<(u64, Option<u64>)>,
    kind: NoiseKind,
    limit: f64,
    std: f64,
    seed: u64,
}

impl Noise {
    fn read(args: &mut Args) -> Result<Self, ScheduleError> {
        let limit = args.share("noise_pct", 0.67)?;
        args.check(limit > 0.0, "noise_pct", limit, "above 0")?;
        let range = match args.data("noise_range_t") {
            None => None,
            Some(Data::List(ends)) => match args.finite("noise_range_t", ends)?.as_slice() {
                [from, to] => Some((up_to(*from), Some(up_to(*to)))),
                ends => {
                    let place = args.place("noise_range_t");
                    let got = format!("a list of {}", ends.len());
                    return Err(ScheduleError::invalid(
                        place,
                        got,
                        "one step, or a list of two",
                    ));
                }
            },
            Some(Data::Integer(from)) => Some((up_to(from as f64), None)),
            Some(Data::Number(from)) => Some((up_to(from), None)),
            Some(other) => {
                let place = args.place("noise_range_t");
                return Err(ScheduleError::invalid(
                    place,
                    other,
                    "one step, or a list of two",
                ));
            }
        };
        let kinds = [
            ("normal", NoiseKind::Normal),
            ("uniform", NoiseKind::Uniform),
        ];
        Ok(Self {
            range,
            kind: args.choice("noise_type", "normal", &kinds)?,
            limit,
            std: args.not_negative("noise_std", 1.0)?,
            seed: args.count("noise_seed", 42)?,
        })
    }

    fn over(&self, spec: Spec) -> Spec {
        let Some((from, to)) = self.range else {
            return spec;
        };
        Spec::Noise {
            seed: self.seed,
            kind: self.kind,
            std: self.std,
            limit: self.limit,
            from: steps(from),
            to: to.map(steps),
            of: Box::new(spec),
        }
    }
}

/// The first step that is at least `bound`, which may be a fraction.
fn up_to(bound: f64) -> u64 {
    bound.max(0.0).ceil() as u64
}

/// What the cosine, the hyperbolic tangent and the polynomial have in common.
fn restarts(name: &str, args: &mut Args, base: f64) -> Result<Spec, ScheduleError> {
    let shape = match name {
        "CosineLRScheduler" => Shape::Cosine,
        "TanhLRScheduler" => {
            let (lower, upper) = (args.number("lb", -7.0)?, args.number("ub", 3.0)?);
            args.check(lower < upper, "lb", lower, "below `ub`")?;
            Shape::Tanh { lower, upper }
        }
        _ => {
            let power = args.not_negative("power", 0.5)?;
            Shape::Polynomial {
                // To the power of 0 nothing changes while it lasts.
                power: power.max(f64::MIN_POSITIVE),
            }
        }
    };
    let t_mult = args.positive("cycle_mul", 1.0)?;
    let k_decay = args.positive("k_decay", 1.0)?;
    Ok(Spec::Restarts {
        max: base,
        min: args.not_negative("lr_min", 0.0)?,
        steps: steps(args.required_steps("t_initial")?),
        shape,
        t_mult,
        decay: args.not_negative("cycle_decay", 1.0)?,
        limit: Some(args.count("cycle_limit", 1)?),
        k_decay,
        index: CycleIndex::Logarithm,
    })
}

fn warmup_stable_decay(args: &mut Args, warmup: &Warmup) -> Result<Spec, ScheduleError> {
    let length = args.required_steps("t_initial")?;
    let decay = args.required_steps("decay_t")?;
    args.check(decay <= length, "decay_t", decay, "at most `t_initial`")?;
    let min = args.not_negative("lr_min", 0.0)?;
    let stable_power = args.positive("stable_power", 0.5)?;
    let timescale = args.maybe_number("stable_timescale")?;
    let timescale = timescale.unwrap_or(warmup.steps as f64);
    let power = args.choice(
        "stable_fn",
        "constant",
        &[
            ("constant", None),
            ("rsqrt", Some(0.5)),
            ("power", Some(stable_power)),
        ],
    )?;
    let stable = match power {
        None => constant(warmup.base),
        Some(power) => {
            let allowed = "above 0, as the default of `warmup_t` is where there is a warm-up";
            args.check(timescale > 0.0, "stable_timescale", timescale, allowed)?;
            Spec::from(InverseTimeSpec {
                start: warmup.base,
                rate: 1.0,
                steps: timescale,
                power,
                staircase: false,
            })
        }
    };
    let decay_power = args.positive("decay_power", 0.5)?;
    let ratio = args.number("decay_ratio", 0.1)?;
    let allowed = "above 0 and below 1";
    args.check(ratio > 0.0 && ratio < 1.0, "decay_ratio", ratio, allowed)?;
    let shapes = [
        ("linear", Shape::Linear),
        ("1-sqrt", Shape::OneMinusSqrt),
        ("cosine", Shape::Cosine),
        ("power", Shape::Power { power: decay_power }),
        ("exp", Shape::Exponential { ratio }),
    ];
    Ok(Spec::Cooldown {
        start: steps(length - decay),
        steps: steps(decay),
        end: min,
        shape: args.choice("decay_fn", "1-sqrt", &shapes)?,
        of: Box::new(clamp(Some(min), None, stable)),
    })
}

fn plateau(args: &mut Args, warmup: &Warmup) -> Result<RuleSpec, ScheduleError> {
    let factor = args.number("decay_rate", 0.1)?;
    let allowed = "at least 0 and below 1";
    args.check((0.0..1.0).contains(&factor), "decay_rate", factor, allowed)?;
    let mode: Mode = args.choice("mode", "max", MODES)?;
    Ok(RuleSpec::ReduceOnPlateau {
        mode,
        factor,
        patience: args.count("patience_t", 10)?,
        threshold: args.not_negative("threshold", 1e-4)?,
        threshold_mode: Default::default(),
        cooldown: args.count("cooldown_t", 0)?,
        min_lr: args.not_negative("lr_min", 0.0)?,
        eps: 1e-8,
        threshold_abs: None,
        min_scale: None,
        accumulation: None,
        // What is measured while it warms up is not heard.
        skip: Some(warmup.steps),
        dialect: Some(Dialect::Torch),
    })
}

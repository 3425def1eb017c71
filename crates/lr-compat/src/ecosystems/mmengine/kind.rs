//! The schedulers that MMEngine has.

use lr_schedule::curves::{CosineAnnealingSpec, ExponentialSpec, StepSpec};
use lr_schedule::spec::{Data, Link};
use lr_schedule::{Schedule, ScheduleError, Shape, Spec};

use crate::args::{Args, count, list, number, unknown_scheduler};
use crate::build::{anneal, constant, linear, multi_step, polynomial, sequence, skip, steps, then};
use crate::torch;

const SCHEDULERS: &[&str] = &[
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineRestartLR",
    "ExponentialLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "PolyLR",
    "QuadraticWarmupLR",
    "ReduceOnPlateauLR",
    "StepLR",
];

pub(super) enum Kind {
    /// A factor at each of its steps, of which the last one stays.
    Factor(Spec),
    /// The rates from there on, of the rate that it begins with; the factor that it is too, if it is one; and the
    /// change that it makes at each step, where that has a form.
    From(Box<dyn Fn(f64) -> Spec>, Option<Spec>, Option<Link>),
}

impl Kind {
    /// One that sets the rate, whatever it was.
    fn setting(spec: Spec) -> Self {
        let set = Link::Set {
            of: Box::new(spec.clone()),
        };
        Self::From(Box::new(move |_| spec.clone()), None, Some(set))
    }

    /// The scheduler called `name`, of `own` steps, with `scale` of them for each that an argument counts.
    pub fn read(
        name: &str,
        args: &mut Args,
        own: u64,
        scale: u64,
        base: f64,
    ) -> Result<Self, ScheduleError> {
        let scaled = |count: u64| count.saturating_mul(scale);
        Ok(match name {
            "ConstantLR" => {
                let factor = args.share("factor", 1.0 / 3.0);
                args.check(factor > 0.0, "factor", factor, "above 0");
                Self::Factor(match own {
                    1 => constant(factor),
                    _ => then(own - 1, constant(factor), constant(1.0)),
                })
            }
            "LinearLR" => {
                let start = args.share("start_factor", 1.0 / 3.0);
                let end = args.share("end_factor", 1.0);
                args.check(start > 0.0, "start_factor", start, "above 0");
                Self::Factor(match own {
                    1 => constant(start),
                    _ => linear(start, end, own - 1),
                })
            }
            "ExponentialLR" => {
                let gamma = args.not_negative("gamma", None);
                Self::Factor(Spec::from(ExponentialSpec::new(1.0, gamma)))
            }
            "StepLR" => {
                let length = scaled(args.steps("step_size", None));
                let gamma = args.not_negative("gamma", 0.1);
                Self::Factor(Spec::from(StepSpec::new(1.0, length, gamma)))
            }
            "MultiStepLR" => {
                let milestones = args.items("milestones", count);
                let gamma = args.not_negative("gamma", 0.1);
                Self::Factor(multi_step(1.0, milestones.into_iter().map(scaled), gamma))
            }
            "PolyLR" => {
                let end = args.number("eta_min", 0.0);
                let power = args.positive("power", 1.0);
                let ramp = move |rate| match own {
                    1 => constant(rate),
                    _ => polynomial(rate, end, own - 1, power),
                };
                let factor = (end == 0.0).then(|| ramp(1.0));
                let way = Link::Settle {
                    target: end,
                    steps: steps(own - 1),
                    shape: Shape::Polynomial { power },
                };
                Self::From(Box::new(ramp), factor, Some(way))
            }
            "CosineAnnealingLR" => {
                let t_max = args.maybe_count("T_max").filter(|t_max| *t_max > 0);
                let t_max = t_max.map_or(own, |t_max| t_max.saturating_mul(scale));
                let min = eta_min(args, base, Some(0.0));
                let wave = move |max| Spec::from(CosineAnnealingSpec::new(max, min, t_max));
                let once = own <= t_max.saturating_add(1);
                let rates = move |rate| match rate == base || once {
                    true => wave(rate),
                    false => then(t_max + 1, wave(rate), skip(t_max + 1, wave(base))),
                };
                let factor = (min == 0.0 && once).then(|| wave(1.0));
                let way = Link::Anneal {
                    start: base,
                    floor: min,
                    t_max: steps(t_max),
                };
                Self::From(Box::new(rates), factor, Some(way))
            }
            "CosineRestartLR" => {
                let periods = args.each("periods", count);
                let weights = args.read("restart_weights", |data| list(data, number));
                let weights = weights.unwrap_or_else(|| vec![1.0]);
                let min = eta_min(args, base, None);
                let same = periods.len() == weights.len() && !periods.contains(&0);
                let allowed = "steps, at least 1, one for each of restart_weights";
                args.check(same, "periods", format!("{periods:?}"), allowed);
                let periods = periods.into_iter().zip(weights);
                let cosines = periods.map(|(period, weight)| {
                    let period = period.saturating_mul(scale).max(1);
                    (period, anneal(base * weight, min, period, Shape::Cosine))
                });
                let cosines: Vec<(u64, Spec)> = cosines.collect();
                let end = match cosines.last() {
                    Some((period, cosine)) => cosine.build()?.at(period - 1),
                    None => base,
                };
                Self::setting(sequence(cosines, constant(end)))
            }
            "OneCycleLR" => {
                let total = args.maybe_count("total_steps").map_or(own, scaled);
                let max = args.read("eta_max", Ok);
                let mut given = args.rest();
                if let Data::Table(given) = &mut given {
                    given.push(("total_steps".to_string(), Data::Integer(total.into())));
                    given.extend(max.map(|max| ("max_lr".to_string(), max)));
                }
                Self::setting(torch::named(name, given, base)?)
            }
            "QuadraticWarmupLR" => {
                let up = skip(1, anneal(0.0, base, own, Shape::Power { power: 2.0 }));
                Self::From(Box::new(move |_| up.clone()), None, None)
            }
            name => return Err(unknown_scheduler(name, SCHEDULERS).inside("param_scheduler")),
        })
    }
}

/// The lowest rate, itself or as a share of the optimizer's.
fn eta_min(args: &mut Args, base: f64, default: Option<f64>) -> f64 {
    let rate = args.maybe_number("eta_min");
    let ratio = args.maybe_number("eta_min_ratio");
    if rate.is_some() && ratio.is_some() {
        let why = "is given beside `eta_min`, for which it stands";
        args.refuse("eta_min_ratio", why);
    }
    let given = rate.or(ratio.map(|ratio| base * ratio)).or(default);
    given.unwrap_or_else(|| {
        args.refuse("eta_min", "is missing, and so is `eta_min_ratio`");
        0.0
    })
}

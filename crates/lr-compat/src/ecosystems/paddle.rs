//! PaddlePaddle: `Optimizer.lr` of a YAML, which has the name of a class of `paddle.optimizer.lr` and its arguments; or a
//! rate, which stays.
//!
//! - `NoamDecay` is at 0 in step 0, and counts from there. `PolynomialDecay` ends at 0.0001 by default.
//! - `OneCycleLR` has an `end_learning_rate` that is a rate, not a share: 0.0001 by default.
//! - The schedule within a `LinearWarmup` is counted from the warm-up's end. There a `CosineAnnealingWarmRestarts`
//!   finds its cycle by a quotient of logarithms, rounded down, which may fall one short at a restart.
//! - `ReduceOnPlateau` reduces the rate by itself, as PyTorch's does.
//!
//! From PaddlePaddle 3.3.1: `optimizer/lr.py`.

use lr_schedule::curves::{
    CosineAnnealingSpec, CycleScaling, CyclicConfig, ExponentialSpec, InverseTimeConfig, NoamSpec,
    OneCycleConfig, PolynomialCycleSpec, StepSpec, WarmRestartsSpec,
};
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Shape, Spec};

use super::ecosystem::{Ecosystem, Facts, class};
use super::ramp::restarts;
use crate::args::{Args, buildable, count, number, unknown_scheduler};
use crate::build::{constant, feedback, linear, multi_step, piecewise, polynomial, steps, then};
use crate::torch::cycles::MODES;
use crate::torch::rule::plateau;

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["paddle", "paddlepaddle"],
    recognises: |data| {
        let name = data.at("Optimizer.lr.name");
        matches!(name, Some(Data::Text(name)) if SCHEDULERS.contains(&class(name)))
            || data
                .at(PLACE)
                .is_some_and(|rate| number(rate.clone()).is_ok())
    },
    read,
};

const SCHEDULERS: &[&str] = &[
    "CosineAnnealingDecay",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LambdaDecay",
    "LinearLR",
    "LinearWarmup",
    "MultiStepDecay",
    "MultiplicativeDecay",
    "NaturalExpDecay",
    "NoamDecay",
    "OneCycleLR",
    "PiecewiseDecay",
    "PolynomialDecay",
    "ReduceOnPlateau",
    "StepDecay",
];

const PLACE: &str = "Optimizer.lr";

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let all = &mut Args::new("", data).of_many(|_| false);
    let optimizer = &mut all.inside("Optimizer").of_many(|_| false);
    let given = optimizer.read("lr", Ok);
    optimizer.finish(all.finish(())?)?;
    match given {
        None => facts.rate(None, PLACE).map(constant),
        Some(table @ Data::Table(_)) => {
            let spec = scheduler(&mut Args::new("", table), facts, false);
            buildable(PLACE, spec.map_err(|error| error.inside(PLACE))?)
        }
        Some(rate) => {
            let rate = number(rate).map(constant);
            rate.map_err(|error| error.inside(PLACE))
        }
    }
}

fn scheduler(args: &mut Args, facts: &Facts, warmed: bool) -> Result<Spec, ScheduleError> {
    let name = args.text("name");
    let name = name.ok_or_else(|| ScheduleError::missing("name"))?;
    args.check_last_epoch();
    args.flag("verbose", false);
    let rate = |args: &mut Args| args.not_negative("learning_rate", facts.base_lr);
    let spec = match class(&name) {
        "NoamDecay" => {
            let noam = Spec::from(NoamSpec {
                factor: args.number("learning_rate", 1.0),
                model_size: args.steps("d_model", None),
                warmup: steps(args.steps("warmup_steps", None)),
            });
            then(1, constant(0.0), noam)
        }
        "PiecewiseDecay" => {
            let boundaries = args.each("boundaries", count);
            let mut values = args.each("values", number);
            let allowed = "more than boundaries";
            let more = values.len() > boundaries.len();
            args.check(more, "values", values.len(), allowed);
            args.check_ascending("boundaries", &boundaries);
            if more {
                values.drain(boundaries.len()..values.len() - 1);
            }
            piecewise(values, boundaries)
        }
        "NaturalExpDecay" => {
            let gamma = (-args.positive("gamma", None)).exp();
            Spec::from(ExponentialSpec::new(rate(args), gamma))
        }
        "InverseTimeDecay" => {
            let gamma = args.not_negative("gamma", None);
            Spec::from(InverseTimeConfig::new(rate(args), gamma, 1.0))
        }
        "PolynomialDecay" => {
            let (start, end) = (rate(args), args.number("end_lr", 1e-4));
            let length = args.steps("decay_steps", None);
            let power = args.positive("power", 1.0);
            match args.flag("cycle", false) {
                false => polynomial(start, end, length, power),
                true => Spec::from(PolynomialCycleSpec::new(start, end, length, power)),
            }
        }
        "LinearWarmup" => {
            let inner = args.read("learning_rate", |data| match data {
                Data::Table(_) => scheduler(&mut Args::new("", data), facts, true),
                data => number(data).map(constant),
            });
            let warmup = args.steps("warmup_steps", None);
            let (start, end) = (args.number("start_lr", None), args.number("end_lr", None));
            args.check(end > start, "end_lr", end, "above start_lr");
            let inner = inner.or(facts.base_lr.map(constant));
            let allowed = "a rate or a schedule";
            args.check(inner.is_some(), "learning_rate", "none", allowed);
            let inner = inner.unwrap_or_else(|| constant(end));
            then(warmup, linear(start, end, warmup), inner)
        }
        "ExponentialDecay" => {
            let gamma = args.fraction("gamma", None);
            Spec::from(ExponentialSpec::new(rate(args), gamma))
        }
        "MultiStepDecay" => {
            let milestones = args.items("milestones", count);
            args.check_ascending("milestones", &milestones);
            multi_step(rate(args), milestones, cut(args))
        }
        "StepDecay" => {
            let length = args.steps("step_size", None);
            Spec::from(StepSpec::new(rate(args), length, cut(args)))
        }
        "CosineAnnealingDecay" => {
            let (end, length) = (args.number("eta_min", 0.0), args.steps("T_max", None));
            Spec::from(CosineAnnealingSpec::new(rate(args), end, length))
        }
        "CosineAnnealingWarmRestarts" => {
            let (max, min) = (rate(args), args.number("eta_min", 0.0));
            let (t_0, t_mult) = (args.steps("T_0", None), args.steps("T_mult", 1));
            match warmed && t_mult > 1 {
                true => restarts([max, min], t_0, t_mult as f64),
                false => Spec::from(WarmRestartsSpec {
                    max,
                    min,
                    t_0: steps(t_0),
                    t_mult,
                }),
            }
        }
        "LinearLR" => {
            let base = rate(args);
            let start = args.share("start_factor", 1.0 / 3.0);
            args.check(start > 0.0, "start_factor", start, "above 0");
            let end = args.share("end_factor", 1.0);
            linear(base * start, base * end, args.steps("total_steps", None))
        }
        "OneCycleLR" => {
            let max = args.not_negative("max_learning_rate", None);
            let div_factor = args.positive("divide_factor", 25.0);
            let end = args.not_negative("end_learning_rate", 1e-4);
            let shapes = [("cos", Shape::Cosine), ("linear", Shape::Linear)];
            Spec::from(OneCycleConfig {
                max_lr: max,
                total_steps: steps(args.steps("total_steps", None)),
                pct_start: args.share("phase_pct", 0.3),
                anneal_strategy: args.choice("anneal_strategy", Shape::Cosine, &shapes),
                base_momentum: 0.85,
                max_momentum: 0.95,
                div_factor,
                // An end at 0 is as near to it as a factor comes.
                final_div_factor: (max / div_factor / end).clamp(1e-300, 1e300),
                three_phase: args.flag("three_phase", false),
            })
        }
        "CyclicLR" => {
            let up = args.steps("step_size_up", None);
            let down = args.maybe_count("step_size_down");
            let scaling = args.choice("mode", CycleScaling::None, MODES);
            args.text("scale_mode");
            args.refuse_given("scale_fn", "is a function, which has no form in a file");
            Spec::from(CyclicConfig {
                base: args.number("base_learning_rate", None),
                max: args.not_negative("max_learning_rate", None),
                up: steps(up),
                down: down.map(steps),
                shape: Shape::Linear,
                scaling,
                gamma: args.not_negative("exp_gamma", 1.0),
            })
        }
        "ReduceOnPlateau" if !warmed => {
            let base = rate(args);
            let rule = plateau("", args.rest(), &[("epsilon", "eps")])?;
            feedback(rule, constant(base))
        }
        "LambdaDecay" | "MultiplicativeDecay" => {
            let why = "takes a function, which has no form in a file";
            return Err(ScheduleError::unsupported("", why));
        }
        "ReduceOnPlateau" => {
            let why = "observes a metric, and can't be a part of another scheduler";
            return Err(ScheduleError::unsupported("", why));
        }
        name => return Err(unknown_scheduler(name, SCHEDULERS).inside("name")),
    };
    args.finish(spec)
}

/// The factor of a cut.
fn cut(args: &mut Args) -> f64 {
    let gamma = args.not_negative("gamma", 0.1);
    args.check(gamma < 1.0, "gamma", gamma, "below 1");
    gamma
}

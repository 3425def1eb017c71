//! The constructors of PyTorch's schedulers, each of which changes the optimizer's rate.

use lr_schedule::curves::{CosineAnnealingSpec, ExponentialSpec, StepSpec, WarmRestartsSpec};
use lr_schedule::spec::{Data, Length};
use lr_schedule::{ScheduleError, Shape, Spec};

use super::cycles::{cyclic, one_cycle};
use super::part::{Group, Part, rate};
use crate::args::{Args, config, count, unknown_scheduler};
use crate::build::{constant, linear, multi_step, polynomial, steps, then};

/// The schedulers that [`parse`](crate::torch::parse) knows.
pub const SCHEDULERS: &[&str] = &[
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiplicativeLR",
    "MultiStepLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SWALR",
    "SequentialLR",
    "StepLR",
];

impl Part {
    /// Constructs the scheduler called `name`, which changes the group.
    pub fn construct(name: &str, args: Data, group: &mut Group) -> Result<Self, ScheduleError> {
        let args = &mut Args::new(name, args);
        if name != "ChainedScheduler" {
            args.read("verbose", Ok); // up to 2.6
            args.check_last_epoch();
        }
        let part = match name {
            "StepLR" => {
                let step_size = args.steps("step_size", None);
                let gamma = args.not_negative("gamma", 0.1);
                Self::multiply(group, [1.0; 3], move |start| {
                    Spec::from(StepSpec::new(start, step_size, gamma))
                })
            }
            "MultiStepLR" => {
                let milestones = args.items("milestones", count);
                let gamma = args.not_negative("gamma", 0.1);
                let at_once = milestones.iter().filter(|&&step| step == 0).count();
                Self::multiply(group, [gamma.powi(at_once as i32); 3], move |start| {
                    multi_step(start, milestones.iter().copied(), gamma)
                })
            }
            "ConstantLR" => {
                let factor = args.share("factor", 1.0 / 3.0);
                let total = args.count("total_iters", 5);
                let later = if total == 0 { 1.0 } else { factor };
                Self::multiply(group, [factor, factor, later], move |start| match total {
                    // PyTorch then never comes to the step that takes the factor back.
                    0 => constant(start * factor),
                    _ => then(total, constant(start * factor), constant(start)),
                })
            }
            "LinearLR" => {
                let start_factor = args.share("start_factor", 1.0 / 3.0);
                args.check(start_factor > 0.0, "start_factor", start_factor, "above 0");
                let end_factor = args.share("end_factor", 1.0);
                let total = args.count("total_iters", 5);
                Self::multiply(group, [start_factor; 3], move |start| match total {
                    0 => constant(start * start_factor), // and never the way from there
                    _ => linear(start * start_factor, start * end_factor, total),
                })
            }
            "ExponentialLR" => {
                let gamma = args.not_negative("gamma", None);
                Self::multiply(group, [1.0, gamma, 1.0], move |start| {
                    Spec::from(ExponentialSpec::new(start, gamma))
                })
            }
            "PolynomialLR" => {
                let total = args.count("total_iters", 5);
                let power = args.not_negative("power", 1.0);
                let again = (1.0 / (1.0 + 1.0 / total.max(1) as f64)).powf(power);
                Self::multiply(group, [1.0, again, 1.0], move |start| {
                    match (total, power) {
                        (0, _) | (_, 0.0) => constant(start),
                        _ => polynomial(start, 0.0, total, power),
                    }
                })
            }
            "CosineAnnealingLR" => Self::Cosine(CosineAnnealingSpec {
                max: group.base(),
                t_max: steps(args.steps("T_max", None)),
                min: args.number("eta_min", 0.0),
            }),
            "CosineAnnealingWarmRestarts" => {
                let t_0 = args.steps("T_0", None);
                let t_mult = args.steps("T_mult", 1);
                let max = group.base();
                group.lr = max;
                Self::Set(Spec::from(WarmRestartsSpec {
                    max,
                    min: args.number("eta_min", 0.0),
                    t_0: steps(t_0),
                    t_mult,
                }))
            }
            "SWALR" => {
                group.swa_lr = args.number("swa_lr", None);
                let epochs = args.count("anneal_epochs", 10);
                let shapes = [("cos", Shape::Cosine), ("linear", Shape::Linear)];
                let shape = args.choice("anneal_strategy", Shape::Cosine, &shapes);
                group.base();
                if epochs == 0 {
                    group.lr = group.swa_lr;
                }
                Self::Swa { epochs, shape }
            }
            "OneCycleLR" => {
                let (cycle, _, numbers) = one_cycle(args);
                let [max_lr, div_factor, _] = numbers;
                group.initial_lr = Some(max_lr / div_factor);
                group.one_cycle = Some(numbers);
                group.lr = rate(&cycle, 0);
                Self::Set(cycle)
            }
            "CyclicLR" => {
                let (rates, _) = cyclic(args);
                group.lr = rates.base;
                group.lr = group.base(); // its own base rate comes only after its first step
                Self::Set(Spec::from(rates))
            }
            "SequentialLR" => {
                let (before, last) = args.sequence(|data| Self::inside(data, group))?;
                Self::sequential(before, last, group)?
            }
            "ChainedScheduler" => {
                Self::Chain(args.each("schedulers", |data| Self::inside(data, group)))
            }
            "LambdaLR" | "MultiplicativeLR" => {
                let why = "takes a function, which has no form in JSON: build it in Rust with \
                           `torch::lambda_lr` or `torch::multiplicative_lr`";
                return Err(ScheduleError::unsupported(name, why));
            }
            "ReduceLROnPlateau" => {
                let why = "observes a metric, and can't be a part of another scheduler";
                return Err(ScheduleError::unsupported(name, why));
            }
            _ => return Err(unknown_scheduler(name, SCHEDULERS)),
        };
        args.finish(part)
    }

    /// Constructs a scheduler that is part of another.
    fn inside(data: Data, group: &mut Group) -> Result<Self, ScheduleError> {
        let (name, args) = config(data)?;
        Self::construct(&name, args, group)
    }

    fn sequential(
        mut before: Vec<(u64, Self)>,
        mut last: Self,
        group: &mut Group,
    ) -> Result<Self, ScheduleError> {
        before.retain(|(length, _)| *length > 0);
        let later = before.iter().skip(1).map(|(_, part)| part);
        for part in later.chain((!before.is_empty()).then_some(&last)) {
            if let Self::Sequence(..) | Self::Chain(_) = part {
                let why = "can have a SequentialLR or a ChainedScheduler only as its first part, \
                           as in PyTorch";
                return Err(ScheduleError::unsupported("SequentialLR.schedulers", why));
            }
        }
        group.lr = group.base();
        let beginning = before.first_mut().map_or(&mut last, |(_, part)| part);
        group.lr = beginning.begin_again(group, true).ok_or_else(|| {
            let why = "begins with another, and that with a SWALR, whose steps PyTorch miscounts \
                       there";
            ScheduleError::unsupported("SequentialLR.schedulers", why)
        })?;
        Ok(Self::Sequence(before, Box::new(last)))
    }

    /// The group's rate after a `SequentialLR` begins with this part: its first step a second time,
    /// which inside of another scheduler isn't the same as the first time. `None` where PyTorch loses
    /// count.
    fn begin_again(&mut self, group: &Group, as_constructed: bool) -> Option<f64> {
        let lr = group.lr;
        Some(match self {
            Self::Multiply(part) if as_constructed => lr * part.first,
            Self::Multiply(part) => lr * part.again,
            Self::Cosine(_) if as_constructed => lr,
            Self::Cosine(part) => match part.t_max {
                Length::Steps(t_max @ 2..) => {
                    let wave = 1.0 + (std::f64::consts::PI / t_max as f64).cos();
                    2.0 / wave * (lr - part.min) + part.min
                }
                _ => lr + (part.max - part.min),
            },
            Self::Swa { .. } if !as_constructed => return None,
            Self::Swa { epochs: 0, .. } => group.swa_lr,
            Self::Swa { .. } => lr,
            Self::Set(_) => self.begin(group)?,
            Self::Sequence(before, last) => {
                // Its parts begin again, and its own count does not: it is one step ahead.
                let count = before.first_mut().map_or(u64::MAX, |(length, _)| {
                    *length -= 1;
                    *length
                });
                if count == 0 {
                    before.remove(0);
                    let next = before.first().map_or(&**last, |(_, part)| part);
                    return Some(next.begin(group).unwrap_or(lr));
                }
                let first = before.first_mut().map_or(&mut **last, |(_, part)| part);
                first.begin_again(group, false)?
            }
            Self::Chain(parts) => {
                let mut group = *group;
                for part in parts {
                    group.lr = part.begin_again(&group, false)?;
                }
                group.lr
            }
        })
    }
}

//! The schedulers on the one optimizer that they share: what their constructors do to its rate, and
//! how each goes on from there.

use lr_schedule::curves::{
    ConstantSpec, CosineAnnealingSpec, CurveSpec, ExponentialSpec, MultiStepSpec, StepSpec,
};
use lr_schedule::spec::{Data, Link};
use lr_schedule::{Schedule, ScheduleError, Shape, Spec};

use super::cycles::{Cyclic, OneCycle};
use super::{SCHEDULERS, check_last_epoch};
use crate::args::{Args, config, unknown_scheduler};
use crate::build::{anneal, constant, linear, polynomial, sequence, steps, then};

/// What PyTorch's schedulers share: the optimizer's one group of parameters.
#[derive(Clone, Copy)]
pub(crate) struct Group {
    lr: f64,
    /// The `initial_lr` that the first scheduler leaves there, and `OneCycleLR` replaces.
    initial_lr: Option<f64>,
    /// The rates that `OneCycleLR` and `SWALR` leave there for themselves, which in the end are those
    /// of the last one that was constructed.
    one_cycle: Option<OneCycle>,
    swa_lr: f64,
}

impl Group {
    pub(crate) fn new(lr: f64) -> Self {
        Self {
            lr,
            initial_lr: None,
            one_cycle: None,
            swa_lr: lr,
        }
    }

    /// A cycle with the rates that are the group's.
    fn spec_of(&self, cycle: &OneCycle) -> Spec {
        cycle.spec(self.one_cycle.as_ref().unwrap_or(cycle))
    }

    /// What a scheduler takes for its base rate.
    fn base(&mut self) -> f64 {
        *self.initial_lr.get_or_insert(self.lr)
    }
}

/// A scheduler that has been constructed: how it goes on changing the group's rate.
pub(crate) enum Part {
    Multiply(Multiplier),
    Cosine {
        base: f64,
        eta_min: f64,
        t_max: u64,
    },
    /// To the group's `swa_lr`.
    Swa {
        epochs: u64,
        shape: Shape,
    },
    /// To what a schedule says, whatever it was.
    Set(Spec),
    /// To what the cycle says whose rates the group has in the end.
    OneCycle(OneCycle),
    /// One part after another: each for so many steps but the last.
    Sequence(Vec<(u64, Part)>, Box<Part>),
    Chain(Vec<Part>),
}

/// A scheduler that multiplies the rate, by the factors of a schedule.
pub(crate) struct Multiplier {
    base: f64,
    /// What its constructor multiplies with.
    first: f64,
    /// What it multiplies with where a `SequentialLR` takes its first step a second time.
    again: f64,
    /// What it sets where a `SequentialLR` comes to it later on.
    later: f64,
    /// The schedule that begins after `first` was multiplied with a rate, of that rate.
    of: Box<dyn Fn(f64) -> Spec>,
}

impl Multiplier {
    fn construct(first: f64, group: &mut Group, of: impl Fn(f64) -> Spec + 'static) -> Self {
        let base = group.base();
        group.lr *= first;
        Self {
            base,
            first,
            again: first,
            later: base * first,
            of: Box::new(of),
        }
    }
}

impl Part {
    /// What the constructor called `name` does to the group.
    pub(crate) fn construct(
        name: &str,
        args: Data,
        group: &mut Group,
    ) -> Result<Self, ScheduleError> {
        let known: &[&str] = match name {
            "StepLR" => &["step_size", "gamma", "last_epoch"],
            "MultiStepLR" => &["milestones", "gamma", "last_epoch"],
            "ConstantLR" => &["factor", "total_iters", "last_epoch"],
            "LinearLR" => &["start_factor", "end_factor", "total_iters", "last_epoch"],
            "ExponentialLR" => &["gamma", "last_epoch"],
            "PolynomialLR" => &["total_iters", "power", "last_epoch"],
            "CosineAnnealingLR" => &["T_max", "eta_min", "last_epoch"],
            "CosineAnnealingWarmRestarts" => &["T_0", "T_mult", "eta_min", "last_epoch"],
            "SWALR" => &["swa_lr", "anneal_epochs", "anneal_strategy", "last_epoch"],
            "SequentialLR" => &["schedulers", "milestones", "last_epoch"],
            "ChainedScheduler" => &["schedulers"],
            "OneCycleLR" => return Ok(Self::one_cycle(OneCycle::read(args)?, group)),
            "CyclicLR" => return Ok(Self::cyclic(&Cyclic::read(args)?, group)),
            "LambdaLR" | "MultiplicativeLR" => {
                let why = "takes a function, which has no form in JSON: build it in Rust with \
                           `torch::lambda_lr` or `torch::multiplicative_lr`";
                return Err(ScheduleError::unsupported(name, why));
            }
            "ReduceLROnPlateau" => {
                let why = "hears a metric, and can't be a part of another scheduler";
                return Err(ScheduleError::unsupported(name, why));
            }
            _ => return Err(unknown_scheduler(name, SCHEDULERS)),
        };
        let mut args = Args::new(name, args, known)?;
        check_last_epoch(&mut args)?;
        Ok(match name {
            "StepLR" => {
                let step_size = args.required_steps("step_size")?;
                let gamma = args.not_negative("gamma", 0.1)?;
                Self::Multiply(Multiplier::construct(1.0, group, move |start| {
                    Spec::from(StepSpec {
                        start,
                        step_size: steps(step_size),
                        gamma,
                    })
                }))
            }
            "MultiStepLR" => {
                let milestones = args.counts("milestones")?;
                let gamma = args.not_negative("gamma", 0.1)?;
                let at_once = milestones.iter().filter(|&&step| step == 0).count();
                let first = gamma.powi(at_once as i32);
                Self::Multiply(Multiplier::construct(first, group, move |start| {
                    Spec::from(MultiStepSpec {
                        start,
                        milestones: milestones.iter().map(|&step| steps(step)).collect(),
                        gamma,
                    })
                }))
            }
            "ConstantLR" => {
                let factor = args.share("factor", 1.0 / 3.0)?;
                let total = args.count("total_iters", 5)?;
                let part = Multiplier::construct(factor, group, move |start| match total {
                    // PyTorch then never comes to the step that takes the factor back.
                    0 => constant(start * factor),
                    _ => then(total, constant(start * factor), constant(start)),
                });
                Self::Multiply(match total {
                    0 => Multiplier {
                        later: part.base,
                        ..part
                    },
                    _ => part,
                })
            }
            "LinearLR" => {
                let start_factor = args.share("start_factor", 1.0 / 3.0)?;
                args.check(start_factor > 0.0, "start_factor", start_factor, "above 0")?;
                let end_factor = args.share("end_factor", 1.0)?;
                let total = args.count("total_iters", 5)?;
                let of = move |start: f64| match total {
                    0 => constant(start * start_factor), // and never the way from there
                    _ => linear(start * start_factor, start * end_factor, total),
                };
                Self::Multiply(Multiplier::construct(start_factor, group, of))
            }
            "ExponentialLR" => {
                let gamma = args.required_number("gamma")?;
                args.check(gamma >= 0.0, "gamma", gamma, "at least 0")?;
                let of = move |start| Spec::from(ExponentialSpec { start, gamma });
                Self::Multiply(Multiplier {
                    again: gamma,
                    ..Multiplier::construct(1.0, group, of)
                })
            }
            "PolynomialLR" => {
                let total = args.count("total_iters", 5)?;
                let power = args.not_negative("power", 1.0)?;
                let of = move |start| match (total, power) {
                    (0, _) | (_, 0.0) => constant(start),
                    _ => polynomial(start, 0.0, total, power),
                };
                Self::Multiply(Multiplier {
                    again: (1.0 / (1.0 + 1.0 / total.max(1) as f64)).powf(power),
                    ..Multiplier::construct(1.0, group, of)
                })
            }
            "CosineAnnealingLR" => Self::Cosine {
                base: group.base(),
                t_max: args.required_steps("T_max")?,
                eta_min: args.number("eta_min", 0.0)?,
            },
            "CosineAnnealingWarmRestarts" => {
                let t_0 = args.required_steps("T_0")?;
                let t_mult = args.count("T_mult", 1)?;
                args.check(t_mult >= 1, "T_mult", t_mult, "at least 1")?;
                let max = group.base();
                group.lr = max;
                Self::Set(Spec::WarmRestarts {
                    max,
                    min: args.number("eta_min", 0.0)?,
                    t_0: steps(t_0),
                    t_mult,
                })
            }
            "SWALR" => {
                group.swa_lr = args.required_number("swa_lr")?;
                let epochs = args.count("anneal_epochs", 10)?;
                let shapes = [("cos", Shape::Cosine), ("linear", Shape::Linear)];
                let shape = args.choice("anneal_strategy", "cos", &shapes)?;
                group.base();
                if epochs == 0 {
                    group.lr = group.swa_lr;
                }
                Self::Swa { epochs, shape }
            }
            "SequentialLR" => Self::sequential(&mut args, group)?,
            _ => Self::Chain(args.each("schedulers", |data| {
                let (name, args) = config(data)?;
                Self::construct(&name, args, group)
            })?),
        })
    }

    fn one_cycle(cycle: OneCycle, group: &mut Group) -> Self {
        group.initial_lr = Some(cycle.max_lr / cycle.div_factor);
        group.one_cycle = Some(cycle);
        group.lr = rate(&group.spec_of(&cycle), 0);
        Self::OneCycle(cycle)
    }

    fn cyclic(cyclic: &Cyclic, group: &mut Group) -> Self {
        group.lr = cyclic.base_lr;
        group.lr = group.base(); // its own base rate comes only after its first step
        Self::Set(cyclic.spec())
    }

    fn sequential(args: &mut Args, group: &mut Group) -> Result<Self, ScheduleError> {
        let mut parts = args.each("schedulers", |data| {
            let (name, args) = config(data)?;
            Self::construct(&name, args, group)
        })?;
        let milestones = args.counts("milestones")?;
        let (count, allowed) = (milestones.len(), "one fewer than schedulers");
        args.check(count + 1 == parts.len(), "milestones", count, allowed)?;
        args.check_ascending("milestones", &milestones)?;

        // The part of the first step, and those after it that have steps of their own.
        let first = milestones.partition_point(|&milestone| milestone == 0);
        parts.drain(..first);
        let mut lengths = Vec::new();
        let mut begin = 0;
        for &milestone in &milestones[first..] {
            lengths.push(milestone - begin);
            begin = milestone;
        }
        let mut last = parts.pop().expect("there is one part more than milestones");
        let mut before: Vec<(u64, Part)> = lengths.into_iter().zip(parts).collect();
        before.retain(|(length, _)| *length > 0);

        let later = before.iter().skip(1).map(|(_, part)| part);
        for part in later.chain((!before.is_empty()).then_some(&last)) {
            if let Self::Sequence(..) | Self::Chain(_) = part {
                let why = "can have a SequentialLR or a ChainedScheduler only as its first part, \
                           as in PyTorch";
                return Err(ScheduleError::unsupported(args.place("schedulers"), why));
            }
        }
        group.lr = group.base();
        let beginning = before.first_mut().map_or(&mut last, |(_, part)| part);
        group.lr = beginning.begin_again(group, true).ok_or_else(|| {
            let why = "begins with another, and that with a SWALR, whose steps PyTorch miscounts \
                       there";
            ScheduleError::unsupported(args.place("schedulers"), why)
        })?;
        Ok(Self::Sequence(before, Box::new(last)))
    }

    /// What a `SequentialLR` makes of the group's rate when it begins with this part: its first
    /// step a second time, which for what is inside of another scheduler isn't the same as the
    /// first time. `None` where PyTorch loses count.
    fn begin_again(&mut self, group: &Group, as_constructed: bool) -> Option<f64> {
        let lr = group.lr;
        Some(match self {
            Self::Multiply(part) if as_constructed => lr * part.first,
            Self::Multiply(part) => lr * part.again,
            Self::Cosine { .. } if as_constructed => lr,
            Self::Cosine {
                base,
                eta_min,
                t_max: 1,
            } => lr + (*base - *eta_min),
            Self::Cosine { eta_min, t_max, .. } => {
                let wave = 1.0 + (std::f64::consts::PI / *t_max as f64).cos();
                2.0 / wave * (lr - *eta_min) + *eta_min
            }
            Self::Swa { .. } if !as_constructed => return None,
            Self::Swa { epochs: 0, .. } => group.swa_lr,
            Self::Swa { .. } => lr,
            Self::Set(spec) => rate(spec, 0),
            Self::OneCycle(cycle) => rate(&group.spec_of(cycle), 0),
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

    /// The schedule, of an optimizer whose rate was `base_lr` before, and is the group's now.
    pub(super) fn into_spec(self, base_lr: f64, group: &Group) -> Spec {
        match self.closed_form(base_lr, group) {
            Some(spec) => spec,
            None => Spec::Recurrence {
                start: group.lr,
                links: match self.link(group) {
                    Link::Chain(links) => links,
                    link => vec![link],
                },
            },
        }
    }

    /// The formula, where there is one.
    fn closed_form(&self, base_lr: f64, group: &Group) -> Option<Spec> {
        match self {
            Self::Sequence(before, last) => {
                let before = before.iter().map(|(length, part)| (*length, part, group));
                let lr = group.initial_lr.unwrap_or(base_lr);
                closed_sequence(before, (last, group), lr)
            }
            Self::Chain(parts) => match parts.as_slice() {
                [part] => part.closed_form(base_lr, group),
                parts => closed_product(parts.iter(), base_lr),
            },
            part => part.part_of_sequence(base_lr, true, group),
        }
    }

    /// The formula of a part that begins when the rate is `lr`.
    pub(crate) fn part_of_sequence(&self, lr: f64, first: bool, group: &Group) -> Option<Spec> {
        Some(match self {
            Self::Multiply(part) if first => (part.of)(lr),
            Self::Multiply(part) => match (part.of)(part.base) {
                Spec::Curve(CurveSpec::Constant(ConstantSpec { .. })) => constant(part.later),
                spec => spec,
            },
            Self::Cosine { base, .. } if first && lr != *base => return None,
            Self::Cosine {
                base,
                eta_min,
                t_max,
            } => Spec::from(CosineAnnealingSpec {
                max: *base,
                min: *eta_min,
                t_max: steps(*t_max),
            }),
            Self::Swa { epochs, shape } => anneal(lr, group.swa_lr, *epochs, *shape),
            Self::Set(spec) => spec.clone(),
            Self::OneCycle(cycle) => group.spec_of(cycle),
            Self::Sequence(..) | Self::Chain(_) => return None,
        })
    }

    /// The recursion.
    pub(crate) fn link(&self, group: &Group) -> Link {
        match self {
            Self::Multiply(part) => Link::Multiply {
                of: Box::new((part.of)(1.0)),
            },
            Self::Cosine {
                base,
                eta_min,
                t_max,
            } => Link::Anneal {
                start: *base,
                floor: *eta_min,
                t_max: steps(*t_max),
            },
            Self::Swa { epochs, shape } => Link::Settle {
                target: group.swa_lr,
                steps: steps(*epochs),
                shape: *shape,
            },
            Self::Set(spec) => Link::Set {
                of: Box::new(spec.clone()),
            },
            Self::OneCycle(cycle) => Link::Set {
                of: Box::new(group.spec_of(cycle)),
            },
            Self::Sequence(before, last) => {
                let (mut link, mut start) = (last.link(group), last.begin(group));
                for (length, part) in before.iter().rev() {
                    link = Link::Then {
                        first: Box::new(part.link(group)),
                        steps: steps(*length),
                        start,
                        next: Box::new(link),
                    };
                    start = part.begin(group);
                }
                link
            }
            Self::Chain(parts) => Link::Chain(parts.iter().map(|part| part.link(group)).collect()),
        }
    }

    /// What a `SequentialLR` sets when it comes to this part; `None` where it leaves the rate.
    pub(crate) fn begin(&self, group: &Group) -> Option<f64> {
        match self {
            Self::Multiply(part) => Some(part.later),
            Self::Cosine { base, .. } => Some(*base),
            Self::Swa { epochs, .. } => (*epochs == 0).then_some(group.swa_lr),
            Self::Set(spec) => Some(rate(spec, 0)),
            Self::OneCycle(cycle) => Some(rate(&group.spec_of(cycle), 0)),
            Self::Sequence(..) | Self::Chain(_) => None,
        }
    }
}

/// The formula of one part after another, the first of which begins when the rate is `lr`.
pub(crate) fn closed_sequence<'p>(
    before: impl Iterator<Item = (u64, &'p Part, &'p Group)>,
    (last, group): (&Part, &Group),
    mut lr: f64,
) -> Option<Spec> {
    let mut parts: Vec<(u64, Spec)> = Vec::new();
    for (length, part, group) in before {
        let spec = part.part_of_sequence(lr, parts.is_empty(), group)?;
        lr = rate(&spec, length - 1);
        parts.push((length, spec));
    }
    let last = last.part_of_sequence(lr, parts.is_empty(), group)?;
    Some(sequence(parts, last))
}

/// The formula of parts at once, where all of them multiply.
pub(crate) fn closed_product<'p>(
    parts: impl Iterator<Item = &'p Part>,
    base_lr: f64,
) -> Option<Spec> {
    let factors = parts.map(|part| match part {
        Part::Multiply(part) => Some((part.of)(1.0)),
        _ => None,
    });
    let mut factors = factors.collect::<Option<Vec<_>>>()?;
    factors.insert(0, constant(base_lr));
    Some(Spec::Product(factors))
}

/// The rate that `spec` gives for `step`. Of one that can't be built it is none, and so can't be what
/// is made of it, which is what is said in the end.
pub(crate) fn rate(spec: &Spec, step: u64) -> f64 {
    spec.build().map_or(f64::NAN, |schedule| schedule.at(step))
}

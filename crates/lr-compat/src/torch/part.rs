//! Schedulers that have been constructed on one optimizer: how each goes on from there, as a formula
//! and as a recursion.

use lr_schedule::curves::{ConstantSpec, CosineAnnealingSpec, CurveSpec};
use lr_schedule::spec::Link;
use lr_schedule::{Schedule, Shape, Spec};

use crate::build::{anneal, constant, sequence, steps};

/// The optimizer's one group of parameters, which PyTorch's schedulers share.
#[derive(Clone, Copy)]
pub struct Group {
    pub(super) lr: f64,
    /// The `initial_lr` that the first scheduler leaves there, and `OneCycleLR` replaces.
    pub(super) initial_lr: Option<f64>,
    /// The numbers that `OneCycleLR` and `SWALR` leave there for themselves, which in the end are those of the last
    /// one that was constructed.
    pub(super) one_cycle: Option<[f64; 3]>,
    pub(super) swa_lr: f64,
}

impl Group {
    pub fn new(lr: f64) -> Self {
        Self {
            lr,
            initial_lr: None,
            one_cycle: None,
            swa_lr: lr,
        }
    }

    /// A schedule, of which a cycle has the numbers that are the group's.
    fn spec_of(&self, spec: &Spec) -> Spec {
        let mut spec = spec.clone();
        if let Spec::Curve(CurveSpec::OneCycle(cycle)) = &mut spec
            && let Some(rates) = self.one_cycle
        {
            [cycle.max_lr, cycle.div_factor, cycle.final_div_factor] = rates;
        }
        spec
    }

    /// The base rate that a scheduler takes from it.
    pub(super) fn base(&mut self) -> f64 {
        *self.initial_lr.get_or_insert(self.lr)
    }
}

/// A scheduler that has been constructed, and changes the group's rate at each step.
pub enum Part {
    Multiply(Multiplier),
    /// A cosine, by what it adds.
    Cosine(CosineAnnealingSpec),
    /// A way to the group's `swa_lr`.
    Swa {
        epochs: u64,
        shape: Shape,
    },
    /// The rates of a schedule, whatever the rate was; of a cycle with the bounds that the group has in the end.
    Set(Spec),
    /// One part after another: each for so many steps but the last.
    Sequence(Vec<(u64, Part)>, Box<Part>),
    Chain(Vec<Part>),
}

/// A scheduler that multiplies the rate, by the factors of a schedule.
pub struct Multiplier {
    pub(super) base: f64,
    /// The factor of its constructor.
    pub(super) first: f64,
    /// The factor where a `SequentialLR` takes its first step a second time.
    pub(super) again: f64,
    /// The rate that it sets where a `SequentialLR` comes to it later on.
    pub(super) later: f64,
    /// The schedule that begins after `first` was multiplied with a rate, of that rate.
    pub(super) of: Box<dyn Fn(f64) -> Spec>,
}

impl Part {
    /// Constructs one that multiplies: see [`Multiplier`], where `later` is a rate.
    pub(super) fn multiply(
        group: &mut Group,
        [first, again, later]: [f64; 3],
        of: impl Fn(f64) -> Spec + 'static,
    ) -> Self {
        let base = group.base();
        group.lr *= first;
        Self::Multiply(Multiplier {
            base,
            first,
            again,
            later: base * later,
            of: Box::new(of),
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
    pub fn part_of_sequence(&self, lr: f64, first: bool, group: &Group) -> Option<Spec> {
        Some(match self {
            Self::Multiply(part) if first => (part.of)(lr),
            Self::Multiply(part) => match (part.of)(part.base) {
                Spec::Curve(CurveSpec::Constant(ConstantSpec { .. })) => constant(part.later),
                spec => spec,
            },
            Self::Cosine(part) if first && lr != part.max => return None,
            Self::Cosine(part) => part.clone().into(),
            Self::Swa { epochs, shape } => anneal(lr, group.swa_lr, *epochs, *shape),
            Self::Set(spec) => group.spec_of(spec),
            Self::Sequence(..) | Self::Chain(_) => return None,
        })
    }

    /// The recursion.
    pub fn link(&self, group: &Group) -> Link {
        match self {
            Self::Multiply(part) => Link::Multiply {
                of: Box::new((part.of)(1.0)),
            },
            Self::Cosine(part) => Link::Anneal {
                start: part.max,
                floor: part.min,
                t_max: part.t_max,
            },
            Self::Swa { epochs, shape } => Link::Settle {
                target: group.swa_lr,
                steps: steps(*epochs),
                shape: *shape,
            },
            Self::Set(spec) => Link::Set {
                of: Box::new(group.spec_of(spec)),
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

    /// The rate that a `SequentialLR` sets when it comes to this part; `None` where it sets none.
    pub fn begin(&self, group: &Group) -> Option<f64> {
        match self {
            Self::Multiply(part) => Some(part.later),
            Self::Cosine(part) => Some(part.max),
            Self::Swa { epochs, .. } => (*epochs == 0).then_some(group.swa_lr),
            Self::Set(spec) => Some(rate(&group.spec_of(spec), 0)),
            Self::Sequence(..) | Self::Chain(_) => None,
        }
    }
}

/// The formula of one part after another, the first of which begins when the rate is `lr`.
pub fn closed_sequence<'p>(
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
pub fn closed_product<'p>(parts: impl Iterator<Item = &'p Part>, base_lr: f64) -> Option<Spec> {
    let factors = parts.map(|part| match part {
        Part::Multiply(part) => Some((part.of)(1.0)),
        _ => None,
    });
    let mut factors = factors.collect::<Option<Vec<_>>>()?;
    factors.insert(0, constant(base_lr));
    Some(Spec::Product(factors))
}

/// The rate that `spec` gives for `step`, or NaN for a spec that can't be built: then a spec made of it
/// can't be built either, which is the error in the end.
pub fn rate(spec: &Spec, step: u64) -> f64 {
    spec.build().map_or(f64::NAN, |schedule| schedule.at(step))
}

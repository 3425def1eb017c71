//! A scheduler and those inside of it, each at its step, for one parameter group.
//!
//! The next rate of PyTorch's schedulers depends on the rate that the optimizer has now and on the count of
//! each of them. So each goes on as its link does, [skipped](Link::Skip) to its own count.

use lr_compat::build::steps;
use lr_schedule::spec::Link;

use super::class::recognise;
use super::context::Context;
use super::leaf::{Leaf, skipped};
use crate::error::{TorchError, at_most};
use crate::value::Value;

/// How deep schedulers may be in each other.
const MAX_DEPTH: u64 = 8;

pub(super) enum Node {
    Leaf(Box<Leaf>),
    Sequence {
        place: String,
        parts: Vec<Node>,
        milestones: Vec<u64>,
        count: u64,
    },
    Chain(Vec<Node>),
}

impl Node {
    pub fn read(
        state: &Value<'_>,
        class: &'static str,
        context: &Context<'_, '_>,
        depth: u64,
    ) -> Result<Self, TorchError> {
        at_most(MAX_DEPTH, "the depth of the schedulers", depth)?;
        let parts = || {
            let list = state.field("_schedulers")?;
            let items = context.budget.items(&list)?;
            if items.is_empty() {
                return list.wrong("at least one scheduler");
            }
            let parts = items.iter();
            let parts = parts.map(|part| Self::read(part, recognise(part)?, context, depth + 1));
            parts.collect::<Result<Vec<_>, _>>()
        };
        match class {
            "ChainedScheduler" => Ok(Self::Chain(parts()?)),
            "SequentialLR" => Self::sequence(state, parts()?, context),
            "ReduceLROnPlateau" => state.unsupported(
                "is a ReduceLROnPlateau, which PyTorch takes for no part of another one",
            ),
            "LambdaLR" if depth > 0 => state.unsupported(
                "is a LambdaLR or a MultiplicativeLR within another scheduler, whose function is not in the \
                 file, and cannot be given for a part: make the whole schedule by hand",
            ),
            class => {
                let schedule = context.schedule.filter(|_| depth == 0);
                let leaf = Leaf::read(state, class, schedule, context)?;
                Ok(Self::Leaf(Box::new(leaf)))
            }
        }
    }

    fn sequence(
        state: &Value<'_>,
        parts: Vec<Self>,
        context: &Context<'_, '_>,
    ) -> Result<Self, TorchError> {
        let list = state.field("_milestones")?;
        let milestones = context.budget.items(&list)?;
        let milestones = milestones.iter().map(Value::count);
        let milestones = milestones.collect::<Result<Vec<_>, _>>()?;
        if milestones.len() + 1 != parts.len() {
            return list.wrong("one fewer than _schedulers");
        }
        if !milestones.is_sorted() {
            return list.wrong("in ascending order");
        }
        Ok(Self::Sequence {
            place: state.place().to_string(),
            parts,
            milestones,
            count: state.field("last_epoch")?.count()?,
        })
    }

    /// The number of steps that it has had.
    pub fn position(&self) -> Result<u64, TorchError> {
        match self {
            Self::Leaf(leaf) => u64::try_from(leaf.last_epoch).map_err(|_| {
                let place = format!("{}.last_epoch", leaf.place);
                let place = place.trim_start_matches('.');
                TorchError::invalid(place, leaf.last_epoch, "at least 0")
            }),
            Self::Sequence { count, .. } => Ok(*count),
            Self::Chain(parts) => parts[0].position(), // there is at least one
        }
    }

    /// The rate that it was constructed with.
    pub fn base(&self) -> f64 {
        match self {
            Self::Leaf(leaf) => leaf.base,
            Self::Sequence { parts, .. } | Self::Chain(parts) => parts[0].base(),
        }
    }

    pub fn leaf(&self) -> Option<&Leaf> {
        match self {
            Self::Leaf(leaf) => Some(leaf),
            _ => None,
        }
    }

    /// Its changes of the rate from here on.
    pub fn link(&self) -> Result<Link, TorchError> {
        match self {
            Self::Leaf(leaf) => match leaf.at {
                Some(at) => Ok(skipped(at, leaf.part.link(&leaf.group))),
                None => Err(leaf.has_not_begun()),
            },
            Self::Chain(parts) => {
                let links = parts.iter().map(Self::link);
                Ok(Link::Chain(links.collect::<Result<_, _>>()?))
            }
            Self::Sequence { place, .. } => {
                let mut stretches = Vec::new();
                for (part, length, current) in self.stretches() {
                    let (start, link) = match (current, part) {
                        (true, part) => (None, part.link()?),
                        (false, Self::Leaf(leaf)) => leaf.begin()?,
                        (false, _) => return Err(begins_another(place)),
                    };
                    stretches.push((link, start, length));
                }
                Ok(one_after_another(&stretches))
            }
        }
    }

    /// The parts of a sequence that have steps ahead: how many of them, and whether it is the one
    /// that the sequence is in. The last one has no end.
    pub fn stretches(&self) -> Vec<(&Self, u64, bool)> {
        let Self::Sequence {
            parts,
            milestones,
            count,
            ..
        } = self
        else {
            return Vec::new();
        };
        let current = milestones.partition_point(|milestone| milestone <= count);
        let mut begin = *count;
        let mut stretches = Vec::new();
        for (i, part) in parts.iter().enumerate().skip(current) {
            let end = milestones.get(i).copied().unwrap_or(u64::MAX);
            if end > begin {
                stretches.push((part, end - begin, i == current));
            }
            begin = end;
        }
        stretches
    }
}

pub(super) fn begins_another(place: &str) -> TorchError {
    let why = "comes to a SequentialLR or a ChainedScheduler that is not its first part, where \
               PyTorch raises a NotImplementedError";
    TorchError::unsupported(place, why)
}

/// Each of some links for its number of steps, by halves, so that many of them are not deep in each
/// other.
fn one_after_another(stretches: &[(Link, Option<f64>, u64)]) -> Link {
    match stretches {
        [] => Link::Chain(Vec::new()),
        [(link, ..)] => link.clone(),
        _ => {
            let (before, after) = stretches.split_at(stretches.len() / 2);
            let length = before.iter().map(|(.., length)| length).sum();
            Link::Then {
                first: Box::new(one_after_another(before)),
                steps: steps(length),
                start: after[0].1,
                next: Box::new(one_after_another(after)),
            }
        }
    }
}

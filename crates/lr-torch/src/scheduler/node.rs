//! A scheduler and those inside of it, each at its step, for one parameter group.
//!
//! The next rate of PyTorch's schedulers depends on the rate that the optimizer has now and on the count of
//! each of them. So each goes on as its link does, [skipped](Link::Skip) to its own count.

use std::ops::Range;

use lr_compat::build::steps;
use lr_schedule::spec::Link;

use super::class::recognise;
use super::context::Context;
use super::leaf::{Leaf, skipped};
use crate::error::{TorchError, at_most};
use crate::value::Value;

/// The depth to which schedulers may be in each other.
const MAX_DEPTH: u64 = 8;

pub(super) enum Node<'a> {
    Leaf(Box<Leaf<'a>>),
    Sequence(Sequence<'a>),
    Chain(Vec<Self>),
}

/// Schedulers after one another.
pub(super) struct Sequence<'a> {
    pub state: Value<'a>,
    /// Each with its steps; the last one has no end.
    pub parts: Vec<(Node<'a>, Range<u64>)>,
    pub count: u64,
}

impl<'a> Node<'a> {
    pub fn read(
        state: &Value<'a>,
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
            "SequentialLR" => Ok(Self::Sequence(Sequence::read(state, parts()?, context)?)),
            "ReduceLROnPlateau" => state.unsupported(
                "is a ReduceLROnPlateau, which PyTorch takes for no part of another one",
            ),
            "LambdaLR" if depth > 0 => state.unsupported(
                "is a LambdaLR or a MultiplicativeLR within another scheduler, whose function is not in the \
                 file, and cannot be given for a part: make the whole schedule by hand",
            ),
            class => {
                let leaf = Leaf::read(state, class, context)?;
                Ok(Self::Leaf(Box::new(leaf)))
            }
        }
    }

    /// The number of steps that it has had.
    pub fn position(&self) -> Result<u64, TorchError> {
        match self {
            Self::Leaf(leaf) => leaf.state.field("last_epoch")?.count(),
            Self::Sequence(sequence) => Ok(sequence.count),
            Self::Chain(parts) => parts[0].position(), // there is at least one
        }
    }

    /// The rate that it was constructed with.
    pub fn base(&self) -> f64 {
        match self {
            Self::Leaf(leaf) => leaf.base,
            Self::Sequence(sequence) => sequence.parts[0].0.base(),
            Self::Chain(parts) => parts[0].base(),
        }
    }

    pub fn leaf(&self) -> Option<&Leaf<'a>> {
        match self {
            Self::Leaf(leaf) => Some(leaf),
            _ => None,
        }
    }

    /// Its changes of the rate from here on.
    pub fn link(&self) -> Result<Link, TorchError> {
        match self {
            Self::Leaf(leaf) => Ok(skipped(leaf.begun()?, leaf.part.link(&leaf.group))),
            Self::Chain(parts) => {
                let links = parts.iter().map(Self::link);
                Ok(Link::Chain(links.collect::<Result<_, _>>()?))
            }
            Self::Sequence(sequence) => {
                let stretches = sequence.ahead().map(|(part, length, current)| {
                    let (start, link) = match (current, part) {
                        (true, part) => (None, part.link()?),
                        (false, Self::Leaf(leaf)) => leaf.begin()?,
                        (false, _) => {
                            return sequence.state.unsupported(
                                "comes to a SequentialLR or a ChainedScheduler that is not its first \
                                 part, where PyTorch raises a NotImplementedError",
                            );
                        }
                    };
                    Ok((link, start, length))
                });
                let stretches = stretches.collect::<Result<Vec<_>, _>>()?;
                Ok(one_after_another(&stretches))
            }
        }
    }
}

impl<'a> Sequence<'a> {
    fn read(
        state: &Value<'a>,
        parts: Vec<Node<'a>>,
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
        let mut begin = 0;
        let ends = milestones.into_iter().chain([u64::MAX]);
        let steps = ends.map(|end| std::mem::replace(&mut begin, end)..end);
        Ok(Self {
            state: state.clone(),
            parts: parts.into_iter().zip(steps).collect(),
            count: state.field("last_epoch")?.count()?,
        })
    }

    /// The parts that have steps ahead: how many of them, and whether it is the one that the sequence is in.
    pub fn ahead(&self) -> impl Iterator<Item = (&Node<'a>, u64, bool)> {
        let parts = self.parts.iter();
        let parts = parts.filter(|(_, steps)| steps.end > self.count && !steps.is_empty());
        parts.map(|(part, steps)| {
            let length = steps.end - steps.start.max(self.count);
            (part, length, steps.contains(&self.count))
        })
    }
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

//! A scheduler and those inside of it, each at the step where it stands, for one parameter group.
//!
//! What PyTorch's schedulers do next depends on the rate that the optimizer has now and on the
//! counts that each of them has come to. That is followed as it is: each goes on as its link does,
//! [skipped](Link::Skip) to its own count.

use std::cell::Cell;

use lr_schedule::spec::Link;
use lr_schedule::{Schedule, ScheduleError, Spec};

use super::arguments::{arguments, custom_scale};
use super::class::recognise;
use super::{ReadOptions, ScheduleOf};
use crate::build::{constant, delay, skip, steps};
use crate::pytorch::{TorchError, Value};
use crate::torch;
use crate::torch::part::{Group, Part, closed_product, closed_sequence, rate};

/// How deep schedulers may be in each other.
const MAX_DEPTH: usize = 8;

/// How many groups there may be, and schedulers and milestones in all of them together.
const MAX_PARTS: u64 = 10_000;

/// How many steps a formula is compared with the links, and how close it has to be, as a share of
/// the largest rate. Where the two are of one mind their rounding may still part them: PyTorch's
/// cosine goes on from its lowest point with an error of about 2e-17 times the square of `T_max`.
const COMPARED_STEPS: u64 = 256;
const CLOSE: f64 = 5e-13;

/// What is the same for all schedulers of a file.
pub(super) struct Context<'r, 'a> {
    pub options: &'r ReadOptions<'r, 'a>,
    /// How many groups, schedulers and milestones were read.
    pub parts: Cell<u64>,
    /// Which of the parameter groups is read.
    pub group: usize,
}

impl Context<'_, '_> {
    /// That so many more groups, schedulers or milestones are read.
    pub fn add(&self, parts: u64) -> Result<(), TorchError> {
        let parts = self.parts.get().saturating_add(parts);
        self.parts.set(parts);
        match parts <= MAX_PARTS {
            true => Ok(()),
            false => Err(TorchError::TooLarge {
                what: "the number of parameter groups, and of schedulers and milestones in all of them,",
                size: parts,
                limit: MAX_PARTS,
            }),
        }
    }
}

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

pub(super) struct Leaf {
    place: String,
    part: Part,
    group: Group,
    base: f64,
    momentum: Option<Spec>,
    /// `last_epoch`, which is negative for one that has not begun.
    last_epoch: i64,
    /// The step of its schedule where it stands; none for one that has not begun.
    at: Option<u64>,
    /// The step of its schedule where it would begin in a `SequentialLR`.
    begins_at: u64,
}

impl Node {
    pub fn read(
        state: &Value<'_>,
        class: &'static str,
        context: &Context<'_, '_>,
        depth: usize,
    ) -> Result<Self, TorchError> {
        if depth > MAX_DEPTH {
            return Err(TorchError::TooLarge {
                what: "the depth of the schedulers",
                size: depth as u64,
                limit: MAX_DEPTH as u64,
            });
        }
        let parts = || {
            let list = state.field("_schedulers")?;
            context.add(list.count_items()?)?;
            let items = list.items()?;
            if items.is_empty() {
                return list.out_of_bounds("at least one scheduler");
            }
            let parts = items.iter();
            let parts = parts.map(|part| Self::read(part, recognise(part)?, context, depth + 1));
            parts.collect::<Result<Vec<_>, _>>()
        };
        match class {
            "ChainedScheduler" => Ok(Self::Chain(parts()?)),
            "SequentialLR" => Self::sequence(state, parts()?, context),
            "ReduceLROnPlateau" => {
                let why = "is a ReduceLROnPlateau, which PyTorch takes for no part of another one";
                Err(TorchError::unsupported(state.place(), why))
            }
            "LambdaLR" | "MultiplicativeLR" => match &context.options.schedule {
                Some(schedule) if depth == 0 => Leaf::function(state, schedule, context.group),
                _ => {
                    let why = "is a LambdaLR or a MultiplicativeLR, whose function is not in the \
                               file: give the schedule that it makes, with \
                               `ReadOptions::with_schedule` (transformers' from its config, by \
                               `transformers::parse`), or make it with `torch::lambda_lr` or \
                               `torch::multiplicative_lr`";
                    Err(TorchError::unsupported(state.place(), why))
                }
            },
            class => Leaf::read(state, class, context),
        }
    }

    fn sequence(
        state: &Value<'_>,
        parts: Vec<Self>,
        context: &Context<'_, '_>,
    ) -> Result<Self, TorchError> {
        let list = state.field("_milestones")?;
        context.add(list.count_items()?)?;
        let milestones = list.items()?;
        let milestones = milestones.iter().map(Value::count);
        let milestones = milestones.collect::<Result<Vec<_>, _>>()?;
        if milestones.len() + 1 != parts.len() {
            return list.out_of_bounds("one fewer than _schedulers");
        }
        if !milestones.is_sorted() {
            return list.out_of_bounds("in ascending order");
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

    /// The schedule of a scheduler that has come to step `position`, when the rate is `lr`: a
    /// formula where one gives the rates that PyTorch would come to, and else what it does from step
    /// to step.
    pub fn schedule(&self, position: u64, lr: f64) -> Result<Spec, TorchError> {
        let links = match self.link()? {
            Link::Chain(links) => links,
            link => vec![link],
        };
        let rest = Spec::Recurrence { start: lr, links };
        let stepped = rest.build()?;
        let closed = self.closed(position, self.base());
        if let Some(spec) = &closed {
            let now = rate(spec, position);
            if agree(spec, position, &stepped) {
                return Ok(spec.clone());
            }
            // Another rate than that of the schedule, of which what multiplies keeps the factor.
            let scaled = self
                .multiplies()
                .then(|| self.closed(position, self.base() * (lr / now)));
            if let Some(spec) = scaled
                .flatten()
                .filter(|spec| agree(spec, position, &stepped))
            {
                return Ok(spec);
            }
        }
        Ok(delay(position, rest))
    }

    /// Whether all it does to the rate is to multiply it.
    fn multiplies(&self) -> bool {
        match self {
            Self::Leaf(leaf) => matches!(leaf.part, Part::Multiply(_)),
            Self::Sequence { .. } => false,
            Self::Chain(parts) => parts.iter().all(Self::multiplies),
        }
    }

    fn leaf(&self) -> Option<&Leaf> {
        match self {
            Self::Leaf(leaf) => Some(leaf),
            _ => None,
        }
    }

    /// The formula of the whole schedule, which has been stepped `position` times, of a base rate.
    fn closed(&self, position: u64, base: f64) -> Option<Spec> {
        match self {
            Self::Leaf(leaf) if leaf.at == Some(position) => {
                leaf.part.part_of_sequence(base, true, &leaf.group)
            }
            Self::Leaf(_) => None,
            Self::Sequence {
                parts,
                milestones,
                count,
                ..
            } => {
                let current = milestones.partition_point(|milestone| milestone <= count);
                let begun = current
                    .checked_sub(1)
                    .map_or(0, |before| milestones[before]);
                let leaves = parts.iter().map(Self::leaf).collect::<Option<Vec<_>>>()?;
                let counts = *count == position
                    && leaves[current].at == Some(count - begun)
                    && leaves[current + 1..].iter().all(|leaf| leaf.begins_at == 0);
                if !counts {
                    return None;
                }
                // Those before the first milestone above 0 have no steps.
                let first = milestones.partition_point(|milestone| *milestone == 0);
                let mut begin = 0;
                let mut before = Vec::new();
                for (leaf, milestone) in leaves[first..].iter().zip(&milestones[first..]) {
                    if *milestone > begin {
                        before.push((milestone - begin, &leaf.part, &leaf.group));
                    }
                    begin = *milestone;
                }
                let last = leaves.last()?;
                closed_sequence(before.into_iter(), (&last.part, &last.group), base)
            }
            Self::Chain(parts) => match parts.as_slice() {
                [part] => part.closed(position, base),
                parts => {
                    let leaves = parts.iter().map(Self::leaf).collect::<Option<Vec<_>>>()?;
                    let together = leaves.iter().all(|leaf| leaf.at == Some(position));
                    let parts = leaves.iter().map(|leaf| &leaf.part);
                    together.then(|| closed_product(parts, base)).flatten()
                }
            },
        }
    }

    /// What it does to the rate from here on.
    fn link(&self) -> Result<Link, TorchError> {
        match self {
            Self::Leaf(leaf) => match leaf.at {
                Some(at) => Ok(skipped(at, leaf.part.link(&leaf.group))),
                None => Err(leaf.has_not_begun()),
            },
            Self::Chain(parts) => {
                let links = parts.iter().map(Self::link);
                Ok(Link::Chain(links.collect::<Result<_, _>>()?))
            }
            Self::Sequence { .. } => {
                let mut stretches = Vec::new();
                for (part, length, current) in self.stretches() {
                    let (start, link) = match (current, part) {
                        (true, part) => (None, part.link()?),
                        (false, Self::Leaf(leaf)) => leaf.begin()?,
                        (false, _) => return Err(self.begins_another()),
                    };
                    stretches.push((link, start, length));
                }
                Ok(one_after_another(&stretches))
            }
        }
    }

    /// The parts of a sequence that have steps ahead: how many of them, and whether it is the one
    /// that the sequence is in. The last one has no end.
    fn stretches(&self) -> Vec<(&Self, u64, bool)> {
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

    fn begins_another(&self) -> TorchError {
        let place = match self {
            Self::Sequence { place, .. } => place.as_str(),
            _ => "",
        };
        let why = "comes to a SequentialLR or a ChainedScheduler that is not its first part, where \
                   PyTorch raises a NotImplementedError";
        TorchError::unsupported(place, why)
    }

    /// The momentum from here on, counted from 0, where it moves any.
    fn momentum_ahead(&self, now: Option<f64>) -> Result<Option<Spec>, TorchError> {
        Ok(match self {
            Self::Leaf(leaf) => {
                let at = leaf.at.ok_or_else(|| leaf.has_not_begun())?;
                leaf.momentum.clone().map(|spec| skip(at, spec))
            }
            Self::Chain(parts) => {
                let mut last = None;
                for part in parts {
                    last = part.momentum_ahead(now)?.or(last);
                }
                last
            }
            Self::Sequence { place, .. } => {
                let mut moves = false;
                let mut momentum = now;
                let mut ahead = Vec::new();
                for (part, length, current) in self.stretches() {
                    let spec = match (current, part) {
                        (true, part) => part.momentum_ahead(momentum)?,
                        (false, part) => part.leaf().and_then(|leaf| leaf.momentum.clone()),
                    };
                    moves |= spec.is_some();
                    let spec = spec.or(momentum.map(constant));
                    momentum = spec.as_ref().map(|spec| rate(spec, length - 1));
                    ahead.push((length, spec));
                }
                if !moves {
                    return Ok(None);
                }
                let known = ahead.iter().cloned();
                let known = known.map(|(length, spec)| Some((length, spec?)));
                let Some(mut known) = known.collect::<Option<Vec<_>>>() else {
                    let why = "moves the momentum later on, which until then is in the optimizer's \
                               param_groups: give the optimizer's state too";
                    return Err(TorchError::unsupported(place.as_str(), why));
                };
                let (_, last) = known.pop().ok_or_else(|| self.begins_another())?;
                Some(crate::build::sequence(known, last))
            }
        })
    }

    /// The momentum of a scheduler that has come to step `position`, when it is `now`.
    pub fn momentum(&self, position: u64, now: Option<f64>) -> Result<Option<Spec>, TorchError> {
        if let Self::Leaf(leaf) = self
            && leaf.at == Some(position)
        {
            return Ok(leaf.momentum.clone());
        }
        let ahead = self.momentum_ahead(now)?;
        Ok(ahead.map(|spec| delay(position, spec)))
    }
}

impl Leaf {
    fn read(
        state: &Value<'_>,
        class: &'static str,
        context: &Context<'_, '_>,
    ) -> Result<Node, TorchError> {
        let base = base_lr(state, context.group)?;
        let arguments = arguments(class, state, context)?;
        let placed = |error: ScheduleError| placed(state, class, error);
        let momentum = torch::momentum_of(class, arguments.clone()).map_err(placed)?;
        let mut group = Group::new(base);
        let part = Part::construct(class, arguments, &mut group).map_err(placed)?;
        let last_epoch = state.field("last_epoch")?.integer()?;
        let own = u64::try_from(last_epoch).ok();
        let (at, begins_at) = match class {
            "CosineAnnealingWarmRestarts" => {
                let at = restarts(state, last_epoch)?;
                (own.and(Some(at)), at)
            }
            // Counted by its steps, of which the constructor's is one.
            "SWALR" => {
                let count = state.field("_step_count")?;
                match count.count()?.checked_sub(1) {
                    Some(at) => (own.and(Some(at)), at),
                    None => return count.out_of_bounds("at least 1"),
                }
            }
            _ => (own, 0),
        };
        let leaf = Self {
            place: state.place().to_string(),
            part,
            group,
            base,
            momentum,
            last_epoch,
            at,
            begins_at,
        };
        if class == "CyclicLR" && last_epoch > 0 && !leaf.gives_last_lr(state, context.group)? {
            return Err(custom_scale(state));
        }
        Ok(Node::Leaf(Box::new(leaf)))
    }

    /// One whose function is not in the file, by the schedule that it makes.
    fn function(
        state: &Value<'_>,
        schedule: &ScheduleOf<'_>,
        index: usize,
    ) -> Result<Node, TorchError> {
        let base = base_lr(state, index)?;
        let last_epoch = state.field("last_epoch")?.integer()?;
        let leaf = Self {
            place: state.place().to_string(),
            part: Part::Set(schedule(base)?),
            group: Group::new(base),
            base,
            momentum: None,
            last_epoch,
            at: u64::try_from(last_epoch).ok(),
            begins_at: 0,
        };
        if !leaf.gives_last_lr(state, index)? {
            let last = state.field("_last_lr")?.item(index)?;
            let allowed = format!(
                "the rate {} of the schedule that was given",
                leaf.rate_now()
            );
            return last.out_of_bounds(&allowed);
        }
        Ok(Node::Leaf(Box::new(leaf)))
    }

    /// The rate of one that sets it.
    fn rate_now(&self) -> f64 {
        match &self.part {
            Part::Set(spec) => rate(spec, self.at.unwrap_or(0)),
            _ => f64::NAN,
        }
    }

    /// Whether its last rate is what its schedule gives.
    fn gives_last_lr(&self, state: &Value<'_>, index: usize) -> Result<bool, TorchError> {
        let last = state.field("_last_lr")?.item(index)?.finite()?;
        let rate = self.rate_now();
        Ok((rate - last).abs() <= 1e-9 * rate.abs().max(last.abs()).max(self.base.abs()))
    }

    fn has_not_begun(&self) -> TorchError {
        let why = "is stepped next, and has not begun: its last_epoch is negative";
        TorchError::unsupported(self.place.as_str(), why)
    }

    /// What a `SequentialLR` sets when it comes to it, if anything, and what it does then.
    fn begin(&self) -> Result<(Option<f64>, Link), TorchError> {
        let link = self.part.link(&self.group);
        match (&self.part, self.begins_at) {
            (_, 0) => Ok((self.part.begin(&self.group), link)),
            (Part::Set(spec), at) => Ok((Some(rate(spec, at)), skipped(at, link))),
            (_, at) => {
                let why = format!("is yet to come, and has had {at} steps already");
                Err(TorchError::unsupported(self.place.as_str(), why))
            }
        }
    }
}

fn base_lr(state: &Value<'_>, group: usize) -> Result<f64, TorchError> {
    let base = state.field("base_lrs")?.item(group)?;
    match base.finite()? {
        base if base >= 0.0 => Ok(base),
        _ => base.out_of_bounds("at least 0"),
    }
}

/// An error in a scheduler's arguments, at the place of its state.
pub(super) fn placed(state: &Value<'_>, class: &str, mut error: ScheduleError) -> TorchError {
    let inner = error.place.strip_prefix(class);
    if let Some(inner) = inner.and_then(|place| place.strip_prefix('.')) {
        error.place = inner.to_string();
    }
    error.inside(state.place()).into()
}

/// At which step of its schedule a `CosineAnnealingWarmRestarts` is, by how far it is into which
/// cycle.
fn restarts(state: &Value<'_>, last_epoch: i64) -> Result<u64, TorchError> {
    let [first, mult, length] = ["T_0", "T_mult", "T_i"].map(|key| state.field(key));
    let (first, mult) = (first?.count()?, mult?.count()?);
    let length = length?;
    let current = state.field("T_cur")?;
    if current.number()?.fract() != 0.0 {
        let why = format!(
            "is {}, by a step(epoch) between two epochs; only whole steps are followed",
            current.describe()
        );
        return Err(TorchError::unsupported(current.place(), why));
    }
    let within = match current.integer()? {
        -1 => 0, // before its first step
        _ => current.count()?,
    };
    let of = length.count()?;
    let (mut begin, mut cycle) = (0u64, first);
    if mult == 1 {
        // Each cycle is like the others, so the one that its count says.
        let own = u64::try_from(last_epoch).unwrap_or(within);
        begin = match first {
            0 => 0, // which is refused with the arguments
            first if own % first == within => own - within,
            _ => 0,
        };
    }
    while cycle < of && mult > 1 {
        (begin, cycle) = (begin.saturating_add(cycle), cycle.saturating_mul(mult));
    }
    if cycle != of {
        return length.out_of_bounds("T_0 times a power of T_mult");
    }
    if within > of {
        return current.out_of_bounds("within T_i");
    }
    Ok(begin.saturating_add(within))
}

fn skipped(count: u64, of: Link) -> Link {
    match count {
        0 => of,
        count => Link::Skip {
            steps: steps(count),
            of: Box::new(of),
        },
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

/// Whether a formula at `position` gives what the links that begin there do.
fn agree(spec: &Spec, position: u64, stepped: &dyn Schedule) -> bool {
    let Ok(closed) = spec.build() else {
        return false;
    };
    let (mut rate, mut largest, mut difference) = (f64::NAN, 0.0f64, 0.0f64);
    for step in 0..=COMPARED_STEPS {
        rate = stepped.advance(step, rate);
        let formula = closed.at(position.saturating_add(step));
        largest = largest.max(rate.abs());
        difference = difference.max((rate - formula).abs());
    }
    difference <= CLOSE * largest
}

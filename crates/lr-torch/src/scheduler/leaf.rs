//! One scheduler of one parameter group, at the step where it is.

use lr_compat::build::steps;
use lr_compat::torch;
use lr_compat::torch::part::{Group, Part, rate};
use lr_schedule::spec::Link;
use lr_schedule::{ScheduleError, Spec};

use super::arguments::{arguments, custom_scale, placed};
use super::context::Context;
use crate::error::TorchError;
use crate::value::Value;

/// A scheduler with no other inside of it.
pub(super) struct Leaf<'a> {
    pub state: Value<'a>,
    pub part: Part,
    pub group: Group,
    pub base: f64,
    pub momentum: Option<Spec>,
    /// The step of its schedule; none for one that has not begun, whose `last_epoch` is negative.
    pub at: Option<u64>,
    /// The step of its schedule where it would begin in a `SequentialLR`.
    pub begins_at: u64,
}

impl<'a> Leaf<'a> {
    pub fn read(
        state: &Value<'a>,
        class: &'static str,
        context: &Context<'_, '_>,
    ) -> Result<Self, TorchError> {
        let base = base_lr(state, context.group)?;
        let mut group = Group::new(base);
        let (part, momentum) = match (class, context.schedule) {
            ("LambdaLR" | "MultiplicativeLR", Some(schedule)) => (Part::Set(schedule(base)?), None),
            _ => {
                let arguments = arguments(class, state, context)?;
                let placed = |error: ScheduleError| placed(state, class, error);
                let momentum = torch::momentum_of(class, arguments.clone()).map_err(placed)?;
                let part = Part::construct(class, arguments, &mut group).map_err(placed)?;
                (part, momentum)
            }
        };
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
                    None => return count.wrong("at least 1"),
                }
            }
            _ => (own, 0),
        };
        let leaf = Self {
            state: state.clone(),
            part,
            group,
            base,
            momentum,
            at,
            begins_at,
        };
        leaf.check_last_lr(class, context.group)?;
        Ok(leaf)
    }

    /// Checks that the last rate of one whose schedule may be another, if it is known, is what this one gives.
    fn check_last_lr(&self, class: &str, index: usize) -> Result<(), TorchError> {
        let may_differ = match class {
            "CyclicLR" => self.at > Some(0),
            "LambdaLR" | "MultiplicativeLR" => true,
            _ => false,
        };
        let last = self.state.get("_last_lr")?.filter(|_| may_differ);
        let (Part::Set(spec), Some(last)) = (&self.part, last) else {
            return Ok(());
        };
        let (rate, last) = (rate(spec, self.at.unwrap_or(0)), last.item(index)?);
        let number = last.finite()?;
        let largest = rate.abs().max(number.abs()).max(self.base.abs());
        match (rate - number).abs() <= 1e-9 * largest {
            true => Ok(()),
            false if class == "CyclicLR" => custom_scale(&self.state),
            false => last.wrong(&format!("the rate {rate} of the schedule that was given")),
        }
    }

    /// The step of its schedule, which is stepped next.
    pub fn begun(&self) -> Result<u64, TorchError> {
        let why = "is stepped next, and has not begun: its last_epoch is negative";
        self.at.map_or_else(|| self.state.unsupported(why), Ok)
    }

    /// The rate that a `SequentialLR` sets when it comes to it, if any, and the changes from there on.
    pub fn begin(&self) -> Result<(Option<f64>, Link), TorchError> {
        let link = self.part.link(&self.group);
        match (&self.part, self.begins_at) {
            (_, 0) => Ok((self.part.begin(&self.group), link)),
            (Part::Set(spec), at) => Ok((Some(rate(spec, at)), skipped(at, link))),
            (_, at) => {
                let why = format!("is yet to come, and has had {at} steps already");
                self.state.unsupported(why)
            }
        }
    }
}

fn base_lr(state: &Value<'_>, group: usize) -> Result<f64, TorchError> {
    let base = state.field("base_lrs")?.item(group)?;
    match base.finite()? {
        base if base >= 0.0 => Ok(base),
        _ => base.wrong("at least 0"),
    }
}

/// The step of its schedule at which a `CosineAnnealingWarmRestarts` is, by how far it is into which
/// cycle.
fn restarts(state: &Value<'_>, last_epoch: i64) -> Result<u64, TorchError> {
    let [first, mult, length] = ["T_0", "T_mult", "T_i"].map(|key| state.field(key));
    let (first, mult) = (first?.count()?, mult?.count()?);
    let length = length?;
    let current = state.field("T_cur")?;
    if current.number()?.fract() != 0.0 {
        return current.unsupported(format!(
            "is {}, by a step(epoch) between two epochs; only whole steps are followed",
            current.describe()
        ));
    }
    let within = match current.integer()? {
        -1 => 0, // before its first step
        _ => current.count()?,
    };
    let of = length.count()?;
    let (mut begin, mut cycle) = (0u64, first);
    let own = u64::try_from(last_epoch).unwrap_or(within);
    if mult == 1 && own.checked_rem(first) == Some(within) {
        begin = own - within; // each cycle is like the others, so the one that its count says
    }
    while cycle < of && mult > 1 {
        (begin, cycle) = (begin.saturating_add(cycle), cycle.saturating_mul(mult));
    }
    if cycle != of {
        return length.wrong("T_0 times a power of T_mult");
    }
    if within > of {
        return current.wrong("within T_i");
    }
    Ok(begin.saturating_add(within))
}

/// A link without its first `count` steps.
pub(super) fn skipped(count: u64, of: Link) -> Link {
    match count {
        0 => of,
        count => Link::Skip {
            steps: steps(count),
            of: Box::new(of),
        },
    }
}

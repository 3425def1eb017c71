//! One scheduler of one parameter group, at the step where it is.

use lr_compat::build::steps;
use lr_compat::torch;
use lr_compat::torch::part::{Group, Part, rate};
use lr_schedule::spec::Link;
use lr_schedule::{ScheduleError, Spec};

use super::arguments::{arguments, custom_scale, placed};
use super::context::{Context, ScheduleOf};
use crate::error::TorchError;
use crate::value::Value;

/// A scheduler with no other inside of it.
pub(super) struct Leaf {
    pub place: String,
    pub part: Part,
    pub group: Group,
    pub base: f64,
    pub momentum: Option<Spec>,
    /// `last_epoch`, which is negative for one that has not begun.
    pub last_epoch: i64,
    /// The step of its schedule; none for one that has not begun.
    pub at: Option<u64>,
    /// The step of its schedule where it would begin in a `SequentialLR`.
    pub begins_at: u64,
}

impl Leaf {
    pub fn read(
        state: &Value<'_>,
        class: &'static str,
        context: &Context<'_, '_>,
    ) -> Result<Self, TorchError> {
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
        Ok(leaf)
    }

    /// One whose function is not in the file, by the schedule that it makes.
    pub fn function(
        state: &Value<'_>,
        schedule: &ScheduleOf<'_>,
        index: usize,
    ) -> Result<Self, TorchError> {
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
        Ok(leaf)
    }

    /// The rate of one that sets it.
    fn rate_now(&self) -> f64 {
        match &self.part {
            Part::Set(spec) => rate(spec, self.at.unwrap_or(0)),
            _ => f64::NAN,
        }
    }

    /// Whether its last rate, if it is known, is what its schedule gives.
    fn gives_last_lr(&self, state: &Value<'_>, index: usize) -> Result<bool, TorchError> {
        let Some(last) = state.get("_last_lr")? else {
            return Ok(true);
        };
        let last = last.item(index)?.finite()?;
        let rate = self.rate_now();
        Ok((rate - last).abs() <= 1e-9 * rate.abs().max(last.abs()).max(self.base.abs()))
    }

    pub fn has_not_begun(&self) -> TorchError {
        let why = "is stepped next, and has not begun: its last_epoch is negative";
        TorchError::unsupported(self.place.as_str(), why)
    }

    /// The rate that a `SequentialLR` sets when it comes to it, if any, and the changes from there on.
    pub fn begin(&self) -> Result<(Option<f64>, Link), TorchError> {
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

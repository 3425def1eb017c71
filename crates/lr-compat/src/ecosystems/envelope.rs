//! `{"scheduler": NAME, "args": {...}}`, for the libraries that have no files of their own. By its name, a
//! scheduler is recognised as one of theirs.

use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

use super::ecosystem::{Ecosystem, Facts, class};
use crate::args::{config, unknown_scheduler};
use crate::{burn, keras, optax, timm, torch, transformers};

pub(super) const TORCH: Ecosystem = Ecosystem {
    names: &["torch"],
    recognises: |data| is_one_of(data, torch::SCHEDULERS),
    read: |data, facts| over_base(data, facts, torch::named),
};

pub(super) const OPTAX: Ecosystem = Ecosystem {
    names: &["optax"],
    recognises: |data| is_one_of(data, optax::SCHEDULERS),
    read: |mut data, facts| {
        let base = taken(&mut data).or(facts.base_lr);
        // The transform of `reduce_on_plateau` scales updates; without a rate of its own, the scale is the rate.
        optax::from_data(data, Some(base.unwrap_or(1.0)))
    },
};

pub(super) const BURN: Ecosystem = Ecosystem {
    names: &["burn"],
    recognises: |data| is_one_of(data, burn::SCHEDULERS),
    read: |mut data, _| {
        taken(&mut data);
        burn::from_data(data)
    },
};

/// Whether data has a scheduler that is one of these, with or without its modules before it.
pub(super) fn is_one_of(data: &Data, schedulers: &[&str]) -> bool {
    let Some(Data::Text(name)) = data.at("scheduler") else {
        return false;
    };
    schedulers.contains(&class(name))
}

/// The error about a scheduler that no library has.
pub(super) fn unknown(name: &str) -> ScheduleError {
    let short = transformers::NAMES.iter().map(|(short, _)| short);
    let lists = [
        torch::SCHEDULERS,
        transformers::SCHEDULERS,
        timm::SCHEDULERS,
        optax::SCHEDULERS,
        keras::SCHEDULERS,
        burn::SCHEDULERS,
    ];
    let known: Vec<&str> = lists.concat().into_iter().chain(short.copied()).collect();
    unknown_scheduler(class(name), &known)
}

/// The schedule of a library's scheduler, by its name, its arguments and the optimizer's rate.
pub(super) type Reader = fn(&str, Data, f64) -> Result<Spec, ScheduleError>;

/// The schedule of a scheduler over the optimizer's rate, which is asked for only where it is used.
pub(super) fn over_base(
    mut data: Data,
    facts: &Facts,
    read: Reader,
) -> Result<Spec, ScheduleError> {
    let said = taken(&mut data);
    over(facts.base_lr.or(said), data, read, "scheduler")
}

/// The schedule over a rate; without one, if it is the same over any.
pub(super) fn over(
    base: Option<f64>,
    data: Data,
    read: Reader,
    place: &str,
) -> Result<Spec, ScheduleError> {
    let (name, args) = config(data)?;
    if let Some(base) = base {
        return read(&name, args, base);
    }
    let spec = read(&name, args.clone(), 1.0)?;
    match read(&name, args, 2.0)? == spec {
        true => Ok(spec),
        false => Facts::needed(None, "base_lr", place),
    }
}

/// Takes the optimizer's rate out of a table that has it beside the scheduler.
pub(super) fn taken(data: &mut Data) -> Option<f64> {
    let rate = match data.at("base_lr")? {
        Data::Number(number) => *number,
        Data::Integer(number) => *number as f64,
        _ => return None,
    };
    if let Data::Table(entries) = data {
        entries.retain(|(name, _)| name != "base_lr");
    }
    Some(rate)
}

//! `{"scheduler": NAME, "args": {...}}`, for the libraries that have no files of their own. By its name, a
//! scheduler is recognised as one of theirs.

use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

use super::ecosystem::{Ecosystem, Facts, class};
use crate::args::unknown_scheduler;
use crate::{burn, keras, optax, timm, torch, transformers};

pub(super) const TORCH: Ecosystem = Ecosystem {
    names: &["torch"],
    recognises: |data| is_one_of(data, torch::SCHEDULERS),
    read: |data, facts| over_base(data, facts, torch::from_data),
};

pub(super) const OPTAX: Ecosystem = Ecosystem {
    names: &["optax"],
    recognises: |data| is_one_of(data, optax::SCHEDULERS),
    read: |mut data, facts| {
        let base = taken(&mut data).or(facts.base_lr);
        match is_one_of(&data, &["reduce_on_plateau"]) {
            // Its transform scales updates; without a rate of its own, the scale is the rate.
            true => optax::plateau_from_data(data, base.unwrap_or(1.0)),
            false => optax::from_data(data),
        }
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

/// The schedule of a scheduler over the optimizer's rate, which is asked for only where it is used.
pub(super) fn over_base(
    mut data: Data,
    facts: &Facts,
    read: fn(Data, f64) -> Result<Spec, ScheduleError>,
) -> Result<Spec, ScheduleError> {
    let said = taken(&mut data);
    let base = facts.base_lr.or(said);
    over(base, data, read, "scheduler")
}

/// The schedule over a rate; without one, if it is the same over any.
pub(super) fn over(
    base: Option<f64>,
    data: Data,
    read: fn(Data, f64) -> Result<Spec, ScheduleError>,
    place: &str,
) -> Result<Spec, ScheduleError> {
    if let Some(base) = base {
        return read(data, base);
    }
    let spec = read(data.clone(), 1.0)?;
    match read(data, 2.0)? == spec {
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

use std::collections::BTreeSet;

use burn::lr_scheduler::LrSchedulerRecord;

use super::error::LoadError;
use super::fields::{Fields, scalars};
use super::identity::Identity;
use lr_schedule::Schedule;

/// The schedule of another quantity, such as the momentum, that follows a scheduler's steps. It has
/// no state; a record holds by what it is recognised.
#[derive(Debug, Clone)]
pub(crate) struct Driven {
    name: String,
    identity: Identity,
}

/// The child record that they are in, one below the other's name.
const DRIVEN: &str = "driven";

impl Driven {
    pub fn new(name: &str, schedule: &impl Schedule) -> Self {
        Self {
            name: name.to_string(),
            identity: Identity::of(schedule),
        }
    }

    /// `record`, and by what they are recognised.
    pub fn store(all: &[Self], record: LrSchedulerRecord) -> LrSchedulerRecord {
        let stored = all.iter().fold(LrSchedulerRecord::new(), |stored, driven| {
            stored.with_record(&driven.name, driven.identity.store())
        });
        record.with_record(DRIVEN, stored)
    }

    /// Whether `record` is of the same quantities, with the same schedules.
    pub fn check(all: &[Self], record: &LrSchedulerRecord) -> Result<(), LoadError> {
        let stored = record.record(DRIVEN);
        let scalars = scalars(&stored).unwrap_or_default();
        let saved = scalars.keys().filter_map(|key| key.rsplit_once('.'));
        let saved: BTreeSet<&str> = saved.map(|(name, _)| name).collect();
        let given: BTreeSet<&str> = all.iter().map(|driven| driven.name.as_str()).collect();
        if saved != given {
            let list = |names: BTreeSet<&str>| names.into_iter().map(String::from).collect();
            return Err(LoadError::OtherQuantities {
                saved: list(saved),
                given: list(given),
            });
        }
        all.iter().try_for_each(|driven| {
            let saved = Identity::read(&Fields::of(&stored.record(&driven.name)))?;
            let result = saved.check(&driven.identity);
            result.map_err(|error| LoadError::Part {
                part: format!("`{}`", driven.name),
                error: Box::new(error),
            })
        })
    }
}

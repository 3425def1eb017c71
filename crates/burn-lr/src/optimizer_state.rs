//! The fields of an optimizer's state, before and after Burn's loader, which leaves out in silence
//! the ones that the optimizer can't take, and turns every tensor into the number type of the default device.

use std::collections::BTreeMap;

use burn::tensor::{Bytes, DType};
use burn_pack::Reader;

/// The highest count of steps that is believed: Burn counts the next one in `i32` where it takes a power.
pub(crate) const MAX_STEPS: u64 = i32::MAX as u64 - 1;

/// The names of a state's tensors and scalars, and the number types of the tensors.
#[derive(Debug, PartialEq)]
pub(crate) struct Fields(BTreeMap<String, Option<DType>>);

impl Fields {
    /// Those of the container that Burn writes for a state.
    pub fn of(state: Bytes) -> Result<Self, burn_pack::Error> {
        let reader = Reader::from_bytes(state)?;
        let scalars = reader.scalars().keys().map(|name| (name.clone(), None));
        let scalars: Vec<_> = scalars.collect();
        let tensors = reader.into_tensors()?.into_iter();
        let tensors = tensors.map(|tensor| (tensor.name, Some(tensor.dtype)));
        Ok(Self(scalars.into_iter().chain(tensors).collect()))
    }

    /// Whether an optimizer that was to take these has `taken` the very same; if not, why.
    pub fn check_taken(&self, taken: &Self) -> Result<(), String> {
        let without = |all: &Self, others: &Self, what: &str| {
            let mut names = all.0.keys().filter(|name| !others.0.contains_key(*name));
            let Some(first) = names.next() else {
                return Ok(());
            };
            let more = match names.count() {
                0 => String::new(),
                count => format!(" (and {count} more)"),
            };
            Err(format!("`{first}`{more} {what} this optimizer's state"))
        };
        without(self, taken, "is not part of")?;
        without(taken, self, "is missing from")?;
        for (field, dtype) in &self.0 {
            if let (Some(stored), Some(loaded)) = (dtype, taken.0[field])
                && *stored != loaded
            {
                return Err(format!(
                    "`{field}` is {stored:?}, and Burn loads an optimizer's state as {loaded:?}, \
                     the number type of `Device::default()`: make that one {stored:?} \
                     (`Device::configure`) before anything is made on it"
                ));
            }
        }
        Ok(())
    }
}

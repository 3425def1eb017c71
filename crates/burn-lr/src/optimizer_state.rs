//! The fields of an optimizer's state, before and after Burn's loader, which leaves out in silence
//! the ones that the optimizer can't take, and turns every tensor into the number type of the default device.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

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

    /// Whether an optimizer that was to take these has `taken` the very same.
    pub fn check_taken(&self, taken: &Self) -> Result<(), NotTaken> {
        let without = |other: &Self| {
            let names = self.0.keys().chain(taken.0.keys());
            let names = names.filter(|name| !other.0.contains_key(*name));
            names.cloned().collect::<Vec<_>>()
        };
        let (left, lacking) = (without(taken), without(self));
        if !left.is_empty() || !lacking.is_empty() {
            return Err(NotTaken::Fields { left, lacking });
        }
        for (name, dtype) in &self.0 {
            if let (Some(stored), Some(loaded)) = (dtype, taken.0[name])
                && *stored != loaded
            {
                return Err(NotTaken::NumberType {
                    field: name.clone(),
                    stored: *stored,
                    loaded,
                });
            }
        }
        Ok(())
    }
}

/// The part of a state that an optimizer has not taken.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NotTaken {
    /// It is of another kind: it leaves out some, or lacks some.
    Fields {
        left: Vec<String>,
        lacking: Vec<String>,
    },
    /// Burn would round it.
    NumberType {
        field: String,
        stored: DType,
        loaded: DType,
    },
}

impl Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields { left, lacking } => {
                let (some, what) = match left.is_empty() {
                    false => (left, "is not part of this optimizer's state"),
                    true => (lacking, "is missing from this optimizer's state"),
                };
                let more = match some.len() {
                    1 => String::new(),
                    count => format!(" (and {} more)", count - 1),
                };
                write!(f, "`{}`{more} {what}", some[0])
            }
            Self::NumberType {
                field,
                stored,
                loaded,
            } => write!(
                f,
                "`{field}` is {stored:?}, and Burn loads an optimizer's state as {loaded:?}, the \
                 number type of `Device::default()`: make that one {stored:?} \
                 (`Device::configure`) before anything is made on it"
            ),
        }
    }
}

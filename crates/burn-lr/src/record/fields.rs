use std::collections::BTreeMap;

use burn::lr_scheduler::LrSchedulerRecord;
use burn::store::RecordError;
use burn_pack::{Reader, Scalar};

use super::error::LoadError;

/// The scalars of a record, read as what they should be.
pub(super) struct Fields<'a> {
    record: &'a LrSchedulerRecord,
    /// The beginning of all names that are asked for.
    prefix: String,
}

impl<'a> Fields<'a> {
    pub fn of(record: &'a LrSchedulerRecord) -> Self {
        let prefix = String::new();
        Self { record, prefix }
    }

    /// The fields whose names begin with `prefix` after what theirs begin with here.
    pub fn below(&self, prefix: &str) -> Self {
        Self {
            record: self.record,
            prefix: self.name(prefix),
        }
    }

    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn get(&self, name: &str) -> Option<Scalar> {
        self.record.scalar(&self.name(name))
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Reads the field `name`, if there is one.
    pub fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Self, &str) -> Result<T, LoadError>,
    ) -> Result<Option<T>, LoadError> {
        self.has(name).then(|| read(self, name)).transpose()
    }

    fn require(&self, name: &str) -> Result<Scalar, LoadError> {
        self.get(name).ok_or_else(|| LoadError::Missing {
            field: self.name(name),
        })
    }

    pub fn count(&self, name: &str) -> Result<u64, LoadError> {
        let scalar = self.require(name)?;
        u64::try_from(scalar).map_err(|_| self.invalid(name, show(scalar), "a count"))
    }

    pub fn number(&self, name: &str) -> Result<f64, LoadError> {
        match self.require(name)? {
            Scalar::Float(number) => Ok(number),
            other => Err(self.invalid(name, show(other), "a number with a fraction")),
        }
    }

    pub fn not_negative(&self, name: &str) -> Result<f64, LoadError> {
        let number = self.number(name)?;
        if number.is_finite() && number >= 0.0 {
            return Ok(number);
        }
        Err(self.invalid(name, number, "finite and at least 0"))
    }

    /// The field `name` is not what it must be.
    pub fn invalid(&self, name: &str, value: impl ToString, allowed: &'static str) -> LoadError {
        LoadError::Invalid {
            field: self.name(name),
            value: value.to_string(),
            allowed,
        }
    }
}

/// A scalar as errors give it.
pub(crate) fn show(scalar: Scalar) -> String {
    match scalar {
        Scalar::Int(value) => value.to_string(),
        Scalar::UInt(value) => value.to_string(),
        Scalar::Float(value) => value.to_string(),
        Scalar::Bool(value) => value.to_string(),
    }
}

/// All that a record holds, which Burn shows only through its bytes.
pub(crate) fn scalars(record: &LrSchedulerRecord) -> Result<BTreeMap<String, Scalar>, RecordError> {
    let reader = Reader::from_bytes(record.clone().into_bytes()?)?;
    Ok(reader.scalars().clone())
}

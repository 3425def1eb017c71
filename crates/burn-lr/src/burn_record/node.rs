use std::collections::{BTreeMap, BTreeSet};

use burn::lr_scheduler::LrSchedulerRecord;
use burn_pack::Scalar;

use super::error::BurnRecordError;
use crate::record::{scalars, show};

/// The number of steps a scheduler took: by what it stores, at least and at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Taken {
    pub best: u64,
    pub least: u64,
    pub most: u64,
}

impl Taken {
    /// Any number, since nothing is stored.
    pub const ANY: Self = Self {
        best: 0,
        least: 0,
        most: u64::MAX,
    };

    pub fn exactly(steps: u64) -> Self {
        Self {
            most: steps,
            ..Self::at_least(steps)
        }
    }

    /// A number from `steps` on, where nothing changes any more.
    pub fn at_least(steps: u64) -> Self {
        Self {
            best: steps,
            least: steps,
            most: u64::MAX,
        }
    }

    /// The counts that agree with both, by the more exact one.
    pub fn and(self, other: Self) -> Option<Self> {
        let best = match self.most - self.least <= other.most - other.least {
            true => self.best,
            false => other.best,
        };
        let (least, most) = (self.least.max(other.least), self.most.min(other.most));
        (least <= most).then(|| Self {
            best: best.clamp(least, most),
            least,
            most,
        })
    }

    pub fn show(&self) -> String {
        match (self.least, self.most) {
            (least, most) if least == most => least.to_string(),
            (least, u64::MAX) => format!("at least {least}"),
            (least, most) => format!("{least} to {most}"),
        }
    }
}

/// Part of a record.
pub(super) struct Node {
    /// Its place in the record: `1.0`.
    pub at: String,
    pub scalars: BTreeMap<String, Scalar>,
}

impl Node {
    pub fn new(record: &LrSchedulerRecord) -> Self {
        Self {
            at: String::new(),
            scalars: scalars(record).unwrap_or_default(),
        }
    }

    pub fn child(&self, index: usize) -> Self {
        let prefix = format!("{index}.");
        let below = |(name, value): (&String, &Scalar)| {
            Some((name.strip_prefix(&prefix)?.to_string(), *value))
        };
        Self {
            at: match self.at.as_str() {
                "" => index.to_string(),
                at => format!("{at}.{index}"),
            },
            scalars: self.scalars.iter().filter_map(below).collect(),
        }
    }

    /// The numbers of its children; `None` where it has anything else, or none.
    pub fn children(&self) -> Option<BTreeSet<usize>> {
        let number = |name: &String| name.split_once('.')?.0.parse().ok();
        let numbers: Option<BTreeSet<usize>> = self.scalars.keys().map(number).collect();
        numbers.filter(|numbers| !numbers.is_empty())
    }

    /// The `step` of a sequence; of the others, only Noam has one, as a float.
    pub fn count_of_steps(&self) -> Option<Scalar> {
        let scalar = *self.scalars.get("step")?;
        matches!(scalar, Scalar::UInt(_) | Scalar::Int(_)).then_some(scalar)
    }

    /// Reads the one scalar of a scheduler that has no others in it.
    pub fn only<T>(
        &self,
        name: &'static str,
        field: &'static str,
        allowed: &str,
        read: impl FnOnce(Scalar) -> Option<T>,
    ) -> Result<T, BurnRecordError> {
        match self.scalars.get(field) {
            Some(scalar) if self.scalars.len() == 1 => {
                read(*scalar).ok_or_else(|| self.invalid(field, *scalar, allowed))
            }
            _ => Err(self.kind(name, field)),
        }
    }

    pub fn kind(&self, name: &'static str, expected: &'static str) -> BurnRecordError {
        BurnRecordError::Kind {
            at: self.at.clone(),
            name,
            expected,
            found: self.scalars.keys().cloned().collect(),
        }
    }

    pub fn invalid(&self, field: &'static str, value: Scalar, allowed: &str) -> BurnRecordError {
        BurnRecordError::Invalid {
            at: self.at.clone(),
            field,
            value: show(value),
            allowed: allowed.to_string(),
        }
    }

    pub fn apart(&self, found: Taken, expected: Taken) -> BurnRecordError {
        BurnRecordError::Apart {
            at: self.at.clone(),
            found: found.show(),
            expected: expected.show(),
        }
    }
}

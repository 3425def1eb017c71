//! Bounds of what is read of a file that has the same value in many places.

use std::cell::Cell;

use crate::dict::Key;
use crate::error::{TorchError, at_most};
use crate::value::Value;

/// The amount that may be read in all.
pub(crate) struct Budget {
    limit: u64,
    what: &'static str,
    spent: Cell<u64>,
}

impl Budget {
    pub fn new(limit: u64, what: &'static str) -> Self {
        let spent = Cell::new(0);
        Self { limit, what, spent }
    }

    pub fn spend(&self, count: u64) -> Result<(), TorchError> {
        self.spent.set(self.spent.get().saturating_add(count));
        at_most(self.limit, self.what, self.spent.get())
    }

    /// The [items](Value::items) of a list, each of which counts.
    pub fn items<'a>(&self, list: &Value<'a>) -> Result<Vec<Value<'a>>, TorchError> {
        self.spend(list.ids()?.len() as u64)?;
        list.items()
    }

    /// The [entries](Value::entries) of a dict, each of which counts.
    pub fn entries<'a>(&self, dict: &Value<'a>) -> Result<Vec<(Key<'a>, Value<'a>)>, TorchError> {
        self.spend(dict.pairs()?.len() as u64)?;
        dict.entries()
    }
}

//! The contents of a file, wherever they are in it.

use std::collections::{HashSet, VecDeque};

use crate::budget::Budget;
use crate::dict::Key;
use crate::error::TorchError;
use crate::pickle::node::Node;
use crate::value::{Value, clip};

/// A part of a file: where it is, and what.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// The keys and the indices of lists that lead to it, with dots between them: `optimizer_states.0`. Empty for
    /// the whole file.
    pub at: String,
    /// The value there.
    pub value: Value<'a>,
    /// The kind of the value.
    pub kind: PartKind,
}

/// The kind of a [`Part`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PartKind {
    /// The state of an optimizer, for [`OptimizerState::read`](crate::OptimizerState::read).
    Optimizer,
    /// The state of a scheduler, for [`ReadOptions::read`](crate::ReadOptions::read).
    Scheduler,
    /// A dict of tensors, by their names.
    Weights,
    /// Anything else: a number, a text, a list, an object.
    Value,
}

/// The depth to which values are looked for.
const MAX_DEPTH: usize = 16;

/// Behind how long a place values are looked for.
const MAX_PLACE: usize = 256;

/// The number of bytes that the places of all parts may take, for each byte of the pickle and beside that.
const PLACE_BYTES: u64 = 16;
const MORE_PLACE_BYTES: u64 = 256 << 10;

/// The bytes of a part beside its place.
const PART_BYTES: u64 = 64;

impl<'a> Value<'a> {
    /// The states of optimizers and schedulers, the weights and the other values in it, those at the top
    /// first. Dicts and lists are gone through; states, weights and objects are not.
    ///
    /// An optimizer that was saved itself, rather than its `state_dict()`, has parameters for keys, and is no
    /// state.
    ///
    /// ```
    /// use lr_torch::{PartKind, TorchFile};
    ///
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pytorch/files/checkpoint.pt");
    /// let file = TorchFile::open(path)?;
    /// let parts = file.root().parts()?;
    /// let mut schedulers = parts.iter().filter(|part| part.kind == PartKind::Scheduler);
    /// assert_eq!(schedulers.next().unwrap().at, "scheduler");
    /// # Ok::<(), lr_torch::TorchError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// So many values that their places take more than is [stated](crate::TorchFile#bounds).
    pub fn parts(&self) -> Result<Vec<Part<'a>>, TorchError> {
        let limit = self.file.pickle.size() * PLACE_BYTES + MORE_PLACE_BYTES;
        let places = Budget::new(limit, "the size of the places of all values");
        let mut parts = Vec::new();
        let mut seen = HashSet::new();
        let mut queue = VecDeque::from([(String::new(), self.clone(), 0)]);
        while let Some((at, value, depth)) = queue.pop_front() {
            let kind = value.kind();
            let children = match kind {
                PartKind::Value if depth < MAX_DEPTH && at.len() < MAX_PLACE => value.children(),
                _ => Vec::new(),
            };
            if children.is_empty() {
                parts.push(Part { at, value, kind });
                continue;
            }
            if !seen.insert(value.id) {
                continue; // one that is in several places is at the first of them
            }
            for (key, child) in children {
                // A key may be an empty text, so that the place of a value isn't what tells the top.
                let at = match depth {
                    0 => key,
                    _ => format!("{at}.{key}"),
                };
                places.spend(3 * at.len() as u64 + PART_BYTES)?;
                queue.push_back((at, child, depth + 1));
            }
        }
        Ok(parts)
    }

    /// The values in a dict, or in a list that has more than numbers and texts in it; none of others.
    fn children(&self) -> Vec<(String, Self)> {
        if let Ok(entries) = self.entries() {
            let is_live = self.is_live_optimizer();
            let is_own = |key: &Key| {
                is_live && matches!(key, Key::Text("param_groups" | "state" | "defaults"))
            };
            let entries = entries.into_iter().filter(|(key, _)| !is_own(key));
            return entries
                .map(|(key, value)| (clip(&key.to_string()), value))
                .collect();
        }
        let items = self.items().unwrap_or_default();
        let is_plain = |item: &Self| {
            !item.is_dict()
                && !item.is_tensor()
                && !matches!(item.node(), Node::List(_) | Node::Tuple(_))
        };
        if items.iter().all(is_plain) {
            return Vec::new();
        }
        let items = items.into_iter().enumerate();
        items
            .map(|(index, item)| (index.to_string(), item))
            .collect()
    }

    fn kind(&self) -> PartKind {
        if self.is_optimizer_state() {
            return PartKind::Optimizer;
        }
        let steps = ["_last_lr", "base_lrs", "_step_count", "num_bad_epochs"];
        let is_scheduler = (self.has("last_epoch") && steps.iter().any(|key| self.has(key)))
            || (self.has("_schedulers") && (self.has("_last_lr") || self.has("_milestones")))
            || self.is_mmengines();
        match is_scheduler {
            true => PartKind::Scheduler,
            false if self.is_weights() => PartKind::Weights,
            false => PartKind::Value,
        }
    }

    /// Whether it is the state of a scheduler of MMEngine's.
    pub(crate) fn is_mmengines(&self) -> bool {
        ["last_step", "base_values", "param_name"]
            .iter()
            .all(|key| self.has(key))
    }

    /// Whether it is a dict of tensors by their names.
    fn is_weights(&self) -> bool {
        let Ok(entries) = self.entries() else {
            return false;
        };
        let is_extra = |key: &Key| key.to_string().ends_with("_extra_state");
        let mut known = entries.iter();
        entries.iter().any(|(_, value)| value.is_tensor())
            && known.all(|(key, value)| value.is_tensor() || value.is_none() || is_extra(key))
    }

    /// The first of a group's parameters in what looks like an optimizer.
    fn first_parameter(&self) -> Option<Option<Self>> {
        let (groups, state) = (self.get("param_groups").ok()??, self.get("state").ok()??);
        if !state.is_dict() {
            return None;
        }
        let mut params = Vec::new();
        for group in groups.items().ok()? {
            params.push(group.get("params").ok()??);
        }
        Some(params.iter().find_map(|params| params.item(0).ok()))
    }

    fn is_optimizer_state(&self) -> bool {
        let first = self.first_parameter();
        first.is_some_and(|first| first.is_none_or(|first| first.integer().is_ok()))
    }

    /// Whether it is the `__dict__` of an optimizer, whose parameters are tensors.
    fn is_live_optimizer(&self) -> bool {
        matches!(self.first_parameter(), Some(Some(first)) if first.is_tensor())
    }

    /// The value at the end of `path`, as [`Part::at`] has it.
    ///
    /// # Errors
    ///
    /// No such key or index on the way.
    pub fn at(&self, path: &str) -> Result<Self, TorchError> {
        let mut value = self.clone();
        let mut left = Some(path).filter(|path| !path.is_empty());
        while let Some(rest) = left {
            // A key may have dots in it.
            let dots = rest.match_indices('.').map(|(at, _)| at);
            let mut ends = dots.chain([rest.len()]);
            let found = ends.find_map(|end| Some((end, value.step(&rest[..end])?)));
            let Some((end, next)) = found else {
                let key = rest.split('.').next().unwrap_or(rest);
                return match value.items() {
                    Ok(_) => value.wrong(&format!("a list with an item {}", clip(key))),
                    Err(_) => value.field(key),
                };
            };
            value = next;
            left = rest.get(end + 1..);
        }
        Ok(value)
    }

    fn step(&self, key: &str) -> Option<Self> {
        if let Ok(Some(value)) = self.get(key) {
            return Some(value);
        }
        let index = key.parse().ok()?;
        let Ok(mut entries) = self.entries() else {
            return self.item(index).ok();
        };
        let found = entries
            .iter()
            .position(|(key, _)| *key == Key::Int(index as i64))?;
        Some(entries.swap_remove(found).1)
    }
}

//! Dicts, and what derives from them.

use std::collections::HashMap;
use std::fmt;

use crate::error::TorchError;
use crate::pickle::node::{Id, Node};
use crate::value::{Value, clip};

/// A key of a dict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key<'a> {
    /// An integer.
    Int(i64),
    /// A text.
    Text(&'a str),
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(key) => write!(f, "{key}"),
            Self::Text(key) => f.write_str(key),
        }
    }
}

/// The number of a dict's keys that an error names.
const NAMED_KEYS: usize = 24;

impl<'a> Value<'a> {
    /// Whether it is a dict.
    pub fn is_dict(&self) -> bool {
        self.dict().is_some()
    }

    /// The keys and values of a dict, or of a class derived from it: `OrderedDict`, `defaultdict`, `Counter`.
    fn dict(&self) -> Option<&'a [(Id, Id)]> {
        let object = match self.node() {
            Node::Dict(pairs) => return Some(pairs),
            Node::Object(object) => object,
            _ => return None,
        };
        match (self.class()?.as_str(), self.arguments()) {
            ("collections.OrderedDict" | "collections.defaultdict", _)
            | ("collections.Counter", []) => Some(&object.pairs),
            ("collections.Counter", [dict]) => match self.file.pickle.node(*dict) {
                Node::Dict(pairs) => Some(pairs),
                _ => None,
            },
            _ => None,
        }
    }

    /// The keys and values that a dict is given, of which some keys may be the same.
    pub(crate) fn pairs(&self) -> Result<&'a [(Id, Id)], TorchError> {
        self.dict().map_or_else(|| self.wrong("a dict"), Ok)
    }

    fn key_of(&self, id: Id) -> Option<Key<'a>> {
        match self.file.pickle.node(id) {
            Node::Int(int) => Some(Key::Int(*int)),
            // In Python 30.0 is the same key as 30.
            Node::Float(float) if float.trunc() == *float && float.abs() <= 9e15 => {
                Some(Key::Int(*float as i64))
            }
            _ => self.text_of(id).map(Key::Text),
        }
    }

    /// The keys and values of a dict, in the order in which the keys came first; of those with the
    /// same key, the last value is the dict's.
    ///
    /// # Errors
    ///
    /// Any other type, and keys that are neither integers nor texts.
    pub fn entries(&self) -> Result<Vec<(Key<'a>, Self)>, TorchError> {
        let mut entries: Vec<(Key<'a>, Self)> = Vec::new();
        let mut seen = HashMap::new();
        for (key, value) in self.pairs()? {
            let Some(key) = self.key_of(*key) else {
                return self.inside_at(*key, "a key").wrong("an integer or text");
            };
            let value = match key {
                Key::Int(key) => self.inside_at(*value, key),
                Key::Text(key) => self.inside(*value, key),
            };
            match seen.get(&key) {
                Some(index) => entries[*index] = (key, value),
                None => {
                    seen.insert(key, entries.len());
                    entries.push((key, value));
                }
            }
        }
        Ok(entries)
    }

    /// The value of a dict's key that is a text; `None` where there is no such key.
    ///
    /// # Errors
    ///
    /// Any other type.
    pub fn get(&self, key: &str) -> Result<Option<Self>, TorchError> {
        let mut last_first = self.pairs()?.iter().rev();
        let found = last_first.find(|(id, _)| self.text_of(*id) == Some(key));
        Ok(found.map(|(_, value)| self.inside(*value, key)))
    }

    /// Whether it is a dict with such a key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_ok_and(|value| value.is_some())
    }

    /// The value of a dict's key that is a text.
    ///
    /// # Errors
    ///
    /// Any other type, and a dict without that key.
    pub fn field(&self, key: &str) -> Result<Self, TorchError> {
        if let Some(value) = self.get(key)? {
            return Ok(value);
        }
        let keys = self.pairs()?.iter().filter_map(|(id, _)| self.key_of(*id));
        let keys = keys.take(NAMED_KEYS).map(|key| clip(&key.to_string()));
        Err(TorchError::Missing {
            place: self.place.clone(),
            key: clip(key),
            known: keys.collect(),
        })
    }
}

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

/// How many of a dict's keys an error names.
const NAMED_KEYS: usize = 24;

impl<'a> Value<'a> {
    /// Whether it is a dict.
    pub fn is_dict(&self) -> bool {
        self.pairs().is_some()
    }

    /// How many keys a dict is given, of which some may be the same.
    pub(crate) fn count_keys(&self) -> Result<u64, TorchError> {
        match self.pairs() {
            Some(pairs) => Ok(pairs.len() as u64),
            None => self.wrong("a dict"),
        }
    }

    /// The keys and values of a dict, or of a class derived from it: `OrderedDict`, `defaultdict`, `Counter`.
    fn pairs(&self) -> Option<&'a [(Id, Id)]> {
        match self.node() {
            Node::Dict(pairs) => Some(pairs),
            Node::Object(object) => {
                let name = self.class_of(object);
                match name.as_str() {
                    "collections.OrderedDict" | "collections.defaultdict" => Some(&object.pairs),
                    "collections.Counter" => match self.arguments(object) {
                        [dict] => match self.file.pickle().node(*dict) {
                            Node::Dict(pairs) => Some(pairs),
                            _ => None,
                        },
                        [] => Some(&object.pairs),
                        _ => None,
                    },
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn key_of(&self, id: Id) -> Option<Key<'a>> {
        match self.file.pickle().node(id) {
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
        let Some(pairs) = self.pairs() else {
            return self.wrong("a dict");
        };
        let mut entries: Vec<(Key<'a>, Self)> = Vec::new();
        let mut seen = HashMap::new();
        for (key, value) in pairs {
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
        let Some(pairs) = self.pairs() else {
            return self.wrong("a dict");
        };
        let mut last_first = pairs.iter().rev();
        let found = last_first.find(|(id, _)| self.text_of(*id) == Some(key));
        Ok(found.map(|(_, value)| self.inside(*value, key)))
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
        let pairs = self.pairs().unwrap_or_default();
        let keys = pairs.iter().filter_map(|(id, _)| self.key_of(*id));
        Err(TorchError::Missing {
            place: self.place.clone(),
            key: clip(key),
            known: keys
                .take(NAMED_KEYS)
                .map(|key| clip(&key.to_string()))
                .collect(),
        })
    }
}

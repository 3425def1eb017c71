use std::collections::HashMap;
use std::fmt;

use super::pickle::{Global, Id, Node, Object};
use super::{Tensor, TorchError, TorchFile};

/// One value of a [`TorchFile`], which knows its place there.
///
/// Its methods are what it may be read as; where it is of another type, the error says so with the
/// place:
///
/// ```
/// # use lr_compat::pytorch::TorchFile;
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pytorch/files/sequential_lr-40.pt");
/// let file = TorchFile::open(path)?;
/// let part = file.root().field("_schedulers")?.items()?[1].clone();
/// assert_eq!(part.field("T_max")?.number()?, 60.0);
/// assert_eq!(
///     part.field("T_max")?.text().unwrap_err().to_string(),
///     "_schedulers[1].T_max: must be text, is 60",
/// );
/// # Ok::<(), lr_compat::pytorch::TorchError>(())
/// ```
#[derive(Clone)]
pub struct Value<'a> {
    file: &'a TorchFile,
    id: Id,
    place: String,
}

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
    pub(super) fn root(file: &'a TorchFile) -> Self {
        Self {
            file,
            id: file.pickle().root(),
            place: String::new(),
        }
    }

    fn node(&self) -> &'a Node {
        self.file.pickle().node(self.id)
    }

    fn text_of(&self, id: Id) -> Option<&'a str> {
        match self.file.pickle().node(id) {
            Node::Text(span) => Some(self.file.pickle().text(span)),
            _ => None,
        }
    }

    pub(super) fn file(&self) -> &'a TorchFile {
        self.file
    }

    /// Where it is in the file: `param_groups[0].lr`; empty for what was saved as a whole.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The same value as it is called here rather than in the file.
    pub(super) fn inside(&self, id: Id, name: &str) -> Self {
        let name = clip(name);
        Self {
            file: self.file,
            id,
            place: match self.place.as_str() {
                "" => name,
                place => format!("{place}.{name}"),
            },
        }
    }

    fn inside_at(&self, id: Id, index: impl fmt::Display) -> Self {
        Self {
            file: self.file,
            id,
            place: format!("{}[{index}]", self.place),
        }
    }

    /// What it is, in a few words: `a list of 3`, `0.1`, `a collections.Counter`.
    pub fn describe(&self) -> String {
        match self.node() {
            Node::None => "None".to_string(),
            Node::Bool(true) => "True".to_string(),
            Node::Bool(false) => "False".to_string(),
            Node::Int(int) => int.to_string(),
            Node::LongInt(bytes) => format!("an integer of {bytes} bytes"),
            Node::Float(float) => float.to_string(),
            Node::Text(span) => format!("{:?}", clip(self.file.pickle().text(span))),
            Node::Bytes(span) => format!("{} bytes", span.len()),
            Node::List(items) => format!("a list of {}", items.len()),
            Node::Tuple(items) => format!("a tuple of {}", items.len()),
            Node::Dict(pairs) => format!("a dict of {}", pairs.len()),
            Node::Set(items) => format!("a set of {}", items.len()),
            Node::Global(global) => format!("the name {}", self.name_of(global)),
            Node::Object(object) => match self.class_of(object) {
                name if is_tensor(&name) => "a tensor".to_string(),
                name => format!("a {name}"),
            },
            Node::Persistent(_) => "a storage".to_string(),
        }
    }

    fn name_of(&self, global: &Global) -> String {
        let text = |span| clip(self.file.pickle().text(span));
        format!("{}.{}", text(&global.module), text(&global.name))
    }

    fn class_of(&self, object: &Object) -> String {
        match self.file.pickle().node(object.class) {
            Node::Global(global) => self.name_of(global),
            _ => String::new(), // calls of anything else are refused
        }
    }

    /// That it is of another type than `expected`.
    pub(super) fn wrong<T>(&self, expected: &'static str) -> Result<T, TorchError> {
        Err(TorchError::Type {
            place: self.place.clone(),
            expected,
            found: self.describe(),
        })
    }

    /// That it is out of its bounds.
    pub(super) fn out_of_bounds<T>(&self, allowed: &str) -> Result<T, TorchError> {
        let place = self.place.as_str();
        Err(TorchError::invalid(place, self.describe(), allowed))
    }

    /// Whether it is `None`.
    pub fn is_none(&self) -> bool {
        matches!(self.node(), Node::None)
    }

    /// Whether it is a dict.
    pub fn is_dict(&self) -> bool {
        self.pairs().is_some()
    }

    /// Whether it is a tensor.
    pub fn is_tensor(&self) -> bool {
        match self.node() {
            Node::Object(object) => is_tensor(&self.class_of(object)),
            _ => false,
        }
    }

    /// A bool.
    ///
    /// # Errors
    ///
    /// Any other type.
    pub fn bool(&self) -> Result<bool, TorchError> {
        match self.node() {
            Node::Bool(bool) => Ok(*bool),
            _ => self.wrong("True or False"),
        }
    }

    /// An integer, which Python may also have as a float (`10.0`).
    ///
    /// # Errors
    ///
    /// Any other type, and one that 64 bits can't hold.
    pub fn integer(&self) -> Result<i64, TorchError> {
        match self.node() {
            Node::Int(int) => Ok(*int),
            // Up to 2^53 every number is what it says.
            Node::Float(float) if float.trunc() == *float && float.abs() <= 9e15 => {
                Ok(*float as i64)
            }
            Node::LongInt(_) => self.wrong("an integer of at most 8 bytes"),
            _ => self.wrong("an integer"),
        }
    }

    /// An integer that is at least 0.
    ///
    /// # Errors
    ///
    /// Any other type, and a negative one.
    pub fn count(&self) -> Result<u64, TorchError> {
        match u64::try_from(self.integer()?) {
            Ok(count) => Ok(count),
            Err(_) => self.out_of_bounds("at least 0"),
        }
    }

    /// A number: a float, an integer, or the element of a tensor of one, as rates are where an
    /// optimizer is `capturable`.
    ///
    /// # Errors
    ///
    /// Any other type, and a tensor that can't be read.
    pub fn number(&self) -> Result<f64, TorchError> {
        match self.node() {
            Node::Int(int) => Ok(*int as f64),
            Node::Float(float) => Ok(*float),
            _ if self.is_tensor() => self.tensor()?.number(),
            _ => self.wrong("a number"),
        }
    }

    /// A [number](Self::number) that is neither infinite nor NaN.
    ///
    /// # Errors
    ///
    /// As [`number`](Self::number), and one that isn't finite.
    pub fn finite(&self) -> Result<f64, TorchError> {
        let number = self.number()?;
        match number.is_finite() {
            true => Ok(number),
            false => Err(TorchError::invalid(self.place(), number, "finite")),
        }
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// Any other type.
    pub fn text(&self) -> Result<&'a str, TorchError> {
        match self.text_of(self.id) {
            Some(text) => Ok(text),
            None => self.wrong("text"),
        }
    }

    fn ids(&self) -> Result<&'a [Id], TorchError> {
        match self.node() {
            Node::List(items) => Ok(items),
            Node::Tuple(items) => Ok(items),
            _ => self.wrong("a list"),
        }
    }

    /// The items of a list or a tuple.
    ///
    /// # Errors
    ///
    /// Any other type.
    pub fn items(&self) -> Result<Vec<Self>, TorchError> {
        let items = self.ids()?.iter().enumerate();
        Ok(items.map(|(i, id)| self.inside_at(*id, i)).collect())
    }

    /// How many items a list or a tuple has.
    pub(super) fn count_items(&self) -> Result<u64, TorchError> {
        Ok(self.ids()?.len() as u64)
    }

    /// How many keys a dict is given, of which some may be the same.
    pub(super) fn count_keys(&self) -> Result<u64, TorchError> {
        match self.pairs() {
            Some(pairs) => Ok(pairs.len() as u64),
            None => self.wrong("a dict"),
        }
    }

    /// One of the items of a list or a tuple.
    ///
    /// # Errors
    ///
    /// Any other type, and one with fewer items.
    pub fn item(&self, index: usize) -> Result<Self, TorchError> {
        match self.ids()?.get(index) {
            Some(id) => Ok(self.inside_at(*id, index)),
            None => self.out_of_bounds(&format!("a list with an item {index}")),
        }
    }

    /// What is in a dict, or in what derives from it: `OrderedDict`, `defaultdict`, `Counter`.
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

    fn arguments(&self, object: &Object) -> &'a [Id] {
        match self.file.pickle().node(object.args) {
            Node::Tuple(items) => items,
            _ => &[], // calls with anything else are refused
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
    /// Where it is no dict.
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
    /// Where it is no dict, or one without that key.
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

    /// A tensor, whose elements aren't read yet.
    ///
    /// # Errors
    ///
    /// Any other type, and tensors of other kinds than those that `torch.save` writes for a state:
    /// quantized, sparse, of a dtype that isn't a [`Dtype`](super::Dtype).
    pub fn tensor(&self) -> Result<Tensor<'a>, TorchError> {
        match self.node() {
            Node::Object(object) if self.is_tensor() => {
                Tensor::read(self, &self.class_of(object), self.call_of(object))
            }
            _ => self.wrong("a tensor"),
        }
    }

    /// What an object's class was called with.
    fn call_of(&self, object: &Object) -> Vec<Self> {
        let arguments = self.arguments(object).iter();
        let argument = |id: &Id| Self {
            file: self.file,
            id: *id,
            place: self.place.clone(),
        };
        arguments.map(argument).collect()
    }

    /// The class of an object, by its module and name; `None` for what needs none.
    pub fn class(&self) -> Option<String> {
        match self.node() {
            Node::Object(object) => Some(self.class_of(object)),
            _ => None,
        }
    }

    /// What an object has as its `__dict__`, where it has one.
    pub fn state(&self) -> Option<Self> {
        match self.node() {
            Node::Object(object) => {
                let state = object.state?;
                Some(self.inside(state, "__dict__"))
            }
            _ => None,
        }
    }

    /// A class or a function, by its module and name.
    pub(super) fn global(&self) -> Option<String> {
        match self.node() {
            Node::Global(global) => Some(self.name_of(global)),
            _ => None,
        }
    }

    /// What names a storage.
    pub(super) fn storage(&self) -> Option<Self> {
        match self.node() {
            Node::Persistent(id) => Some(Self {
                id: *id,
                ..self.clone()
            }),
            _ => None,
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.describe()),
            place => write!(f, "{place}: {}", self.describe()),
        }
    }
}

fn is_tensor(class: &str) -> bool {
    let rebuilds = class.strip_prefix("torch._utils._rebuild_");
    rebuilds.is_some_and(|what| what.contains("tensor") || what.contains("parameter"))
}

/// A text that is short enough for an error.
fn clip(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_string(),
    }
}

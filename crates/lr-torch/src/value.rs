//! The values of a file.

use std::fmt;

use crate::error::TorchError;
use crate::file::TorchFile;
use crate::pickle::node::{Global, Id, Node, Object};

/// One value of a [`TorchFile`], which knows its place there.
///
/// Its methods are what it may be read as; where it is of another type, the error says so with the
/// place:
///
/// ```
/// # use lr_torch::TorchFile;
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pytorch/files/sequential_lr-40.pt");
/// let file = TorchFile::open(path)?;
/// let part = file.root().field("_schedulers")?.items()?[1].clone();
/// assert_eq!(part.field("T_max")?.number()?, 60.0);
/// assert_eq!(
///     part.field("T_max")?.text().unwrap_err().to_string(),
///     "_schedulers[1].T_max: must be text, is 60",
/// );
/// # Ok::<(), lr_torch::TorchError>(())
/// ```
#[derive(Clone)]
pub struct Value<'a> {
    pub(crate) file: &'a TorchFile,
    pub(crate) id: Id,
    pub(crate) place: String,
}

impl TorchFile {
    /// The value that was saved: often a dict, whose values are its [fields](Value::field).
    pub fn root(&self) -> Value<'_> {
        Value {
            file: self,
            id: self.pickle.root,
            place: String::new(),
        }
    }
}

/// A number or a flag.
pub(crate) enum Scalar {
    Int(i64),
    Float(f64),
    Bool(bool),
}

impl<'a> Value<'a> {
    pub(crate) fn node(&self) -> &'a Node {
        self.file.pickle.node(self.id)
    }

    pub(crate) fn text_of(&self, id: Id) -> Option<&'a str> {
        self.file.pickle.text_of(id)
    }

    /// Its place in the file: `param_groups[0].lr`; empty for what was saved as a whole.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// A value in this one, with a place of its own.
    pub(crate) fn inside(&self, id: Id, name: &str) -> Self {
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

    /// A value that has no place but this one's.
    pub(crate) fn same(&self, id: Id) -> Self {
        Self { id, ..self.clone() }
    }

    pub(crate) fn inside_at(&self, id: Id, index: impl fmt::Display) -> Self {
        Self {
            file: self.file,
            id,
            place: format!("{}[{index}]", self.place),
        }
    }

    /// A description in a few words: `a list of 3`, `0.1`, `a collections.Counter`.
    pub fn describe(&self) -> String {
        match self.scalar() {
            Some(Scalar::Int(int)) => return int.to_string(),
            Some(Scalar::Float(float)) => return float.to_string(),
            Some(Scalar::Bool(true)) => return "True".to_string(),
            Some(Scalar::Bool(false)) => return "False".to_string(),
            None => {}
        }
        match self.node() {
            Node::None => "None".to_string(),
            Node::LongInt(bytes) => format!("an integer of {bytes} bytes"),
            Node::Text(span) => format!("{:?}", clip(self.file.pickle.text(span))),
            Node::Bytes(span) => format!("{} bytes", span.len()),
            Node::List(items) => format!("a list of {}", items.len()),
            Node::Tuple(items) => format!("a tuple of {}", items.len()),
            Node::Dict(pairs) => format!("a dict of {}", pairs.len()),
            Node::Set(items) => format!("a set of {}", items.len()),
            Node::Global(global) => format!("the name {}", self.name_of(global)),
            Node::Object(_) if self.is_tensor() => "a tensor".to_string(),
            Node::Object(object) => match self.name_of(&object.class) {
                name if name.ends_with(".multiarray._reconstruct") => {
                    "an array of numpy's".to_string()
                }
                name => format!("a {name}"),
            },
            Node::Persistent(_) => "a storage".to_string(),
            Node::Bool(_) | Node::Int(_) | Node::Float(_) => String::new(), // scalars
        }
    }

    fn name_of(&self, global: &Global) -> String {
        let text = |span| clip(self.file.pickle.text(span));
        format!("{}.{}", text(&global.module), text(&global.name))
    }

    fn object(&self) -> Option<&'a Object> {
        match self.node() {
            Node::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The error of a value that is not `allowed`, of another type or out of its bounds.
    pub(crate) fn wrong<T>(&self, allowed: &str) -> Result<T, TorchError> {
        self.must_be(allowed, self.describe())
    }

    /// The error of a value that is not `allowed`, but what is `given`.
    pub(crate) fn must_be<T>(
        &self,
        allowed: &str,
        given: impl fmt::Display,
    ) -> Result<T, TorchError> {
        Err(TorchError::invalid(self.place(), given, allowed))
    }

    /// The error of a value that can't be used, and the reason in a sentence.
    pub(crate) fn unsupported<T>(&self, why: impl Into<String>) -> Result<T, TorchError> {
        Err(TorchError::unsupported(self.place(), why))
    }

    /// Whether it is `None`.
    pub fn is_none(&self) -> bool {
        matches!(self.node(), Node::None)
    }

    /// Whether it is a float, of which some are whole numbers too.
    pub fn is_float(&self) -> bool {
        matches!(self.scalar(), Some(Scalar::Float(_)))
    }

    /// Whether it is a tensor.
    pub fn is_tensor(&self) -> bool {
        let class = self.class().unwrap_or_default();
        let rebuilds = class.strip_prefix("torch._utils._rebuild_");
        rebuilds.is_some_and(|what| what.contains("tensor") || what.contains("parameter"))
    }

    /// A bool.
    ///
    /// # Errors
    ///
    /// Any other type.
    pub fn bool(&self) -> Result<bool, TorchError> {
        match self.scalar() {
            Some(Scalar::Bool(bool)) => Ok(bool),
            _ => self.wrong("True or False"),
        }
    }

    /// An integer, which Python may also have as a float (`10.0`) or in a tensor of one.
    ///
    /// # Errors
    ///
    /// Any other type, and one that 64 bits can't hold.
    pub fn integer(&self) -> Result<i64, TorchError> {
        let float = match (self.node(), self.scalar()) {
            (_, Some(Scalar::Int(int))) => return Ok(int),
            (_, Some(Scalar::Float(float))) => float,
            (Node::LongInt(_), _) => return self.wrong("an integer of at most 8 bytes"),
            _ if self.is_tensor() => self.tensor()?.number()?,
            _ => return self.wrong("an integer"),
        };
        // Up to 2^53 every number is what it says.
        match float.trunc() == float && float.abs() <= 9e15 {
            true => Ok(float as i64),
            false => self.wrong("an integer"),
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
            Err(_) => self.wrong("at least 0"),
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

    pub(crate) fn ids(&self) -> Result<&'a [Id], TorchError> {
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

    /// One of the items of a list or a tuple.
    ///
    /// # Errors
    ///
    /// Any other type, and one with fewer items.
    pub fn item(&self, index: usize) -> Result<Self, TorchError> {
        match self.ids()?.get(index) {
            Some(id) => Ok(self.inside_at(*id, index)),
            None => self.wrong(&format!("a list with an item {index}")),
        }
    }

    pub(crate) fn arguments(&self) -> &'a [Id] {
        let args = self.object().map(|object| object.args);
        match args.map(|args| self.file.pickle.node(args)) {
            Some(Node::Tuple(items)) => items,
            _ => &[],
        }
    }

    /// The arguments that the class of an object, or a function, was called with; none for any other type.
    pub fn call(&self) -> Vec<Self> {
        let arguments = self.arguments().iter();
        arguments.map(|id| self.same(*id)).collect()
    }

    /// The class of an object, by its module and name; `None` for what needs none.
    pub fn class(&self) -> Option<String> {
        self.object().map(|object| self.name_of(&object.class))
    }

    /// The `__dict__` of an object, if it has one.
    pub fn state(&self) -> Option<Self> {
        let state = self.object()?.state?;
        Some(self.inside(state, "__dict__"))
    }

    /// A class or a function, by its module and name.
    pub(crate) fn global(&self) -> Option<String> {
        match self.node() {
            Node::Global(global) => Some(self.name_of(global)),
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

/// A text that is short enough for an error.
pub(crate) fn clip(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_string(),
    }
}

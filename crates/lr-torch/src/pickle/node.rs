//! The values of a pickle, which refer to each other by number.

use std::ops::Range;

/// The number of a value.
pub(crate) type Id = u32;

/// A part of the pickle's bytes.
pub(crate) type Span = Range<u32>;

#[derive(Debug)]
pub(crate) enum Node {
    None,
    Bool(bool),
    Int(i64),
    /// An integer of so many bytes, which 8 can't hold.
    LongInt(u32),
    Float(f64),
    /// UTF-8, which was checked.
    Text(Span),
    Bytes(Span),
    List(Vec<Id>),
    Tuple(Box<[Id]>),
    Dict(Vec<(Id, Id)>),
    Set(Vec<Id>),
    /// A class or a function, by its module and its name.
    Global(Box<Global>),
    /// An object that Python would have made by calling something.
    Object(Box<Object>),
    /// A storage, which is in the file beside the pickle.
    Persistent(Id),
}

#[derive(Debug)]
pub(crate) struct Global {
    pub module: Span,
    pub name: Span,
}

#[derive(Debug)]
pub(crate) struct Object {
    /// The class or function to call.
    pub class: Id,
    /// The arguments of the call.
    pub args: Id,
    /// The state to set on it then.
    pub state: Option<Id>,
    pub items: Vec<Id>,
    pub pairs: Vec<(Id, Id)>,
}

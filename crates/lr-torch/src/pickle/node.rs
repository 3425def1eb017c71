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

#[derive(Debug, Clone)]
pub(crate) struct Global {
    pub module: Span,
    pub name: Span,
}

#[derive(Debug)]
pub(crate) struct Object {
    /// The class or function to call.
    pub class: Global,
    /// The arguments of the call.
    pub args: Id,
    /// The state to set on it then, or its keyword arguments.
    pub state: Option<Id>,
    pub pairs: Vec<(Id, Id)>,
}

/// The integer that at most 8 bytes are, the lowest first.
pub(crate) fn integer(bytes: &[u8], is_signed: bool) -> Option<i64> {
    let is_negative = is_signed && bytes.last().is_some_and(|last| *last >= 0x80);
    let mut whole = [if is_negative { 0xff } else { 0 }; 8];
    whole.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i64::from_le_bytes(whole))
}

//! Numbers and flags, also numpy's, which are objects in a pickle: `scalar(dtype, bytes)`.

use std::fmt;

use crate::dtype::Dtype;
use crate::pickle::Pickle;
use crate::pickle::node::{Id, Node};

/// A number or a flag.
pub(crate) enum Scalar {
    Int(i64),
    Float(f64),
    Bool(bool),
}

/// As Python writes it.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => write!(f, "{int}"),
            Self::Float(float) => write!(f, "{float}"),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
        }
    }
}

/// The number or the flag that a value is, Python's or numpy's.
pub(crate) fn scalar(pickle: &Pickle, node: &Node) -> Option<Scalar> {
    match node {
        Node::Bool(flag) => return Some(Scalar::Bool(*flag)),
        Node::Int(int) => return Some(Scalar::Int(*int)),
        Node::Float(float) => return Some(Scalar::Float(*float)),
        _ => {}
    }
    let (module, name, arguments, _) = call(pickle, node)?;
    if !(module.starts_with("numpy.") && module.ends_with(".multiarray") && name == "scalar") {
        return None;
    }
    let [dtype, data] = arguments else {
        return None;
    };
    let (code, is_big) = dtype_of(pickle, pickle.node(*dtype))?;
    let mut bytes = few_bytes(pickle, pickle.node(*data))?;
    if is_big {
        bytes.reverse();
    }
    Some(match (code, bytes.as_slice()) {
        ("b1", [byte]) => Scalar::Bool(*byte != 0),
        ("f8", [_, _, _, _, _, _, _, _]) => Scalar::Float(Dtype::F64.number(&bytes)),
        ("f4", [_, _, _, _]) => Scalar::Float(Dtype::F32.number(&bytes)),
        ("f2", [_, _]) => Scalar::Float(Dtype::F16.number(&bytes)),
        ("i8" | "i4" | "i2" | "i1", [.., last]) => {
            let sign = if *last >= 0x80 { 0xff } else { 0 };
            Scalar::Int(widened(&bytes, sign)?)
        }
        ("u8" | "u4" | "u2" | "u1", _) => Scalar::Int(widened(&bytes, 0).filter(|int| *int >= 0)?),
        _ => return None,
    })
}

/// Tells how an object is made: the module and the name of its class, their arguments, and its state.
fn call<'p>(
    pickle: &'p Pickle,
    node: &'p Node,
) -> Option<(&'p str, &'p str, &'p [Id], Option<Id>)> {
    let Node::Object(object) = node else {
        return None;
    };
    match (pickle.node(object.class), pickle.node(object.args)) {
        (Node::Global(class), Node::Tuple(arguments)) => Some((
            pickle.text(&class.module),
            pickle.text(&class.name),
            arguments,
            object.state,
        )),
        _ => None,
    }
}

/// The code of a `numpy.dtype`, and whether its numbers are big-endian.
fn dtype_of<'p>(pickle: &'p Pickle, node: &'p Node) -> Option<(&'p str, bool)> {
    let ("numpy", "dtype", [code, ..], state) = call(pickle, node)? else {
        return None;
    };
    let order = state.and_then(|state| match pickle.node(state) {
        Node::Tuple(items) => pickle.text_of(*items.get(1)?),
        _ => None,
    });
    Some((pickle.text_of(*code)?, order == Some(">")))
}

/// At most 8 bytes; with protocol 2 they are `_codecs.encode(text, "latin1")`.
fn few_bytes(pickle: &Pickle, node: &Node) -> Option<Vec<u8>> {
    let bytes: Vec<u8> = match (node, call(pickle, node)) {
        (Node::Bytes(span), _) => pickle.bytes(span).iter().take(9).copied().collect(),
        (_, Some(("_codecs", "encode", [letters, ..], _))) => {
            let letters = pickle.text_of(*letters)?.chars().take(9);
            let letters = letters.map(|letter| u8::try_from(letter).ok());
            letters.collect::<Option<_>>()?
        }
        _ => return None,
    };
    (bytes.len() <= 8).then_some(bytes)
}

/// An integer of as many bytes, with others after them.
fn widened(bytes: &[u8], with: u8) -> Option<i64> {
    let mut whole = [with; 8];
    whole.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i64::from_le_bytes(whole))
}

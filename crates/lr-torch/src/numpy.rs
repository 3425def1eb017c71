//! Numbers and flags, also numpy's, which are objects in a pickle: `scalar(dtype, bytes)`.

use crate::dtype::Dtype;
use crate::pickle::node::{Node, integer};
use crate::value::{Scalar, Value};

impl<'a> Value<'a> {
    /// The number or the flag that it is, Python's or numpy's.
    pub(crate) fn scalar(&self) -> Option<Scalar> {
        match self.node() {
            Node::Bool(flag) => return Some(Scalar::Bool(*flag)),
            Node::Int(int) => return Some(Scalar::Int(*int)),
            Node::Float(float) => return Some(Scalar::Float(*float)),
            _ => {}
        }
        let class = self.class()?;
        if !(class.starts_with("numpy.") && class.ends_with(".multiarray.scalar")) {
            return None;
        }
        let [dtype, data] = self.arguments() else {
            return None;
        };
        let (code, is_big) = self.same(*dtype).numpy_dtype()?;
        let mut bytes = self.same(*data).few_bytes()?;
        if is_big {
            bytes.reverse();
        }
        Some(match code {
            "b1" => Scalar::Bool(Dtype::Bool.number(&bytes)? != 0.0),
            "f8" => Scalar::Float(Dtype::F64.number(&bytes)?),
            "f4" => Scalar::Float(Dtype::F32.number(&bytes)?),
            "f2" => Scalar::Float(Dtype::F16.number(&bytes)?),
            "i8" | "i4" | "i2" | "i1" => Scalar::Int(integer(&bytes, true)?),
            "u8" | "u4" | "u2" | "u1" => {
                Scalar::Int(integer(&bytes, false).filter(|int| *int >= 0)?)
            }
            _ => return None,
        })
    }

    /// The code of a `numpy.dtype`, and whether its numbers are big-endian.
    fn numpy_dtype(&self) -> Option<(&'a str, bool)> {
        if self.class()? != "numpy.dtype" {
            return None;
        }
        let code = self.text_of(*self.arguments().first()?)?;
        let state = self.state();
        let order = match state.as_ref().map(Self::node) {
            Some(Node::Tuple(items)) => items.get(1).and_then(|id| self.text_of(*id)),
            _ => None,
        };
        Some((code, order == Some(">")))
    }

    /// A text of 1 to 8 bytes; with protocol 2 they are `_codecs.encode(text, "latin1")`.
    fn few_bytes(&self) -> Option<Vec<u8>> {
        let bytes = match self.node() {
            Node::Bytes(span) if span.len() <= 8 => self.file.pickle.bytes(span).to_vec(),
            _ if self.class()? == "_codecs.encode" => {
                let letters = self.text_of(*self.arguments().first()?)?.chars();
                let letters = letters.take(9).map(|letter| u8::try_from(letter).ok());
                letters.collect::<Option<Vec<_>>>()?
            }
            _ => return None,
        };
        (1..=8).contains(&bytes.len()).then_some(bytes)
    }
}

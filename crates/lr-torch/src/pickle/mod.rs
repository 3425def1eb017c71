//! Pickles as data: what Python's `pickle` would build, without any of it being called.
//!
//! The operations that `torch.save` writes with the protocols 2 to 5 are known; others (those of
//! the text protocols 0 and 1, copyreg's extensions, out-of-band buffers) are errors. Values live in
//! one list and refer to each other by number, so that what a pickle refers to twice is there once, and
//! neither depth nor sharing costs more than the bytes that say it.

mod machine;
pub(crate) mod node;

use crate::error::TorchError;
use machine::Machine;
use node::{Id, Node, Span};

pub use machine::MAX_PICKLE_VALUES;

/// The most bytes of a pickle that are read.
pub const MAX_PICKLE_BYTES: u64 = 32 << 20;

/// The entry of an archive that is its pickle, whose size is known.
pub(crate) const ENTRY: &str = "data.pkl";

/// A pickle that has been read.
#[derive(Debug)]
pub(crate) struct Pickle {
    bytes: Vec<u8>,
    nodes: Vec<Node>,
    pub root: Id,
}

impl Pickle {
    /// The pickle that begins at byte `start` of `bytes`, the file called `file` in errors, and after which
    /// byte it ends.
    pub fn read(
        bytes: &[u8],
        start: usize,
        file: &'static str,
    ) -> Result<(Self, usize), TorchError> {
        let rest = bytes.get(start..).unwrap_or_default();
        let mut machine = Machine::new(rest);
        let root = machine.run().map_err(|why| {
            let offset = start + machine.operation;
            match machine.is_cut && file != ENTRY {
                true => TorchError::CutShort(format!("byte {offset} {why}")),
                false => TorchError::Pickle { file, offset, why },
            }
        })?;
        let (nodes, length) = (machine.nodes, machine.at);
        let bytes = rest[..length].to_vec();
        Ok((Self { bytes, nodes, root }, start + length))
    }

    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The tuples that name storages.
    pub fn storages(&self) -> impl Iterator<Item = &[Id]> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Persistent(id) => match self.node(*id) {
                Node::Tuple(items) => Some(&**items),
                _ => None,
            },
            _ => None,
        })
    }

    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id as usize]
    }

    pub fn bytes(&self, span: &Span) -> &[u8] {
        &self.bytes[span.start as usize..span.end as usize]
    }

    /// The text that a value is, if it is one.
    pub fn text_of(&self, id: Id) -> Option<&str> {
        match self.node(id) {
            Node::Text(span) => Some(self.text(span)),
            _ => None,
        }
    }

    /// The text of a span that was checked when it was read.
    pub fn text(&self, span: &Span) -> &str {
        std::str::from_utf8(self.bytes(span)).unwrap_or_default()
    }
}

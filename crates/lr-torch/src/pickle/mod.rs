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

/// How many bytes of a pickle are read.
pub const MAX_PICKLE_BYTES: u64 = 32 << 20;

/// A pickle that has been read.
#[derive(Debug)]
pub(crate) struct Pickle {
    bytes: Vec<u8>,
    nodes: Vec<Node>,
    root: Id,
}

impl Pickle {
    pub fn read(bytes: Vec<u8>) -> Result<Self, TorchError> {
        let size = bytes.len() as u64;
        if size > MAX_PICKLE_BYTES {
            return Err(TorchError::TooLarge {
                what: "the size of data.pkl",
                size,
                limit: MAX_PICKLE_BYTES,
            });
        }
        let mut machine = Machine::new(&bytes);
        let root = machine.run().map_err(|why| TorchError::Pickle {
            offset: machine.operation,
            why,
        })?;
        let nodes = machine.nodes;
        Ok(Self { bytes, nodes, root })
    }

    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub fn root(&self) -> Id {
        self.root
    }

    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id as usize]
    }

    pub fn bytes(&self, span: &Span) -> &[u8] {
        &self.bytes[span.start as usize..span.end as usize]
    }

    /// The text of a span that was checked when it was read.
    pub fn text(&self, span: &Span) -> &str {
        std::str::from_utf8(self.bytes(span)).unwrap_or_default()
    }
}

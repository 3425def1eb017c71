//! What directories of checkpoints have in common: one writer at a time, what killed ones left, and
//! files that are there whole or not at all.

mod lock;
mod scratch;
#[cfg(feature = "train")]
mod write;

pub(crate) use lock::DirLock;
pub(crate) use scratch::clear_leftovers;
#[cfg(feature = "train")]
pub(crate) use write::write_atomically;

//! The files of a directory that one process writes at a time: its lock, scratch files that killed writers
//! left, and files that are there whole or not at all.

pub mod lock;
pub mod scratch;
#[cfg(feature = "write")]
pub mod write;

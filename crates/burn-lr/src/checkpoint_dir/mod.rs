//! A directory of checkpoints: which stay, which is the latest that is whole, and one writer.

mod directory;
mod error;
mod writer;

pub use directory::{CheckpointDir, FoundCheckpoint};
pub use error::CheckpointDirError;
pub use lr_checkpoint::{CheckpointFile, Retention, RetentionError};
pub use writer::CheckpointWriter;

#[cfg(test)]
mod tests;

//! The file of a checkpoint: model, optimizer, scheduler and progress of a training run, each with its hash.
//!
//! [`inspect`] describes a file, [`read`] reads it, and `write` (feature `write`) writes one:
//!
//! ```
//! use lr_checkpoint::{About, Bytes, Contents, DType, Tensor};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("checkpoint.bpk");
//! let values = Bytes::from_elems(vec![0.5f32, -0.5]);
//! let weight = Tensor::new("linear.weight".to_string(), DType::F32, [2], Some(7), values);
//! let contents = Contents {
//!     model: vec![weight],
//!     optimizer: Bytes::from_elems(vec![1u8]),
//!     scheduler: Bytes::from_elems(vec![2u8]),
//!     about: About::default(),
//! };
//! # #[cfg(feature = "write")]
//! # {
//! lr_checkpoint::write(&contents, &path)?;
//!
//! let found = lr_checkpoint::inspect(&path)?;
//! assert_eq!((found.version, found.model_size), (3, 8));
//! assert_eq!(lr_checkpoint::read(&path)?.model[0].name, "linear.weight");
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! The crate knows no tensors and no training framework: it depends on Burn's container, `burn-pack`, alone.
//! `burn-lr` captures a run into such a file, and restores it.
//!
//! A directory of checkpoints has [names](CheckpointFile) by the step, a [`Retention`], and one writer, who
//! has its [lock](disk::DirLock).

mod contents;
pub mod disk;
mod error;
mod file;
mod index;
mod inspection;
pub mod name;
pub mod retention;
mod v1;
mod v3;

pub use burn_pack::{Bytes, DType, Tensor};
pub use contents::{About, Contents, MAX_RANK, Progress};
pub use error::{FileError, FileFault};
pub use file::{inspect, read};
pub use inspection::{Inspection, SavedTensor};
pub use name::CheckpointFile;
pub use retention::{Retention, RetentionError};
#[cfg(feature = "write")]
pub use v3::write::{write, write_with};

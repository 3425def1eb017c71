//! Configs and files of the other libraries, against what these libraries did. Beside it stands `hostile`,
//! which needs a process of its own for its allocator, which measures.

#[cfg(feature = "pytorch")]
#[path = "../torch_file/mod.rs"]
mod torch_file;

mod errors;
mod parity;
#[cfg(feature = "pytorch")]
mod pytorch;

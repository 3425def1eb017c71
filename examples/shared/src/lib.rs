//! Parts that the examples share: the backend that a feature selects, also one that another process serves, the
//! learning-rate finder, pictures, and errors of one line.

pub mod backend;
pub mod find_lr;
pub mod one_line;
pub mod picture;
#[cfg(feature = "remote")]
mod remote;
#[cfg(feature = "remote-server")]
pub mod serve;

pub use backend::Backend;

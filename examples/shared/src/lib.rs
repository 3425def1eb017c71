//! What the examples share: the backend that a feature selects, and errors of one line.

pub mod backend;
pub mod one_line;

pub use backend::Backend;

//! What the examples share: the backend that a feature selects, the learning-rate finder, pictures,
//! and errors of one line.

pub mod backend;
pub mod find_lr;
pub mod one_line;
pub mod picture;

pub use backend::Backend;

//! Configs of the other libraries, against what these libraries did.

mod errors;
#[cfg(feature = "logs")]
mod logs;
mod parity;

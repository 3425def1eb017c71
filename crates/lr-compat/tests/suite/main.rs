//! Configs of the other libraries, against what these libraries did.

mod ecosystems;
mod errors;
#[cfg(feature = "logs")]
mod logs;
mod parity;

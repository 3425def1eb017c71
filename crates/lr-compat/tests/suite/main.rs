//! Configs of the other libraries, against what these libraries did.

mod ecosystems;
mod errors;
mod parity;

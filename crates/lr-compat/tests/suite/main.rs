//! Configs of the other libraries, against what these libraries did.

mod errors;
mod parity;

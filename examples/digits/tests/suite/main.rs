//! The program `digits`, as a user runs it.

mod common;
mod finder;
mod killed;
mod program;
#[cfg(feature = "remote-server")]
mod remote;
#[cfg(feature = "remote-server")]
#[path = "../../../shared/tests_common/server.rs"]
mod server;

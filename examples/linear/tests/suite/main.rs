//! The program `linear`, as a user runs it.

mod common;
mod pictures;
#[cfg(feature = "remote-server")]
mod remote;
mod resume;
mod schedules;
#[cfg(feature = "remote-server")]
#[path = "../../../shared/tests_common/server.rs"]
mod server;
mod stop;
mod train;

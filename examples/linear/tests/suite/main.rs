//! The program `linear`, as a user runs it.

mod common;
mod pictures;
#[cfg(feature = "remote-server")]
mod remote;
mod resume;
mod schedules;
mod stop;
mod train;

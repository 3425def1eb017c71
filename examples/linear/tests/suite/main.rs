//! The program `linear`, as a user runs it.

mod common;
mod pictures;
mod resume;
mod schedules;
mod stop;
mod train;

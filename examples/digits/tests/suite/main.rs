//! The program `digits`, as a user runs it.

mod common;
mod finder;
mod killed;
mod program;

//! `lr`, as a shell runs it: a module for each command.

mod audit;
mod check;
mod common;
mod convert;
mod diff;
mod help;
mod inspect;
mod plot;
mod saved;
mod table;

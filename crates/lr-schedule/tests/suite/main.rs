//! Schedules that are generated, and their texts; rules, shapes and formats.

mod common;
#[cfg(feature = "text")]
mod format;
mod greedy;
mod laws;
mod recurrence;
mod reduce_on_plateau;
mod schedules;
mod shape;
#[cfg(feature = "serde")]
mod spec;

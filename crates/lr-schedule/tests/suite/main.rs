//! Schedules that are generated, and their texts.

mod common;
mod laws;
#[cfg(feature = "serde")]
mod spec;

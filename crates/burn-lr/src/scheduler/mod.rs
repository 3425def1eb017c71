//! A schedule with a position: see [`Scheduler`].

mod core;
mod dynamic;
mod resume;

pub use self::core::Scheduler;
pub use dynamic::DynScheduler;

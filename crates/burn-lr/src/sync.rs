//! The primitives of the [timeline](crate::timeline), which a model checker replaces
//! (`tests/timeline`).

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
pub(crate) use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

//! Rates by parameter group: discriminative, layer-wise, unfrozen one after the other.

mod build;
mod error;
mod group;
mod member;
mod paths;
mod scheduler;

pub use build::Groups;
pub use error::GroupError;
pub use group::Group;
pub use paths::layers_of;
#[cfg(feature = "train")]
pub(crate) use scheduler::rate_at;
pub use scheduler::{GroupScheduler, GroupsHandle};

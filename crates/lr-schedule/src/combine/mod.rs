//! Adapters that build a schedule from others, as the adapters of [`core::iter`] do. They are
//! reached through the methods of [`Schedule`](crate::Schedule).

mod scale;
mod take;
mod then;
mod warmup;

pub use scale::Scale;
pub use take::Take;
pub use then::Then;
pub use warmup::{Warmup, WarmupConfig};

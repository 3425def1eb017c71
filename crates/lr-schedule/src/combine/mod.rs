//! Adapters that build a schedule from others, as the adapters of [`core::iter`] do. They are
//! reached through the methods of [`ScheduleExt`](crate::ScheduleExt), and those of several schedules
//! that are chosen at run time through [`sequence`], [`product`] and [`sum`].

/// The methods of an adapter that changes each rate by itself, which are those of `inner`.
macro_rules! as_inner {
    () => {
        fn length(&self) -> Option<u64> {
            self.inner.length()
        }

        fn phases(&self, span: f64) -> alloc::vec::Vec<crate::phase::Phase> {
            self.inner.phases(span)
        }

        fn span(&self) -> Option<u64> {
            self.inner.span()
        }
    };
}

mod batch_scale;
mod clamp;
mod cooldown;
mod delay;
mod named;
mod noise;
mod per_epoch;
mod repeat;
mod scale;
mod sequence;
mod several;
mod skip;
mod take;
mod then;
mod warmup;

pub use batch_scale::{BatchRule, BatchScale};
pub use clamp::Clamp;
pub use cooldown::{Cooldown, CooldownConfig};
pub use delay::Delay;
pub use noise::{Noise, NoiseConfig, NoiseKind};
pub use per_epoch::PerEpoch;
pub use repeat::Repeat;
pub use scale::Scale;
pub use sequence::{Sequence, sequence, try_sequence};
pub use several::{Several, product, sum};
pub use skip::Skip;
pub use take::Take;
pub use then::Then;
pub use warmup::{Warmup, WarmupConfig};

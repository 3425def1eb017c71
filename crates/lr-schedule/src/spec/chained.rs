//! Recurrences of links.

use alloc::vec::Vec;

use super::Link;
use crate::error::{ScheduleError, or_panic};
use crate::field::each;
use crate::recurrence::{Links, Recurrence};

impl Recurrence<Links> {
    /// `start`, changed by each of `links` in turn at every step.
    ///
    /// # Panics
    ///
    /// If [`try_chained`](Self::try_chained) fails.
    #[track_caller]
    pub fn chained(start: f64, links: impl Into<Vec<Link>>) -> Self {
        or_panic(Self::try_chained(start, links))
    }

    /// `start`, changed by each of `links` in turn at every step: PyTorch's `ChainedScheduler`.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    /// use lr_schedule::spec::Link;
    ///
    /// // ChainedScheduler([CosineAnnealingLR(T_max=10), ExponentialLR(0.5)])
    /// let cosine = Link::Anneal { start: 0.1, floor: 0.0, t_max: 10.into() };
    /// let gamma = Exponential::new(1.0, 0.5).to_spec().unwrap();
    /// let schedule = Recurrence::chained(0.1, [cosine, Link::Multiply { of: gamma.into() }]);
    /// let product = 0.1 * (1.0 + (0.1 * std::f64::consts::PI).cos()) / 2.0 * 0.5;
    /// assert!((schedule.at(1) - product).abs() < 1e-15);
    /// ```
    ///
    /// # Errors
    ///
    /// A start that is not finite, or a link that makes no schedule.
    pub fn try_chained(start: f64, links: impl Into<Vec<Link>>) -> Result<Self, ScheduleError> {
        let links: Vec<Link> = links.into();
        let parts = each(&links, Link::build).map_err(|error| error.inside("recurrence.links"))?;
        Self::of_parts(start, parts)
    }
}

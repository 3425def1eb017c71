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

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;
    use alloc::vec;

    use super::*;
    use crate::curves::{Exponential, MultiStep};
    use crate::ext::ScheduleExt;
    use crate::schedule::Schedule;
    use crate::spec::Spec;

    #[test]
    fn a_link_goes_on_from_where_another_one_was_left() {
        let anneal = Link::Anneal {
            start: 0.1,
            floor: 0.001,
            t_max: 7.into(),
        };
        let multiply = |of: Option<Spec>| Link::Multiply {
            of: Box::new(of.unwrap()),
        };
        let chain = Link::Chain(vec![
            anneal.clone(),
            multiply(MultiStep::new(1.0, [5, 20], 0.5).to_spec()),
        ]);
        let then = Link::Then {
            first: Box::new(chain),
            steps: 12.into(),
            start: Some(0.05),
            next: Box::new(multiply(Exponential::new(1.0, 0.9).to_spec())),
        };
        for link in [anneal, then] {
            let whole = Recurrence::chained(0.1, [link.clone()]);
            for left in [0, 1, 6, 7, 8, 11, 12, 13, 30] {
                let rest = Link::Skip {
                    steps: left.into(),
                    of: Box::new(link.clone()),
                };
                let rest = Recurrence::chained(whole.at(left), [rest]);
                for n in 0..40 {
                    assert_eq!(rest.at(n), whole.at(left + n), "{n} after {left}");
                }
            }
        }
    }
}

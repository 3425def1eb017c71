use alloc::vec::Vec;

use crate::error::ScheduleError;
use crate::length::Length;
use crate::math::{float, lerp, share};

curve! {
    /// A warm-up, then a stable rate that decays toward each of several steps, and is back at once:
    /// `peak` until `decay` steps before the next of `ends`, a straight line to `min_lr` at it, and
    /// `peak` again; after the last, `min_lr`.
    ///
    /// The WSD-S of Wen et al., "Understanding Warmup-Stable-Decay Learning Rates" (2024), with a
    /// straight line as in OLMo-core's `WSDS`, whose `period_lengths` are the steps between `ends`.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = WsdS::new(0.1, 10, [50, 100], 20, 0.0);
    /// assert_eq!([schedule.at(5), schedule.at(30), schedule.at(40)], [0.05, 0.1, 0.05]);
    /// assert_eq!([schedule.at(50), schedule.at(51), schedule.at(100)], [0.0, 0.1, 0.0]);
    /// ```
    #[derive(Debug, Clone, PartialEq)]
    pub struct WsdS: "wsd_s", WsdSSpec, until steps {
        peak: f64 => Finite,
        warmup: u64 as Length => Any,
        ends: Vec<u64> as Vec<Length> [impl Into<Vec<u64>>] => Any,
        decay: u64 as Length => AtLeast1,
        min_lr: f64 = 0.0 => Finite,
    }
    with { steps: u64 = ends.iter().copied().max().unwrap_or(0) }
    check sort
    /// `warmup` steps from 0 to `peak`, and `decay` steps down to `min_lr` before each of `ends`.
    new;
    example |steps| {
        let ends = [steps * 4 / 10, steps * 7 / 10, steps];
        WsdS::new(0.1, steps / 20, ends, steps.div_ceil(10), 0.01)
    };
}

impl WsdS {
    fn sort(&mut self) -> Result<(), ScheduleError> {
        self.ends.sort_unstable();
        let any = !self.ends.is_empty();
        ScheduleError::check(any, "wsd_s", "ends", "none", "at least one step")
    }

    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let next = self.ends.partition_point(|&end| end < step);
        let top = self.peak * share(step, self.warmup);
        match self.ends.get(next).map(|end| end - step) {
            None => self.min_lr,
            Some(left) if left >= self.decay => top,
            Some(left) => lerp(self.min_lr, top, float(left) / float(self.decay)),
        }
    }
}

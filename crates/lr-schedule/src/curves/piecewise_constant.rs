use alloc::format;
use alloc::vec::Vec;

use crate::error::ScheduleError;
use crate::length::Length;
use crate::math::margin;

curve! {
    /// One rate after another, each from its boundary on, without an end:
    /// `at(n) = values[boundaries ≤ n]`.
    ///
    /// optax's `piecewise_constant_schedule`, which gives the values as factors. Keras's
    /// `PiecewiseConstantDecay` changes one step after its boundary.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = PiecewiseConstant::new([0.1, 0.05, 0.01], [100, 200]);
    /// assert_eq!([schedule.at(99), schedule.at(100), schedule.at(200)], [0.1, 0.05, 0.01]);
    /// ```
    #[derive(Debug, Clone, PartialEq)]
    pub struct PiecewiseConstant: "piecewise_constant", PiecewiseConstantSpec {
        values: Vec<f64> [impl Into<Vec<f64>>] => Finite,
        boundaries: Vec<u64> as Vec<Length> [impl Into<Vec<u64>>] => Any,
    }
    check check
    /// `values[0]` first, and `values[i + 1]` from step `boundaries[i]` on.
    new;
    example |steps| PiecewiseConstant::new(
        [0.04, 0.1, 0.06, 0.01],
        [steps / 10, steps / 2, steps * 4 / 5],
    );
    shown |curve| margin(&curve.boundaries);
}

impl PiecewiseConstant {
    fn check(&mut self) -> Result<(), ScheduleError> {
        let (count, boundaries) = (self.values.len(), &self.boundaries);
        let (one_more, allowed) = (count == boundaries.len() + 1, "one more than boundaries");
        ScheduleError::check(one_more, "piecewise_constant", "values", count, allowed)?;
        match (1..boundaries.len()).find(|&i| boundaries[i] < boundaries[i - 1]) {
            None => Ok(()),
            Some(i) => {
                let (place, allowed) = (format!("boundaries[{i}]"), "at least the one before it");
                ScheduleError::check(false, "piecewise_constant", &place, boundaries[i], allowed)
            }
        }
    }

    #[inline]
    fn rate(&self, step: u64) -> f64 {
        self.values[self.boundaries.partition_point(|&at| at <= step)]
    }
}

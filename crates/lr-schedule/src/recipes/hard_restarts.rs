use alloc::vec::Vec;

use crate::data::Data;
use crate::math::cosine;
use crate::phase::{Phase, PhaseKind, cycles, until};
use crate::schedule::{Bounded, Schedule};

checked! {
    /// A cosine that restarts `cycles` times in equal parts of its length, then 0:
    /// `at(n) = max · (1 + cos(π · (cycles · n / steps mod 1))) / 2`.
    ///
    #[cfg_attr(doc, doc = include_str!("../../pictures/hard_restarts.svg"))]
    ///
    /// transformers' `get_cosine_with_hard_restarts_schedule_with_warmup`, whose warm-up is
    /// [`warmup`](crate::ScheduleExt::warmup) here and whose `num_training_steps` counts the warm-up in.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let (warmup, training) = (10, 100);
    /// let schedule = HardRestarts::new(5e-4, training - warmup, 3.0).warmup(warmup);
    /// assert_eq!(schedule.at(10), 5e-4);
    /// assert_eq!(schedule.at(25), 2.5e-4);
    /// assert_eq!(schedule.at(40), 5e-4); // the second of three cycles of 30 steps
    /// assert_eq!(schedule.at(100), 0.0);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct HardRestarts: "hard_restarts" {
        max: f64 => Finite,
        steps: u64 => AtLeast1,
        cycles: f64 => Above0,
    }
    /// `cycles` half cosines from `max` to 0 within `steps` steps.
    pub fn new, try_new
}

impl Schedule for HardRestarts {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        if step >= self.steps {
            return 0.0;
        }
        let progress = step as f64 / self.steps as f64;
        cosine(self.max, 0.0, (self.cycles * progress) % 1.0)
    }

    fn length(&self) -> Option<u64> {
        Some(self.steps)
    }

    fn phases(&self, span: f64) -> Vec<Phase> {
        let steps = self.steps as f64;
        let cycles = cycles(|_| steps / self.cycles, None, steps.min(span));
        let mut phases = until(cycles, steps);
        phases.push(Phase::new(
            PhaseKind::Stable,
            "held",
            steps,
            span.max(steps),
        ));
        phases
    }

    fn description(&self) -> Option<Data> {
        Some(self.data())
    }
}

impl Bounded for HardRestarts {
    fn steps(&self) -> u64 {
        self.steps
    }
}

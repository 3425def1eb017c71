use crate::length::Length;
use crate::math::{cosine, float};
use crate::phase::{Phase, cycles, until};

curve! {
    /// A cosine that restarts `cycles` times in equal parts of its length, then 0:
    /// `at(n) = max · (1 + cos(π · (cycles · n / steps mod 1))) / 2`.
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
    pub struct HardRestarts: "hard_restarts", HardRestartsSpec, until steps {
        max: f64 => Finite,
        steps: u64 as Length => AtLeast1,
        cycles: f64 = 1.0 => Above0,
    }
    /// `cycles` half cosines from `max` to 0 within `steps` steps.
    new;
    example |steps| HardRestarts::new(0.1, steps, 3.0);
    parts |restarts, span| {
        let steps = float(restarts.steps);
        let cycles = cycles(|_| steps / restarts.cycles, None, steps.min(span));
        let mut phases = until(cycles, steps);
        phases.push(Phase::held(steps, span));
        phases
    };
}

impl HardRestarts {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        if step >= self.steps {
            return 0.0;
        }
        let progress = float(step) / float(self.steps);
        cosine(self.max, 0.0, (self.cycles * progress) % 1.0)
    }
}

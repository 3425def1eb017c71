use crate::error::or_panic;
use crate::math::{float, lerp};
use crate::{Bounded, Schedule, ScheduleError, Shape, Spec};

/// From one rate to another in any [`Shape`]:
/// `at(n) = start + (end - start) · shape.decay(n, steps)`, then `end`.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/anneal.svg"))]
///
/// The tail of a warm-up-stable-decay schedule. [`Linear`](super::Linear) and
/// [`Cosine`](super::Cosine) are the two shapes with a name of their own.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = Anneal::new(0.1, 0.0, 100, Shape::OneMinusSqrt);
/// assert_eq!(schedule.at(25), 0.05); // 1 - √(25/100) of 0.1
/// assert_eq!(schedule.at(100), 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anneal {
    start: f64,
    end: f64,
    steps: u64,
    shape: Shape,
}

impl Anneal {
    /// From `start` at step 0 to `end` at step `steps`, in `shape`.
    ///
    /// # Panics
    ///
    /// Where [`try_new`](Self::try_new) fails.
    #[track_caller]
    pub fn new(start: f64, end: f64, steps: u64, shape: Shape) -> Self {
        or_panic(Self::try_new(start, end, steps, shape))
    }

    /// From `start` at step 0 to `end` at step `steps`, in `shape`.
    ///
    /// # Errors
    ///
    /// A rate that is not finite, no steps, or a shape with a number outside its bounds.
    pub fn try_new(start: f64, end: f64, steps: u64, shape: Shape) -> Result<Self, ScheduleError> {
        ScheduleError::check_ramp("anneal", start, end, steps)?;
        shape.check("anneal.shape")?;
        Ok(Self {
            start,
            end,
            steps,
            shape,
        })
    }
}

impl Schedule for Anneal {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        let (step, steps) = (float(step.min(self.steps)), float(self.steps));
        lerp(self.start, self.end, self.shape.decay(step, steps))
    }

    fn length(&self) -> Option<u64> {
        Some(self.steps)
    }

    fn to_spec(&self) -> Option<Spec> {
        Some(Spec::Anneal {
            start: self.start,
            end: self.end,
            steps: self.steps.into(),
            shape: self.shape,
        })
    }
}

impl Bounded for Anneal {
    fn steps(&self) -> u64 {
        self.steps
    }
}

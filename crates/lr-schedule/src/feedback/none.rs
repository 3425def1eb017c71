use super::rule::Feedback;
use super::state::{State, StateError};

/// No feedback rule: the rate is the schedule's, and metrics change nothing.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let mut rule = NoFeedback;
/// rule.observe(1.0, 0.1);
/// assert_eq!((rule.rate(0.1), rule.is_none()), (0.1, true));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoFeedback;

impl Feedback for NoFeedback {
    fn name(&self) -> &'static str {
        "none"
    }

    fn observe(&mut self, _metric: f64, _scheduled: f64) {}

    #[inline]
    fn rate(&self, scheduled: f64) -> f64 {
        scheduled
    }

    fn state(&self) -> State {
        State::new()
    }

    fn restore(&mut self, _stored: &State) -> Result<(), StateError> {
        Ok(())
    }

    fn is_none(&self) -> bool {
        true
    }
}

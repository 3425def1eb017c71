use super::improvement::Mode;
use super::state::{State, StateError};
use crate::data::Data;

/// A rule that hears a metric and changes the rate that a schedule gives.
///
/// Its state is a list of named numbers. From what [`state`](Self::state) gives,
/// [`restore`](Self::restore) makes a rule of the same options the same rule.
pub trait Feedback {
    /// The name of the rule, under which its state is stored: `reduce_on_plateau`.
    fn name(&self) -> &'static str;

    /// Hears one value of the metric, measured while the schedule gave `scheduled`.
    fn observe(&mut self, metric: f64, scheduled: f64);

    /// The rate that this rule makes of what the schedule gives.
    fn rate(&self, scheduled: f64) -> f64;

    /// Everything that [`observe`](Self::observe) has changed.
    fn state(&self) -> State;

    /// Takes over a stored state, or fails and stays as it is.
    ///
    /// # Errors
    ///
    /// A number that is missing, of another type, or not possible.
    fn restore(&mut self, stored: &State) -> Result<(), StateError>;

    /// The direction in which the metric is better; `None` where the rule doesn't go by that.
    fn mode(&self) -> Option<Mode> {
        None
    }

    /// Whether there is no rule: `true` for [`NoFeedback`](super::NoFeedback) alone, which a scheduler's record leaves
    /// out.
    fn is_none(&self) -> bool {
        false
    }

    /// The name of the rule and its options, as a text has them; `None` where it has no such form.
    ///
    /// [`to_spec`](crate::FeedbackExt::to_spec) reads it.
    fn description(&self) -> Option<Data> {
        None
    }
}

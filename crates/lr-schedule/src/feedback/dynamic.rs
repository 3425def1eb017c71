use alloc::boxed::Box;
use core::fmt;

use super::improvement::Mode;
use super::rule::Feedback;
use super::state::{State, StateError};
use crate::data::Data;

/// Any feedback rule, chosen at run time: what a [`RuleSpec`](crate::RuleSpec) builds.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let mut rule = DynFeedback::new(ReduceOnPlateau::new(Mode::Min));
/// rule.observe(1.0, 0.1);
/// assert_eq!((rule.name(), rule.rate(0.1)), ("reduce_on_plateau", 0.1));
/// ```
pub struct DynFeedback(Box<dyn CloneFeedback>);

/// A rule that can be copied without its type being known.
trait CloneFeedback: Feedback + Send + Sync {
    fn clone_box(&self) -> Box<dyn CloneFeedback>;
}

impl<F: Feedback + Clone + Send + Sync + 'static> CloneFeedback for F {
    fn clone_box(&self) -> Box<dyn CloneFeedback> {
        Box::new(self.clone())
    }
}

impl DynFeedback {
    /// `rule`, without its type.
    pub fn new(rule: impl Feedback + Clone + Send + Sync + 'static) -> Self {
        Self(Box::new(rule))
    }
}

impl Clone for DynFeedback {
    fn clone(&self) -> Self {
        Self((*self.0).clone_box())
    }
}

impl Feedback for DynFeedback {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn observe(&mut self, metric: f64, scheduled: f64) {
        self.0.observe(metric, scheduled);
    }

    fn rate(&self, scheduled: f64) -> f64 {
        self.0.rate(scheduled)
    }

    fn state(&self) -> State {
        self.0.state()
    }

    fn restore(&mut self, stored: &State) -> Result<(), StateError> {
        self.0.restore(stored)
    }

    fn mode(&self) -> Option<Mode> {
        self.0.mode()
    }

    fn is_none(&self) -> bool {
        self.0.is_none()
    }

    fn description(&self) -> Option<Data> {
        self.0.description()
    }
}

impl fmt::Debug for DynFeedback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynFeedback")
            .field("name", &self.name())
            .field("options", &self.description())
            .field("state", &self.state())
            .finish()
    }
}

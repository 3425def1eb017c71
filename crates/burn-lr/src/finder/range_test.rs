use std::fmt::{self, Display};

/// A step of a range test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Counted from 0.
    pub step: u64,
    /// Its learning rate.
    pub rate: f64,
    /// The loss of its batch.
    pub loss: f64,
    /// The average of the losses up to here ([formula](super::LrFinderConfig::with_smoothing)).
    pub smoothed: f64,
}

/// The way a range test ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// All steps were taken.
    Complete,
    /// The smoothed loss was too far above the best one, at the last point.
    Diverged,
    /// A loss was not a finite number. It is not among the points.
    NotFinite {
        /// The step, which is the one after the last point.
        step: u64,
        /// Its rate.
        rate: f64,
        /// Its loss.
        loss: f64,
    },
    /// A test that was finished before its end.
    Unfinished,
}

impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("the range test was complete"),
            Self::Diverged => f.write_str("the range test diverged"),
            Self::NotFinite { rate, loss, .. } => {
                write!(f, "the loss was {loss} at a rate of {rate:e}")
            }
            Self::Unfinished => f.write_str("the range test was broken off"),
        }
    }
}

/// Losses over rates, as a range test saw them, for a plot; and the rates that they
/// [suggest](super::Suggestion).
#[derive(Debug, Clone, PartialEq)]
pub struct RangeTest {
    pub(super) points: Vec<Point>,
    pub(super) planned: u64,
    pub(super) outcome: Outcome,
}

impl RangeTest {
    /// All steps that have a loss, in order.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The way it ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }
}

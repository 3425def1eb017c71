use super::range_test::Outcome;

/// Why a range test suggests no rate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FinderError {
    /// A range test that ended too early.
    #[error(
        "{outcome} after {taken} of {planned} steps: without those at the beginning and at the end \
         that leaves {left} to judge by, and it takes {needed}"
    )]
    TooFewPoints {
        /// The number of steps that have a loss.
        taken: usize,
        /// The number there should have been.
        planned: u64,
        /// The number of them that are judged by.
        left: usize,
        /// The number it takes.
        needed: usize,
        /// The way it ended.
        outcome: Outcome,
    },
    /// No rate has made the loss fall.
    #[error(
        "the smoothed loss, {first} at a rate of {rate:e}, is never lower at a higher one: no rate \
         of the test trains, or it begins too high"
    )]
    NeverFalls {
        /// The first rate that is judged by.
        rate: f64,
        /// Its smoothed loss.
        first: f64,
    },
}

use super::range_test::Outcome;

/// Why a range test suggests no rate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FinderError {
    /// It ended too early.
    #[error(
        "{outcome} after {taken} of {planned} steps: without those at the beginning and at the end \
         that leaves {left} to judge by, and it takes {needed}"
    )]
    TooFewPoints {
        /// How many steps have a loss.
        taken: usize,
        /// How many there should have been.
        planned: u64,
        /// How many of them are judged by.
        left: usize,
        /// How many it takes.
        needed: usize,
        /// How it ended.
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

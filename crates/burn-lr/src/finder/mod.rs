//! Smith's learning-rate range test: see [`LrFinder`].

mod config;
mod error;
mod lr_finder;
mod range_test;
mod suggestion;
#[cfg(feature = "train")]
mod supervised;
#[cfg(test)]
mod tests;

pub use config::{LrFinderConfig, Sweep};
pub use error::FinderError;
pub use lr_finder::LrFinder;
pub use range_test::{Outcome, Point, RangeTest};
pub use suggestion::Suggestion;
#[cfg(feature = "train")]
pub use supervised::FinderRunError;

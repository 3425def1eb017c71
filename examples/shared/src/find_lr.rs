//! `find-lr`: what its options are, and how it says what it found.

use std::path::{Path, PathBuf};

use burn_lr::ScheduleError;
use burn_lr::finder::{FinderError, LrFinder, LrFinderConfig, RangeTest, Suggestion, Sweep};
use clap::{Args, ValueEnum};

use crate::picture::{self, PictureError};

/// The range test, and where its picture goes.
#[derive(Args, Debug, Clone)]
pub struct FinderArgs {
    /// The first rate.
    #[arg(long, default_value_t = 1e-7, allow_negative_numbers = true)]
    pub start: f64,
    /// The rate that the step after the last one would have.
    #[arg(long, default_value_t = 10.0, allow_negative_numbers = true)]
    pub end: f64,
    /// Steps, at most.
    #[arg(long, default_value_t = 100)]
    pub steps: u64,
    /// The way of the rate from the first to the last.
    #[arg(long, value_enum, default_value_t = SweepName::Exponential)]
    pub sweep: SweepName,
    /// The picture of the losses.
    #[arg(long, default_value = "runs/find-lr.svg")]
    pub picture: PathBuf,
}

/// The ways from the first rate to the last, by the names of the command line.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepName {
    /// The same factor at every step.
    Exponential,
    /// The same amount at every step.
    Linear,
}

impl FinderArgs {
    /// The finder.
    pub fn build(&self) -> Result<LrFinder, ScheduleError> {
        let config = LrFinderConfig::new()
            .with_start(self.start)
            .with_end(self.end)
            .with_steps(self.steps)
            .with_sweep(match self.sweep {
                SweepName::Exponential => Sweep::Exponential,
                SweepName::Linear => Sweep::Linear,
            });
        config.build()
    }
}

/// Why nothing was found, or not shown.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum FindError {
    #[error(transparent)]
    Finder(#[from] FinderError),
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// Prints what a range test of what `title` names suggests, and draws it at `path`.
///
/// A tenth of the minimum, which is to be a schedule's peak, has to be there; for another one, what
/// keeps it from being told stands in its place.
pub fn report(title: &str, found: &RangeTest, path: &Path) -> Result<(), FindError> {
    let all = [
        ("minimum/10", found.minimum()),
        ("valley", found.valley()),
        ("steepest", found.steepest()),
        ("slide", found.slide()),
    ];
    let peak = all[0].1.clone()?;
    println!("{}: {} steps", found.outcome(), found.points().len());
    println!("suggestion  rate       found at   smoothed loss");
    let mut suggestions: Vec<(&str, Suggestion)> = vec![];
    for (name, suggestion) in all {
        match suggestion {
            Ok(suggestion) => {
                let Suggestion { rate, at } = suggestion;
                println!(
                    "{name:<10}  {rate:.3e}   {:.3e}   {:.5}",
                    at.rate, at.smoothed
                );
                suggestions.push((name, suggestion));
            }
            Err(error) => println!("{name:<10}  {error}"),
        }
    }
    picture::range_test(title, found, &suggestions, path)?;
    println!("done lr={} picture={}", peak.rate, path.display());
    Ok(())
}

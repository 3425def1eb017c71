use std::fmt::Display;
use std::io;

use lr_compat::ecosystems::Facts;
use lr_compat::log::LogError;
use lr_plot::PlotError;
use lr_schedule::ScheduleError;
use thiserror::Error;

/// The failure of a command.
#[derive(Debug, Error)]
pub enum Failure {
    /// The input makes no schedule.
    #[error("{origin}: {problem}")]
    Input {
        /// The file, or how else it was given.
        origin: String,
        /// The problem, after the place.
        problem: String,
    },
    #[error("{0}")]
    Usage(String),
    #[error("{origin}: can't be read: {error}")]
    Read { origin: String, error: io::Error },
    #[error("{origin}: can't be written: {error}")]
    Write { origin: String, error: io::Error },
    #[error("{0}")]
    Plot(#[from] PlotError),
    #[error(transparent)]
    Log(#[from] LogError),
}

impl Failure {
    pub fn usage(problem: impl Into<String>) -> Self {
        Self::Usage(problem.into())
    }

    pub fn input(origin: impl Display, problem: impl Into<String>) -> Self {
        Self::Input {
            origin: origin.to_string(),
            problem: problem.into(),
        }
    }

    pub fn read(origin: impl Display) -> impl FnOnce(io::Error) -> Self {
        let origin = origin.to_string();
        |error| Self::Read { origin, error }
    }

    pub fn write(origin: impl Display) -> impl FnOnce(io::Error) -> Self {
        let origin = origin.to_string();
        |error| Self::Write { origin, error }
    }

    /// A schedule's error, in terms of this program's options.
    pub fn schedule(origin: &str, error: &ScheduleError) -> Self {
        let text = error.to_string();
        let problem = match text.split_once(", which `resolve` makes of it with a `TrainingLength`")
        {
            Some((before, got)) => format!(
                "{before}{got}: give --total-steps, or --epochs and --steps-per-epoch, or \
                 --epochs, --samples and --batch-size"
            ),
            None => match Facts::asked_for(error) {
                Some(fact) => format!("{text}: give --{}", fact.replace('_', "-")),
                None if text.ends_with("that of a config that is known") => {
                    format!("{text}: say whose it is with --from, or where it is with --field")
                }
                None => text,
            },
        };
        Self::input(origin, problem)
    }

    pub fn code(&self) -> u8 {
        match self {
            Self::Input { .. }
            | Self::Plot(
                PlotError::NotFinite { .. }
                | PlotError::NothingPositive { .. }
                | PlotError::Range { .. },
            ) => 1,
            _ => 2,
        }
    }
}

use std::fmt::Display;
use std::io;

use lr_compat::ecosystems::Facts;
use lr_compat::log::LogError;
use lr_plot::PlotError;
use lr_schedule::ScheduleError;

/// The failure of a command: the line that says it, and the exit code.
pub struct Failure {
    pub text: String,
    pub code: u8,
}

impl Failure {
    /// A command line that is wrong.
    pub fn usage(problem: impl Display) -> Self {
        let text = problem.to_string();
        Self { text, code: 2 }
    }

    /// Input that makes no schedule: where it is from, and the problem.
    pub fn input(origin: impl Display, problem: impl Display) -> Self {
        let text = format!("{origin}: {problem}");
        Self { text, code: 1 }
    }

    pub fn read(origin: impl Display) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::usage(format!("{origin}: can't be read: {error}"))
    }

    pub fn write(origin: impl Display) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::usage(format!("{origin}: can't be written: {error}"))
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
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        Self::usage(error)
    }
}

impl From<PlotError> for Failure {
    fn from(error: PlotError) -> Self {
        let code = match error {
            PlotError::NotFinite { .. } | PlotError::NothingPositive | PlotError::Range { .. } => 1,
            _ => 2,
        };
        let text = error.to_string();
        Self { text, code }
    }
}

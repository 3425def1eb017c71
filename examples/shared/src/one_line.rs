//! Errors that end a program: one line on standard error, and exit code 2.

use std::fmt::Display;
use std::process::{ExitCode, Termination};

use clap::Parser;
use clap::error::ErrorKind;

/// Does what the command line says. A program that does not fail may end with a code of its own.
pub fn run<C: Parser, T: Termination, E: Display>(
    program: impl FnOnce(C) -> Result<T, E>,
) -> ExitCode {
    #[cfg(feature = "remote")]
    crate::remote::enter();
    let cli = match C::try_parse() {
        Ok(cli) => cli,
        Err(error) => return end_with(&error),
    };
    match program(cli) {
        Ok(ended) => ended.report(),
        Err(error) => {
            #[cfg(feature = "remote")]
            crate::remote::check_all();
            eprintln!("error: {}", in_one_line(&error.to_string()));
            ExitCode::from(2)
        }
    }
}

fn in_one_line(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.join(" ")
}

/// Prints what clap has to say: the whole of a help text, and of an error the paragraph that names it.
fn end_with(error: &clap::Error) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        error.exit();
    }
    let text = error.to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    eprintln!("{}", in_one_line(first));
    ExitCode::from(2)
}

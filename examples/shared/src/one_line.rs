//! What ends a program: one line on standard error, and exit code 2.

use std::fmt::Display;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

/// Does what the command line says.
pub fn run<C: Parser, E: Display>(program: impl FnOnce(C) -> Result<(), E>) -> ExitCode {
    let cli = match C::try_parse() {
        Ok(cli) => cli,
        Err(error) => return end_with(&error),
    };
    match program(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// What clap has to say: the whole of a help text, and of an error the paragraph that names it.
fn end_with(error: &clap::Error) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        error.exit();
    }
    let text = error.to_string();
    let lines = text.lines().take_while(|line| !line.is_empty());
    let line: Vec<&str> = lines.map(str::trim).collect();
    eprintln!("{}", line.join(" "));
    ExitCode::from(2)
}

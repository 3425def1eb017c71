//! See the library of this package.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use linear::cli::{Cli, Command, TrainArgs};
use linear::{compare, run};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return end_with_one_line(&error),
    };
    let result = match cli.command() {
        Command::Train(TrainArgs { options, out }) => run::train(options, &out),
        Command::Resume { run_dir } => run::resume(&run_dir),
        Command::Compare { options } => compare::compare(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// What clap has to say: the whole of a help text, and of an error the paragraph that names it.
fn end_with_one_line(error: &clap::Error) -> ExitCode {
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

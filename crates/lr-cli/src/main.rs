//! `lr`: looks at learning-rate schedules from the command line.

mod cli;
mod commands;
mod document;
mod failure;
mod input;
mod library;
mod output;
mod rates;
mod run;
mod steps;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use cli::{Cli, Command};
use failure::Failure;

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match dispatch(&cli, &matches) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            output::error(&failure);
            ExitCode::from(failure.code)
        }
    }
}

/// Runs the command, and says whether its answer is yes.
fn dispatch(cli: &Cli, matches: &clap::ArgMatches) -> Result<bool, Failure> {
    let options = matches.subcommand().map_or(matches, |(_, options)| options);
    let sources = |given: &cli::Sources| given.in_order(options);
    match &cli.command {
        Command::Plot(plot) => commands::plot::run(plot, &sources(&plot.sources)?),
        Command::Table(table) => commands::table::run(table, &sources(&table.sources)?),
        Command::Diff(diff) => commands::diff::run(diff, &sources(&diff.sources)?),
        Command::Convert(convert) => commands::convert::run(convert, &sources(&convert.sources)?),
        Command::Check(check) => commands::check::run(check, &sources(&check.sources)?),
        Command::Audit(audit) => commands::audit::run(audit),
        Command::Fit(fit) => commands::fit::run(fit),
        Command::Inspect(inspect) => commands::inspect::run(inspect),
        Command::Completions { shell } => commands::completions::run(*shell),
    }
}

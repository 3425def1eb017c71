//! See the library of this package.

use std::process::ExitCode;

use digits::cli::Cli;
use digits::run;

fn main() -> ExitCode {
    shared::one_line::run(|cli: Cli| match cli.resume {
        true => run::resume(&cli.out, cli.epochs),
        false => run::train(cli.options(), &cli.out),
    })
}

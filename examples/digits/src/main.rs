//! See the library of this package.

use std::process::ExitCode;

use digits::cli::{Cli, Command};
use digits::{find_lr, run};

fn main() -> ExitCode {
    shared::one_line::run(|cli: Cli| match (&cli.command, cli.resume) {
        (Some(Command::FindLr(args)), _) => find_lr::find_lr(args).map(|()| ExitCode::SUCCESS),
        #[cfg(feature = "remote-server")]
        (Some(Command::Serve(args)), _) => {
            Ok(shared::serve::serve(args).map(|()| ExitCode::SUCCESS)?)
        }
        (None, true) => run::resume(&cli.out, cli.epochs),
        (None, false) if cli.resume_or_start => run::resume_or_start(cli.options(), &cli.out),
        (None, false) => run::train(cli.options(), &cli.out),
    })
}

//! See the library of this package.

use std::process::ExitCode;

use linear::cli::{Cli, Command};
use linear::{compare, find_lr, run};

fn main() -> ExitCode {
    shared::one_line::run(|cli: Cli| match cli.command() {
        Command::Train(train) if train.resume_or_start => {
            run::resume_or_start(train.options, &train.out)
        }
        Command::Train(train) => run::train(train.options, &train.out),
        Command::Resume { run_dir } => run::resume(&run_dir),
        Command::Compare { options, picture } => {
            compare::compare(&options, &picture).map(|()| ExitCode::SUCCESS)
        }
        Command::FindLr { options, finder } => {
            find_lr::find_lr(&options, &finder).map(|()| ExitCode::SUCCESS)
        }
        #[cfg(feature = "remote-server")]
        Command::Serve(args) => Ok(shared::serve::serve(&args).map(|()| ExitCode::SUCCESS)?),
    })
}

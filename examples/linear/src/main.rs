//! See the library of this package.

use std::process::ExitCode;

use linear::cli::{Cli, Command, TrainArgs};
use linear::{compare, find_lr, run};

fn main() -> ExitCode {
    shared::one_line::run(|cli: Cli| match cli.command() {
        Command::Train(TrainArgs { options, out }) => run::train(options, &out),
        Command::Resume { run_dir } => run::resume(&run_dir),
        Command::Compare { options, picture } => compare::compare(&options, &picture),
        Command::FindLr { options, finder } => find_lr::find_lr(&options, &finder),
    })
}

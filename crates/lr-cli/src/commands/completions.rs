use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::cli::Cli;
use crate::failure::Failure;
use crate::output;

pub fn run(shell: Shell) -> Result<bool, Failure> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "lr", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(true)
}

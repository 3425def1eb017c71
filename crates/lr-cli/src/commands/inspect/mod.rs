//! The contents of saved files.

mod checkpoint;
mod report;
mod torch;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::cli::Inspect;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// The kind of a file, by its first bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Of Burn's container, in which checkpoints are.
    Checkpoint,
    Json,
    /// Of `torch.save`, or a folder, or none that is known.
    Torch,
}

pub fn run(options: &Inspect) -> Result<Outcome, Failure> {
    let path = &options.file;
    let read = |error| Failure::Read {
        origin: path.display().to_string(),
        error,
    };
    let report = match kind(path).map_err(read)? {
        Kind::Checkpoint => checkpoint::report(options)?,
        Kind::Json => torch::trainer_state(options)?,
        Kind::Torch => torch::report(options)?,
    };
    match options.json {
        true => output::json(&report.json)?,
        false => output::print(&output::printable(&report.text))?,
    }
    Ok(Outcome::Yes)
}

fn kind(path: &Path) -> std::io::Result<Kind> {
    if path.is_dir() {
        return Ok(Kind::Torch);
    }
    let mut start = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut start)?;
    Ok(match start.as_slice() {
        b"NRUB" => Kind::Checkpoint,
        [b'{', ..] => Kind::Json,
        _ => Kind::Torch,
    })
}

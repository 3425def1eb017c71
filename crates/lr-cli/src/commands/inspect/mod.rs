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
    /// Of `torch.save`: a ZIP archive.
    Torch,
    /// Of Burn's container, in which checkpoints are.
    Checkpoint,
    Unknown,
}

pub fn run(options: &Inspect) -> Result<Outcome, Failure> {
    let path = &options.file;
    let read = |error| Failure::Read {
        origin: path.display().to_string(),
        error,
    };
    let report = match kind(path).map_err(read)? {
        Kind::Torch => torch::report(options)?,
        Kind::Checkpoint => checkpoint::report(options)?,
        Kind::Unknown => {
            let problem = "is no file that is known: neither of torch.save nor a checkpoint";
            return Err(Failure::input(&path.display().to_string(), problem));
        }
    };
    match options.json {
        true => output::json(&report.json)?,
        false => output::print(&output::printable(&report.text))?,
    }
    Ok(Outcome::Yes)
}

fn kind(path: &Path) -> std::io::Result<Kind> {
    let mut start = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut start)?;
    Ok(match start.as_slice() {
        b"PK\x03\x04" => Kind::Torch,
        b"NRUB" => Kind::Checkpoint,
        _ => Kind::Unknown,
    })
}

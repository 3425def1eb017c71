//! The contents of saved files.

mod checkpoint;
mod report;
mod torch;

use std::fs::File;
use std::io::Read;

use crate::cli::Inspect;
use crate::failure::Failure;
use crate::output;

pub fn run(options: &Inspect) -> Result<bool, Failure> {
    let path = &options.file;
    let mut start = Vec::new();
    if !path.is_dir() {
        let read = File::open(path).and_then(|file| file.take(4).read_to_end(&mut start));
        read.map_err(Failure::read(path.display()))?;
    }
    let report = match start.as_slice() {
        b"NRUB" => checkpoint::report(options)?, // Burn's container
        [b'{', ..] => torch::trainer_state(options)?,
        _ => torch::report(options)?, // of torch.save, a folder, or none that is known
    };
    match options.json {
        true => output::json(&report.json)?,
        false => output::print(&output::printable(&report.text))?,
    }
    Ok(true)
}

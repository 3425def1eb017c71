//! Draws the picture of every curve, combinator, recipe and feedback rule, for their documentation:
//!
//!     cargo run -p lr-plot --example gallery            # into crates/lr-schedule/pictures
//!     cargo run -p lr-plot --example gallery -- DIR

mod combinators;
mod curves;
mod feedback;
mod pictures;
mod recipes;

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../lr-schedule/pictures");
    let directory = std::env::args_os().nth(1).map_or(own.into(), PathBuf::from);
    std::fs::create_dir_all(&directory)?;
    let pictures = pictures::all()?;
    for (name, svg) in &pictures {
        std::fs::write(directory.join(format!("{name}.svg")), svg)?;
    }
    println!("{} pictures in {}", pictures.len(), directory.display());
    Ok(())
}

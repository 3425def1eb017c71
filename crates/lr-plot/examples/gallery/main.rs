//! Draws the picture of every curve, combinator, recipe and feedback rule, for their documentation,
//! and writes a row for each new curve into the README's table:
//!
//!     cargo run -p lr-plot --example gallery            # into crates/lr-schedule/pictures
//!     cargo run -p lr-plot --example gallery -- DIR

mod combinators;
mod curves;
mod feedback;
mod picture;
mod pictures;
mod readme;
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
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let text = std::fs::read_to_string(path)?;
    let complete = readme::with_all_curves(&text);
    if complete != text {
        std::fs::write(path, complete)?;
    }
    println!("{} pictures in {}", pictures.len(), directory.display());
    Ok(())
}

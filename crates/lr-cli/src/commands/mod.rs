//! One file a command.

pub mod audit;
pub mod check;
pub mod completions;
pub mod convert;
pub mod diff;
pub mod fit;
pub mod inspect;
pub mod plot;
pub mod table;

use crate::cli::Sources;
use crate::failure::Failure;
use crate::input::{Curve, Input, Source};
use crate::output;

/// At least one spec, read.
fn inputs(sources: &[Source]) -> Result<Vec<Input>, Failure> {
    if sources.is_empty() {
        return Err(Failure::usage(
            "there is no SPEC: give a file, `-`, or a text with -e",
        ));
    }
    sources.iter().map(Source::load).collect()
}

/// How many steps show all of them.
fn span(curves: &[Curve]) -> Result<u64, Failure> {
    let longest = curves.iter().filter_map(Curve::span).max();
    longest.ok_or_else(|| {
        let labels: Vec<&str> = curves.iter().map(|curve| curve.label.as_str()).collect();
        let problem = match labels.len() {
            1 => "has no end, so give --steps",
            _ => "none has an end, so give --steps",
        };
        Failure::usage(format!("{}: {problem}", labels.join(", ")))
    })
}

/// The curve of each, with notes on standard error.
fn curves(options: &Sources, sources: &[Source]) -> Result<Vec<Curve>, Failure> {
    let run = options.length.run()?;
    let batch = options.length.has_batch();
    let curves = inputs(sources)?
        .into_iter()
        .map(|input| input.curve(run.as_ref(), batch));
    let curves = curves.collect::<Result<Vec<_>, _>>()?;
    for note in curves.iter().filter_map(|curve| curve.note.as_deref()) {
        output::note(note);
    }
    Ok(curves)
}

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

use crate::failure::Failure;
use crate::input::{Curve, Source};
use crate::output;

/// Checks that there is at least one spec.
fn required(sources: &[Source]) -> Result<(), Failure> {
    match sources.is_empty() {
        false => Ok(()),
        true => Err(Failure::usage(
            "there is no SPEC: give a file, `-`, or a text with -e",
        )),
    }
}

/// The number of steps that shows all of them.
fn span(curves: &[Curve]) -> Result<u64, Failure> {
    let longest = curves.iter().filter_map(|curve| curve.span).max();
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
fn curves(sources: &[Source]) -> Result<Vec<Curve>, Failure> {
    required(sources)?;
    let curves = sources.iter().map(|source| source.load()?.curve());
    let curves = curves.collect::<Result<Vec<_>, _>>()?;
    for note in curves.iter().filter_map(|curve| curve.note.as_deref()) {
        output::note(note);
    }
    Ok(curves)
}

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::Table;
use crate::failure::Failure;
use crate::input::{Curve, Source};
use crate::outcome::Outcome;
use crate::output;
use crate::rates;

/// More rows than this are no table.
const MOST_ROWS: u64 = 1_000_000;

pub fn run(options: &Table, sources: &[Source]) -> Result<Outcome, Failure> {
    let curves = super::curves(&options.sources, sources)?;
    let (start, end) = match options.steps {
        Some(steps) => (steps.start, steps.end),
        None => (0, super::span(&curves)?),
    };
    let given = options.steps.and_then(|steps| steps.every);
    let every = given.unwrap_or_else(|| match options.steps {
        Some(_) => 1,
        None => round((end - start).div_ceil(20)),
    });
    let rows = rates::count((start, end), every, MOST_ROWS, "rows")?;
    let steps = || (0..rows).map(|row| start + row * every);
    let columns = curves
        .iter()
        .map(|curve| Ok(rates::at(curve, steps(), end)?.collect()));
    let columns = columns.collect::<Result<Vec<Vec<f64>>, Failure>>()?;

    if options.json {
        let column =
            |(curve, rates): (&Curve, &Vec<f64>)| json!({"label": curve.label, "rates": rates});
        let columns: Vec<Value> = curves.iter().zip(&columns).map(column).collect();
        let steps: Vec<u64> = steps().collect();
        output::json(&json!({"steps": steps, "schedules": columns}))?;
        return Ok(Outcome::Yes);
    }
    let texts: Vec<Vec<String>> = columns
        .iter()
        .map(|rates| rates.iter().map(|rate| text(*rate)).collect())
        .collect();
    let widths: Vec<usize> = texts
        .iter()
        .zip(&curves)
        .map(|(texts, curve)| {
            let cells = texts.iter().map(|text| text.chars().count());
            cells.max().unwrap_or(0).max(curve.label.chars().count())
        })
        .collect();
    let first = end.to_string().len().max(4);
    let mut out = format!("{:>first$}", "step");
    for (curve, width) in curves.iter().zip(&widths) {
        let _ = write!(out, "  {:>width$}", curve.label);
    }
    out.push('\n');
    for (row, step) in steps().enumerate() {
        let _ = write!(out, "{step:>first$}");
        for (texts, width) in texts.iter().zip(&widths) {
            let _ = write!(out, "  {:>width$}", texts[row]);
        }
        out.push('\n');
    }
    output::print(&out)?;
    Ok(Outcome::Yes)
}

/// All digits, so that the number can be read back.
fn text(rate: f64) -> String {
    match rate == 0.0 || (1e-4..1e6).contains(&rate.abs()) {
        true => rate.to_string(),
        false => format!("{rate:e}"),
    }
}

/// 1, 2 or 5 times a power of ten, that is at least `every`.
fn round(every: u64) -> u64 {
    let mut power = 1u64;
    loop {
        for factor in [1, 2, 5] {
            match power.checked_mul(factor) {
                Some(step) if step >= every => return step,
                Some(_) => {}
                None => return every,
            }
        }
        match power.checked_mul(10) {
            Some(next) => power = next,
            None => return every,
        }
    }
}

use std::fmt::Write as _;
use std::iter;

use serde_json::{Value, json};

use crate::cli::Table;
use crate::failure::Failure;
use crate::input::{Curve, Source};
use crate::output;
use crate::rates;

/// The most rows of a table.
const MOST_ROWS: u64 = 1_000_000;

pub fn run(options: &Table, sources: &[Source]) -> Result<bool, Failure> {
    let curves = super::curves(sources)?;
    let (start, end, every) = match options.steps {
        Some(steps) => (steps.start, steps.end, steps.every.unwrap_or(1)),
        None => {
            let end = super::span(&curves)?;
            (0, end, round(end.div_ceil(20)))
        }
    };
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
        return Ok(true);
    }
    let width = end.to_string().len().max(4);
    let mut lines = vec![format!("{:>width$}", "step")];
    lines.extend(steps().map(|step| format!("{step:>width$}")));
    for (curve, rates) in curves.iter().zip(&columns) {
        let cells = iter::once(curve.label.clone()).chain(rates.iter().map(|rate| text(*rate)));
        let cells: Vec<String> = cells.collect();
        let widths = cells.iter().map(|cell| cell.chars().count());
        let width = widths.max().unwrap_or(0);
        for (line, cell) in lines.iter_mut().zip(cells) {
            let _ = write!(line, "  {cell:>width$}");
        }
    }
    output::print(&(lines.join("\n") + "\n"))?;
    Ok(true)
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
    let mut steps = (0..19).flat_map(|power| [1, 2, 5].map(|factor| factor * 10u64.pow(power)));
    steps.find(|step| *step >= every).unwrap_or(every)
}

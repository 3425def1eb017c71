//! A picture of the rates of a run and its loss.

use std::path::Path;

use shared::picture::{Curve, rates_and};

use crate::Error;

/// The rates and the loss in the file at `history`, which has a row for each step.
pub fn of_run(history: &Path, path: &Path) -> Result<(), Error> {
    let read = Error::io::<csv::Error>("read", history);
    let mut reader = csv::Reader::from_path(history).map_err(&read)?;
    let header = reader.headers().map_err(&read)?.clone();
    let rows = reader.deserialize().collect::<Result<Vec<Vec<f64>>, _>>();
    let rows = rows.map_err(&read)?;
    let curve = |column: usize, name: &str| -> Curve {
        let points = rows.iter().enumerate();
        let points = points.map(|(step, row)| (step as f64, row[column]));
        (name.to_string(), points.collect())
    };
    let (mut rates, mut losses) = (vec![], vec![]);
    for (column, name) in header.iter().enumerate() {
        match name.strip_prefix("Learning Rate") {
            Some("") => rates.push(curve(column, "base")),
            Some(group) => rates.push(curve(column, group.trim())),
            None if name == "Loss" => losses.push(curve(column, "")),
            None => {}
        }
    }
    rates_and(
        "A run on the digits",
        rates,
        ("training loss of the batch", losses),
        path,
    )?;
    Ok(())
}

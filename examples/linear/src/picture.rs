//! Pictures of rates and the loss.

use std::path::Path;

use shared::picture::{Curve, PictureError, rates_and};

use crate::history::Row;

/// Rate and loss of a run.
pub fn of_run(schedule: &str, rows: &[Row], path: &Path) -> Result<(), PictureError> {
    let batches = rows.iter().map(|row| (row.step as f64, row.loss));
    let losses = vec![
        ("of the batch".to_string(), batches.collect()),
        ("mean of the epoch".to_string(), epochs(rows)),
    ];
    let title = format!("A run with {schedule}");
    rates_and(
        &title,
        vec![(String::new(), rates(rows))],
        ("training loss", losses),
        path,
    )
}

/// Rate and loss of runs with several schedules.
pub fn of_several(runs: &[(String, Vec<Row>)], path: &Path) -> Result<(), PictureError> {
    let curves = |points: fn(&[Row]) -> Vec<(f64, f64)>| -> Vec<Curve> {
        let curve = |(name, rows): &(String, Vec<Row>)| (name.clone(), points(rows));
        runs.iter().map(curve).collect()
    };
    rates_and(
        "The same run with every schedule",
        curves(rates),
        ("training loss, mean of the epoch", curves(epochs)),
        path,
    )
}

fn rates(rows: &[Row]) -> Vec<(f64, f64)> {
    rows.iter().map(|row| (row.step as f64, row.lr)).collect()
}

/// The mean loss of each epoch, at its last step.
fn epochs(rows: &[Row]) -> Vec<(f64, f64)> {
    let epochs = rows.chunk_by(|a, b| a.epoch == b.epoch);
    let point = |epoch: &[Row]| {
        let sum: f64 = epoch.iter().map(|row| row.loss).sum();
        (epoch[epoch.len() - 1].step as f64, sum / epoch.len() as f64)
    };
    epochs.map(point).collect()
}

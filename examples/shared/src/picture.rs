//! Pictures of what was measured, as SVG.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use burn_lr::finder::{RangeTest, Suggestion};
use lr_plot::{Figure, Plot, PlotError};

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum PictureError {
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error("can't write `{}`: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// A measured curve and its name.
pub type Curve = (String, Vec<(f64, f64)>);

/// Rates over steps, and below them what they led to.
pub fn rates_and(
    title: &str,
    rates: Vec<Curve>,
    (y_label, curves): (&str, Vec<Curve>),
    path: &Path,
) -> Result<(), PictureError> {
    let points = rates.iter().chain(&curves).flat_map(|(_, points)| points);
    let steps = points.fold(1.0, |most: f64, point| most.max(point.0)) as u64 + 1;
    let plot = |y_label: &str, curves: Vec<Curve>| {
        let plot = Plot::new().y_label(y_label).x_label("step").steps(0..steps);
        let curves = curves.into_iter();
        curves.fold(plot, |plot, (name, points)| plot.points(name, points))
    };
    let figure = Figure::new([
        plot("learning rate", rates).title(title).size(720, 280),
        plot(y_label, curves).title("").size(720, 300),
    ]);
    write(&figure.to_svg()?, path)
}

/// The curve of a range test, with lines at what it suggests.
pub fn range_test(
    title: &str,
    found: &RangeTest,
    suggestions: &[(&str, Suggestion)],
    path: &Path,
) -> Result<(), PictureError> {
    let points = found.points().iter();
    let smoothed = || points.clone().map(|point| (point.rate, point.smoothed));
    // The last points, where the loss leaves, may leave the picture too.
    let shown = found.points().len().saturating_sub(5).max(1);
    let values = smoothed().map(|point| point.1).take(shown);
    let low = values.clone().fold(f64::INFINITY, f64::min);
    let high = values.fold(f64::NEG_INFINITY, f64::max);
    let margin = (high - low).max(f64::MIN_POSITIVE) * 0.05;
    let plot = Plot::new()
        .title(title)
        .points("smoothed loss", smoothed())
        .points(
            "loss of the batch",
            points.clone().map(|point| (point.rate, point.loss)),
        )
        .log_x()
        .x_label("learning rate (log scale)")
        .y_label("loss")
        .y_range(low - margin, high + margin);
    let marked = suggestions.iter();
    let plot = marked.fold(plot, |plot, (name, suggestion)| {
        plot.mark(*name, suggestion.rate)
    });
    write(&plot.to_svg()?, path)
}

fn write(svg: &str, path: &Path) -> Result<(), PictureError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let made = folder.map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, svg))
        .map_err(|source| PictureError::Io {
            path: path.to_path_buf(),
            source,
        })
}

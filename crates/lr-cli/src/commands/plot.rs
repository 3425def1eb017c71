use std::fs;
use std::io::{IsTerminal, stdout};
use std::iter;
use std::path::Path;

use lr_plot::{PhaseKind, Plot, phases};
use lr_schedule::{Schedule, ScheduleExt};
use serde_json::{Value, json};
use terminal_size::{Height, Width, terminal_size};

use crate::cli::{self, Color};
use crate::failure::Failure;
use crate::input::{Curve, Source};
use crate::outcome::Outcome;
use crate::output;
use crate::rates;

enum Format {
    Svg,
    Png,
}

pub fn run(options: &cli::Plot, sources: &[Source]) -> Result<Outcome, Failure> {
    // Before anything is read: the name of the file says what to write.
    let output = match &options.output {
        Some(path) => Some((path.as_path(), format(path)?)),
        None => None,
    };
    let mut curves = super::curves(&options.sources, sources)?;
    if options.labels.len() > curves.len() {
        let (labels, specs) = (options.labels.len(), curves.len());
        let problem = format!(
            "--label: must be given at most once for each of {specs} specs, got it {labels} times"
        );
        return Err(Failure::usage(problem));
    }
    for (curve, label) in curves.iter_mut().zip(&options.labels) {
        curve.label = label.clone();
    }
    let steps = steps(options, &curves)?;
    let plot = plot(options, &curves, steps)?;

    if let Some((path, format)) = &output {
        let plot = sized(plot, options);
        let bytes = match format {
            Format::Svg => plot.to_svg()?.into_bytes(),
            Format::Png => plot.to_png(options.scale)?,
        };
        fs::write(path, bytes).map_err(|error| Failure::Write {
            origin: path.display().to_string(),
            error,
        })?;
        if options.json {
            output::json(&description(&curves, steps, Some(path))?)?;
        }
        return Ok(Outcome::Yes);
    }
    if options.json {
        output::json(&description(&curves, steps, None)?)?;
        return Ok(Outcome::Yes);
    }
    let (columns, rows) = characters(options)?;
    let colors = match options.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    };
    output::print(&plot.to_text(columns, rows, colors)?)?;
    Ok(Outcome::Yes)
}

fn format(path: &Path) -> Result<Format, Failure> {
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    match ending.to_ascii_lowercase().as_str() {
        "svg" => Ok(Format::Svg),
        "png" => Ok(Format::Png),
        _ => Err(Failure::usage(format!(
            "--output {}: must end in .svg or .png",
            path.display()
        ))),
    }
}

/// The steps to draw: those that are asked for, or else the whole run where it is known, or as
/// many as the longest schedule takes.
fn steps(options: &cli::Plot, curves: &[Curve]) -> Result<(u64, u64), Failure> {
    if let Some(steps) = options.steps {
        if steps.every.is_some() {
            return Err(Failure::usage(
                "--steps: every step is looked at, so there is no `:`",
            ));
        }
        return Ok((steps.start, steps.end));
    }
    if let Some(run) = options.sources.length.run()? {
        return Ok((0, run.steps()));
    }
    Ok((0, super::span(curves)?))
}

fn plot<'a>(
    options: &cli::Plot,
    curves: &'a [Curve],
    (start, end): (u64, u64),
) -> Result<Plot<'a>, Failure> {
    let mut plot = Plot::new()
        .steps(start..end)
        .show_phases(!options.no_phases);
    for curve in curves {
        plot = plot.schedule(&curve.label, &curve.schedule);
    }
    if let Some(title) = &options.title {
        plot = plot.title(title);
    }
    if options.log {
        plot = plot.log_y();
    }
    if options.in_epochs {
        let needed = "--in-epochs: needs --steps-per-epoch, or --samples and --batch-size";
        let epoch = options.sources.length.epoch()?;
        plot = plot.epochs(epoch.ok_or_else(|| Failure::usage(needed))?);
    }
    Ok(plot)
}

fn sized<'a>(plot: Plot<'a>, options: &cli::Plot) -> Plot<'a> {
    let (width, height) = options.size.unwrap_or(Plot::SIZE);
    plot.size(width, height)
}

/// The size in characters: as asked for, or most of the terminal.
fn characters(options: &cli::Plot) -> Result<(u16, u16), Failure> {
    let (columns, rows) = match (options.size, terminal_size()) {
        (Some(size), _) => size,
        (None, Some((Width(columns), Height(rows)))) => (
            u32::from(columns.clamp(40, 160)),
            u32::from(rows.saturating_sub(2).clamp(12, 40)),
        ),
        (None, None) => (80, 24),
    };
    let fit = |count: u32| u16::try_from(count.min(1_000)).unwrap_or(1_000);
    Ok((fit(columns), fit(rows)))
}

/// The picture, as JSON.
fn description(
    curves: &[Curve],
    (start, end): (u64, u64),
    output: Option<&Path>,
) -> Result<Value, Failure> {
    let curve = |curve: &Curve| {
        let spec = curve.schedule.to_spec();
        let phases = spec
            .as_ref()
            .map(|spec| phases(spec, end))
            .unwrap_or_default();
        let phases = phases.iter().map(|phase| {
            let kind = match phase.kind {
                PhaseKind::WarmUp => "warm-up",
                PhaseKind::Stable => "stable",
                PhaseKind::Decay => "decay",
                PhaseKind::Cycle => "cycle",
            };
            json!({"kind": kind, "name": phase.name, "start": phase.start, "end": phase.end})
        });
        let phases: Vec<Value> = phases.collect();
        let first = rates::at(curve, iter::once(start), start)?.next();
        Ok(json!({
            "label": curve.label,
            "length": curve.schedule.length(),
            "first": first,
            "phases": phases,
            "note": curve.note,
        }))
    };
    let curves = curves.iter().map(curve);
    let curves = curves.collect::<Result<Vec<Value>, Failure>>()?;
    Ok(json!({
        "output": output.map(|path| path.display().to_string()),
        "steps": {"start": start, "end": end},
        "schedules": curves,
    }))
}

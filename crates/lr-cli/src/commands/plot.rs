use std::fs;
use std::io::{IsTerminal, stdout};
use std::iter;
use std::path::Path;

use clap::ColorChoice;
use lr_compat::log::{self, Log};
use lr_plot::{PhaseKind, Plot, phases};
use lr_schedule::Schedule;
use serde_json::{Value, json};
use terminal_size::{Height, Width, terminal_size};

use crate::cli;
use crate::failure::Failure;
use crate::input::{Curve, Source};
use crate::output;
use crate::rates;

pub fn run(options: &cli::Plot, sources: &[Source]) -> Result<bool, Failure> {
    // Before anything is read: the name of the file says what to write.
    let output = options.output.as_deref();
    let is_png = output.map(is_png).transpose()?;
    let measured = match &options.measured {
        Some(path) => log::points(&Log::open(path, options.column.as_deref())?)?,
        None => Vec::new(),
    };
    let mut curves = match sources.is_empty() && !measured.is_empty() {
        true => Vec::new(),
        false => super::curves(sources)?,
    };
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
    let steps = steps(options, &curves, &measured)?;
    let mut plot = plot(options, &curves, steps)?;
    if !measured.is_empty() {
        let points = measured.into_iter();
        let points = points.map(|(step, rate)| (step as f64, rate));
        plot = plot.points("measured", points);
    }

    if let (Some(path), Some(is_png)) = (output, is_png) {
        let (width, height) = options.size.unwrap_or(Plot::SIZE);
        let plot = plot.size(width, height);
        let bytes = match is_png {
            true => plot.to_png(options.scale)?,
            false => plot.to_svg()?.into_bytes(),
        };
        fs::write(path, bytes).map_err(Failure::write(path.display()))?;
    } else if !options.json {
        let (columns, rows) = characters(options);
        let colors = match options.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        };
        output::print(&plot.to_text(columns, rows, colors)?)?;
    }
    if options.json {
        output::json(&description(&curves, steps, output)?)?;
    }
    Ok(true)
}

/// Whether a PNG is to be written, rather than an SVG.
fn is_png(path: &Path) -> Result<bool, Failure> {
    let ending = path.extension().unwrap_or_default();
    match ending.to_ascii_lowercase().to_str() {
        Some("svg") => Ok(false),
        Some("png") => Ok(true),
        _ => Err(Failure::usage(format!(
            "--output {}: must end in .svg or .png",
            path.display()
        ))),
    }
}

/// The steps to draw: those that are asked for, or else all that were measured, the whole run where it is known,
/// or as many as the longest schedule takes.
fn steps(
    options: &cli::Plot,
    curves: &[Curve],
    measured: &[(u64, f64)],
) -> Result<(u64, u64), Failure> {
    if let Some(steps) = options.steps {
        if steps.every.is_some() {
            return Err(Failure::usage(
                "--steps: every step is looked at, so there is no `:`",
            ));
        }
        return Ok((steps.start, steps.end));
    }
    if let Some((last, _)) = measured.last() {
        let end = last.saturating_add(1);
        return Ok((0, super::span(curves).map_or(end, |span| span.max(end))));
    }
    let run = options.sources.length.run()?;
    let end = run.map_or_else(|| super::span(curves), |run| Ok(run.steps()))?;
    Ok((0, end))
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
        plot = plot.epochs(options.sources.length.epoch()?);
    }
    Ok(plot)
}

/// The size in characters: as asked for, or most of the terminal.
fn characters(options: &cli::Plot) -> (u16, u16) {
    match (options.size, terminal_size()) {
        (Some((columns, rows)), _) => (columns.min(1_000) as u16, rows.min(1_000) as u16),
        (None, Some((Width(columns), Height(rows)))) => {
            (columns.clamp(40, 160), rows.saturating_sub(2).clamp(12, 40))
        }
        (None, None) => (80, 24),
    }
}

/// The picture, as JSON.
fn description(
    curves: &[Curve],
    (start, end): (u64, u64),
    output: Option<&Path>,
) -> Result<Value, Failure> {
    let curve = |curve: &Curve| {
        let phases = phases(&curve.schedule, end);
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

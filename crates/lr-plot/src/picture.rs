//! The layout of a picture, in which nothing overlaps and all is inside.

use plotters_backend::DrawingBackend;
use plotters_backend::text_anchor::HPos;

use crate::axis::{Axis, Tick};
use crate::canvas::{Canvas, Point};
use crate::error::PlotError;
use crate::font::{fitted, width};
use crate::names::{Name, names};
use crate::palette::{AXIS, GRID, INK, QUIET, shade};
use crate::panel::Panel;
use crate::path::Frame;

const MARGIN: f64 = 14.0;
const TITLE: f64 = 15.0;
const TEXT: f64 = 11.5;
const SMALL: f64 = 10.5;
/// The height of a line of text.
const LINE: f64 = 18.0;
const CURVE: f64 = 2.0;
/// The piece of a curve beside its name in the legend, and the gap after a name.
const SAMPLE: f64 = 18.0;
const GAP: f64 = 16.0;
/// The space between a sample or an axis and what is written beside it.
const SPACE: f64 = 6.0;

/// The places of the lines above the frame, from the top of the panel.
struct Head {
    y_label: (String, Point),
    /// The names in the legend, and the places of their samples.
    legend: Vec<(String, Point)>,
    /// The names of phases and marks.
    strip: f64,
    end: f64,
}

fn head(panel: &Panel, wide: f64) -> Head {
    let mut y = MARGIN * 0.7;
    if panel.title.is_some() {
        y += 24.0;
    }
    // The name of the y axis, and beside it or below it the legend.
    let label = fitted(&panel.y_label, TEXT, wide - 2.0 * MARGIN);
    let y_label = (label, (MARGIN, y + LINE / 2.0));
    let mut legend = Vec::new();
    let mut x = MARGIN;
    if !panel.y_label.is_empty() {
        x += width(&y_label.0, TEXT) + 1.5 * GAP;
    }
    if panel.has_legend() {
        for drawn in &panel.curves {
            let text = fitted(&drawn.label, TEXT, wide - 2.0 * MARGIN - SAMPLE - SPACE);
            let entry = SAMPLE + SPACE + width(&text, TEXT);
            if x + entry > wide - MARGIN && x > MARGIN {
                x = MARGIN;
                y += LINE;
            }
            legend.push((text, (x, y + LINE / 2.0)));
            x += entry + GAP;
        }
    }
    y += LINE;
    let strip = y + LINE / 2.0;
    if panel.has_names() {
        y += LINE;
    }
    Head {
        y_label,
        legend,
        strip,
        end: y + 4.0,
    }
}

/// The height of what is below the frame.
fn foot(panel: &Panel) -> f64 {
    let label = if panel.x_label.is_empty() { 0.0 } else { LINE };
    MARGIN * 0.6 + LINE + label
}

/// The width that the numbers beside the y axis need, so that panels below each other can have
/// their frames below each other too.
pub(crate) fn numbers_width(panel: &Panel, (wide, high): (f64, f64)) -> f64 {
    let ticks = y_ticks(&panel.y, high - foot(panel) - head(panel, wide).end);
    let widths = ticks.iter().map(|tick| width(&tick.text, SMALL));
    widths.fold(0.0, f64::max)
}

/// Draws `panel` into a part of the card, with `numbers` pixels for the numbers beside its y axis.
pub(crate) fn draw<B: DrawingBackend>(
    canvas: &mut Canvas<B>,
    panel: &Panel,
    top: f64,
    (wide, high): (f64, f64),
    numbers: f64,
) -> Result<(), PlotError> {
    let head = head(panel, wide);
    let (start, bottom) = (top + head.end, top + high - foot(panel));
    let left = MARGIN + numbers + SPACE;
    let x_ticks = x_ticks(&panel.x, wide - MARGIN - left);
    // The last number may reach beyond the frame.
    let beyond = x_ticks.last().map_or(0.0, |tick| {
        let end = panel.x.place(tick.value) * (wide - MARGIN - left);
        (end + width(&tick.text, SMALL) / 2.0 - (wide - MARGIN - left)).max(0.0)
    });
    let right = wide - MARGIN - beyond;
    let room = "more, for so many and such long labels";
    PlotError::check(bottom - start >= 20.0, "height", high, room)?;
    PlotError::check(right - left >= 40.0, "width", wide, room)?;
    let frame = Frame {
        left,
        top: start,
        right,
        bottom,
        x: panel.x,
        y: panel.y,
    };

    if let Some(title) = panel.title {
        let text = fitted(title, TITLE, wide - 2.0 * MARGIN);
        let at = (MARGIN, top + MARGIN * 0.7 + 10.0);
        canvas.text(&text, at, TITLE, INK, HPos::Left)?;
    }
    if !panel.y_label.is_empty() {
        let (label, (x, y)) = &head.y_label;
        canvas.text(label, (*x, top + y), TEXT, QUIET, HPos::Left)?;
    }
    for ((text, (x, y)), drawn) in head.legend.iter().zip(&panel.curves) {
        let sample = [(*x, top + y), (x + SAMPLE, top + y)];
        canvas.curve(&sample, &drawn.pen, CURVE + 1.0)?;
        let at = (x + SAMPLE + SPACE, top + y);
        canvas.text(text, at, TEXT, INK, HPos::Left)?;
    }

    shades(canvas, panel, &frame)?;
    for tick in y_ticks(&panel.y, bottom - start) {
        let at = frame.y(tick.value);
        canvas.line((left, at), (right, at), GRID, 1.0)?;
        canvas.text(&tick.text, (left - SPACE, at), SMALL, QUIET, HPos::Right)?;
    }
    canvas.line((left, bottom), (right, bottom), AXIS, 1.0)?;
    for tick in &x_ticks {
        let at = frame.x(tick.value);
        canvas.line((at, bottom), (at, bottom + 4.0), AXIS, 1.0)?;
        let at = (at, bottom + 4.0 + LINE / 2.0);
        canvas.text(&tick.text, at, SMALL, QUIET, HPos::Center)?;
    }
    if !panel.x_label.is_empty() {
        let text = fitted(&panel.x_label, TEXT, right - left);
        let at = ((left + right) / 2.0, bottom + 1.5 * LINE + 3.0);
        canvas.text(&text, at, TEXT, QUIET, HPos::Center)?;
    }

    let text_width = |text: &str| width(text, SMALL);
    let names = names(panel, |x| frame.x(x), text_width, (left, right), 8.0);
    for at in names.iter().filter_map(|name| name.mark) {
        canvas.dashed(&[(at, start), (at, bottom)], AXIS, 1.0)?;
    }
    for drawn in &panel.curves {
        for path in frame.paths(&drawn.trace) {
            canvas.curve(&path, &drawn.pen, CURVE)?;
        }
    }
    for Name { text, left, .. } in &names {
        let at = (*left, top + head.strip);
        canvas.text(text, at, SMALL, QUIET, HPos::Left)?;
    }
    Ok(())
}

fn shades<B: DrawingBackend>(
    canvas: &mut Canvas<B>,
    panel: &Panel,
    frame: &Frame,
) -> Result<(), PlotError> {
    let mut before = None;
    for (index, phase) in panel.phases.iter().enumerate() {
        let color = shade(phase.kind, index);
        let from = (frame.x(phase.start).max(frame.left), frame.top);
        let to = (frame.x(phase.end).min(frame.right), frame.bottom);
        if let Some(color) = color {
            canvas.filled(from, to, color)?;
        }
        // The border of two phases with the same shade.
        if before == Some(color) && from.0 < frame.right {
            canvas.line(from, (from.0, frame.bottom), GRID, 1.0)?;
        }
        before = Some(color);
    }
    Ok(())
}

fn y_ticks(axis: &Axis, high: f64) -> Vec<Tick> {
    axis.ticks((high / 34.0).clamp(2.0, 9.0) as usize)
}

/// The ticks that there is room for.
fn x_ticks(axis: &Axis, wide: f64) -> Vec<Tick> {
    let most = (wide / 60.0).clamp(2.0, 12.0) as usize;
    axis.ticks_apart(most, |a, b| {
        let distance = (axis.place(b.value) - axis.place(a.value)) * wide;
        distance >= (width(&a.text, SMALL) + width(&b.text, SMALL)) / 2.0 + 12.0
    })
}

//! Where everything in a picture goes, so that nothing overlaps and all of it is inside.

use plotters_backend::DrawingBackend;
use plotters_backend::text_anchor::HPos;

use crate::PlotError;
use crate::axis::{Axis, Tick};
use crate::canvas::Canvas;
use crate::font::{fitted, width};
use crate::palette::{AXIS, BORDER, CARD, GRID, INK, QUIET, shade};
use crate::path::Frame;
use crate::plot::Panel;

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

/// The light card that all is drawn on.
pub(crate) fn card<B: DrawingBackend>(
    canvas: &mut Canvas<'_, B>,
    width: f64,
    height: f64,
) -> Result<(), PlotError> {
    canvas.filled((0.0, 0.0), (width, height), BORDER)?;
    canvas.filled((1.0, 1.0), (width - 1.0, height - 1.0), CARD)
}

/// Draws `panel` into a part of the card.
pub(crate) fn draw<B: DrawingBackend>(
    canvas: &mut Canvas<'_, B>,
    panel: &Panel,
    (left, top): (f64, f64),
    (wide, high): (f64, f64),
) -> Result<(), PlotError> {
    let right = left + wide - MARGIN;
    let mut y = top + MARGIN * 0.7;

    if let Some(title) = &panel.title {
        let text = fitted(title, TITLE, wide - 2.0 * MARGIN);
        canvas.text(&text, (left + MARGIN, y + 10.0), TITLE, INK, HPos::Left)?;
        y += 24.0;
    }

    // What the y axis shows, and beside it or below it the legend.
    let mut x = left + MARGIN;
    if !panel.y_label.is_empty() {
        let text = fitted(&panel.y_label, TEXT, wide - 2.0 * MARGIN);
        canvas.text(&text, (x, y + LINE / 2.0), TEXT, QUIET, HPos::Left)?;
        x += width(&text, TEXT) + 1.5 * GAP;
    }
    if has_legend(panel) {
        for drawn in &panel.curves {
            let text = fitted(&drawn.label, TEXT, wide - 2.0 * MARGIN - SAMPLE - 6.0);
            let entry = SAMPLE + 6.0 + width(&text, TEXT);
            if x + entry > right && x > left + MARGIN {
                x = left + MARGIN;
                y += LINE;
            }
            let (from, to) = ((x, y + LINE / 2.0), (x + SAMPLE, y + LINE / 2.0));
            match drawn.pen.dashed {
                false => canvas.path(&[from, to], drawn.pen.color, CURVE + 1.0)?,
                true => canvas.dashed(&[from, to], drawn.pen.color, CURVE + 1.0)?,
            }
            let at = (x + SAMPLE + 6.0, y + LINE / 2.0);
            canvas.text(&text, at, TEXT, INK, HPos::Left)?;
            x += entry + GAP;
        }
    }
    y += LINE;

    let named = !panel.phases.is_empty() || !panel.marks.is_empty();
    let strip = y + LINE / 2.0;
    if named {
        y += LINE;
    }

    let bottom =
        top + high - MARGIN * 0.6 - LINE - if panel.x_label.is_empty() { 0.0 } else { LINE };
    let (y_ticks, y_width) = y_ticks(&panel.y, bottom - y - 4.0);
    let frame_left = left + MARGIN + y_width + 6.0;
    let x_ticks = x_ticks(&panel.x, right - frame_left);
    // The last number may reach beyond the frame.
    let last = x_ticks.last().map_or(0.0, |tick| {
        let end = frame_left + panel.x.place(tick.value) * (right - frame_left);
        (end + width(&tick.text, SMALL) / 2.0 - right).max(0.0)
    });
    let room = "more, for so many and such long labels";
    PlotError::check(bottom - y >= 24.0, "height", high, room)?;
    PlotError::check(right - last - frame_left >= 40.0, "width", wide, room)?;
    let frame = Frame {
        left: frame_left,
        top: y + 4.0,
        right: right - last,
        bottom,
        x: panel.x,
        y: panel.y,
    };

    shades(canvas, panel, &frame)?;
    for tick in &y_ticks {
        let at = frame.y(tick.value);
        canvas.line((frame.left, at), (frame.right, at), GRID, 1.0)?;
        canvas.text(
            &tick.text,
            (frame.left - 6.0, at),
            SMALL,
            QUIET,
            HPos::Right,
        )?;
    }
    canvas.line((frame.left, bottom), (frame.right, bottom), AXIS, 1.0)?;
    for tick in &x_ticks {
        let at = frame.x(tick.value);
        canvas.line((at, bottom), (at, bottom + 4.0), AXIS, 1.0)?;
        let at = (at, bottom + 4.0 + LINE / 2.0);
        canvas.text(&tick.text, at, SMALL, QUIET, HPos::Center)?;
    }
    if !panel.x_label.is_empty() {
        let text = fitted(&panel.x_label, TEXT, frame.right - frame.left);
        let at = ((frame.left + frame.right) / 2.0, bottom + 1.5 * LINE + 3.0);
        canvas.text(&text, at, TEXT, QUIET, HPos::Center)?;
    }

    for (_, x) in &panel.marks {
        let place = panel.x.place(*x);
        if (0.0..=1.0).contains(&place) {
            let at = frame.x(*x);
            canvas.dashed(&[(at, frame.top), (at, bottom)], AXIS, 1.0)?;
        }
    }
    for drawn in &panel.curves {
        for path in frame.paths(&drawn.trace) {
            match drawn.pen.dashed {
                false => canvas.path(&path, drawn.pen.color, CURVE)?,
                true => canvas.dashed(&path, drawn.pen.color, CURVE)?,
            }
        }
    }
    if named {
        for (name, x) in strip_of(panel, &frame) {
            canvas.text(&name, (x, strip), SMALL, QUIET, HPos::Left)?;
        }
    }
    Ok(())
}

/// One curve is named by the title, unless that says something else.
pub(crate) fn has_legend(panel: &Panel) -> bool {
    match panel.curves.as_slice() {
        [only] => {
            !only.label.is_empty()
                && panel.title.as_deref() != Some(&only.label)
                && only.trace.left_out > 0
        }
        _ => true,
    }
}

fn shades<B: DrawingBackend>(
    canvas: &mut Canvas<'_, B>,
    panel: &Panel,
    frame: &Frame,
) -> Result<(), PlotError> {
    for (index, phase) in panel.phases.iter().enumerate() {
        if let Some(color) = shade(phase.kind, index) {
            let from = (frame.x(phase.start).max(frame.left), frame.top);
            let to = (frame.x(phase.end).min(frame.right), frame.bottom);
            canvas.filled(from, to, color)?;
        }
    }
    Ok(())
}

/// The names of phases and marks above the frame: each over its own, moved aside or left out where
/// it would run into another.
fn strip_of(panel: &Panel, frame: &Frame) -> Vec<(String, f64)> {
    let phases = panel.phases.iter().map(|phase| {
        let (from, to) = (frame.x(phase.start), frame.x(phase.end));
        (phase.name.clone(), from, to)
    });
    let marks = panel.marks.iter().filter_map(|(name, x)| {
        let at = frame.x(*x);
        let inside = (0.0..=1.0).contains(&panel.x.place(*x));
        inside.then(|| (name.clone(), at, at))
    });
    let mut wanted: Vec<_> = phases.chain(marks).collect();
    wanted.sort_by(|a, b| (a.1 + a.2).total_cmp(&(b.1 + b.2)));
    placed(
        &wanted,
        |text| width(text, SMALL),
        (frame.left, frame.right),
        8.0,
    )
}

/// Where texts over ranges go, between two bounds and with a gap between them.
pub(crate) fn placed(
    wanted: &[(String, f64, f64)],
    width: impl Fn(&str) -> f64,
    (left, right): (f64, f64),
    gap: f64,
) -> Vec<(String, f64)> {
    let mut placed = Vec::new();
    let mut free = left;
    for (text, from, to) in wanted {
        let own = width(text);
        let centre = (from.max(left) + to.min(right)) / 2.0;
        let at = (centre - own / 2.0)
            .clamp(left, (right - own).max(left))
            .max(free);
        // It has to be seen what it belongs to, and to fit.
        let over = at <= to.max(centre) + 1.0 && at + own >= from.min(centre) - 1.0;
        if over && at + own <= right + 1e-9 {
            placed.push((text.clone(), at));
            free = at + own + gap;
        }
    }
    placed
}

fn y_ticks(axis: &Axis, high: f64) -> (Vec<Tick>, f64) {
    let most = (high / 34.0).clamp(2.0, 9.0) as usize;
    let ticks = axis.ticks(most);
    let widest = ticks.iter().map(|tick| width(&tick.text, SMALL));
    let widest = widest.fold(0.0, f64::max);
    (ticks, widest)
}

/// As many as there is room for.
fn x_ticks(axis: &Axis, wide: f64) -> Vec<Tick> {
    let mut most = (wide / 60.0).clamp(2.0, 12.0) as usize;
    loop {
        let ticks = axis.ticks(most);
        let apart = ticks.windows(2).all(|pair| {
            let distance = (axis.place(pair[1].value) - axis.place(pair[0].value)) * wide;
            let needed = (width(&pair[0].text, SMALL) + width(&pair[1].text, SMALL)) / 2.0 + 12.0;
            distance >= needed
        });
        if apart || most <= 1 {
            return ticks;
        }
        most -= 1;
    }
}

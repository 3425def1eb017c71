//! Pictures of Braille patterns: 2 × 4 dots a character.

use crate::axis::Tick;
use crate::canvas::Point;
use crate::error::PlotError;
use crate::names::{Name, names};
use crate::panel::Panel;
use crate::path::Frame;

/// The dots of a character, by column and row.
const DOTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// A field of characters, in rows.
struct Field(Vec<Vec<Cell>>);

/// A character: dots of one curve, or a letter.
#[derive(Clone, Copy, Default)]
struct Cell {
    dots: u32,
    letter: Option<char>,
    color: Option<u8>,
}

impl Field {
    fn dot(&mut self, (x, y): Point, color: u8) {
        let (x, y) = (x.round() as usize, y.round() as usize);
        let cell = self.0.get_mut(y / 4).and_then(|row| row.get_mut(x / 2));
        if let Some(cell) = cell {
            cell.dots |= DOTS[x % 2][y % 4];
            cell.color = Some(color);
        }
    }

    /// A line from dot to dot.
    fn line(&mut self, from: Point, to: Point, color: u8) {
        let from = (from.0.round(), from.1.round());
        let (dx, dy) = (to.0.round() - from.0, to.1.round() - from.1);
        let dots = dx.abs().max(dy.abs());
        for i in 0..=dots as u32 {
            let share = f64::from(i) / dots.max(1.0);
            self.dot((from.0 + dx * share, from.1 + dy * share), color);
        }
    }

    /// Puts a letter on a curve now and then, by which it is known without colours.
    fn letters(&mut self, paths: &[Vec<Point>], index: usize, curves: usize) {
        let (columns, rows) = (self.0[0].len(), self.0.len());
        let distance = (columns / 4).max(4);
        for column in (distance * index / curves..columns).step_by(distance) {
            let x = column as f64 * 2.0 + 0.5;
            let mut pairs = paths.iter().flat_map(|path| path.windows(2));
            let crossed = pairs.rfind(|pair| pair[0].0 <= x && x <= pair[1].0);
            let Some([from, to]) = crossed else { continue };
            let share = match to.0 - from.0 {
                0.0 => 0.0,
                wide => (x - from.0) / wide,
            };
            let row = ((from.1 + (to.1 - from.1) * share) / 4.0) as usize;
            self.0[row.min(rows - 1)][column].letter = Some(letter(index));
        }
    }

    fn row(&self, row: usize, colors: bool) -> String {
        let mut out = String::new();
        let mut last = None;
        for cell in &self.0[row] {
            if colors && cell.color != last {
                out.push_str(&paint(cell.color));
                last = cell.color;
            }
            out.push(match (cell.letter, cell.dots) {
                (Some(letter), _) => letter,
                (None, 0) => ' ',
                (None, dots) => char::from_u32(0x2800 + dots).unwrap_or('?'),
            });
        }
        if last.is_some() {
            out.push_str(&paint(None));
        }
        out
    }
}

fn letter(index: usize) -> char {
    char::from(b'a' + (index % 26) as u8)
}

/// The control sequence for a colour, or for none.
fn paint(color: Option<u8>) -> String {
    match color {
        Some(color) => format!("\x1b[38;5;{color}m"),
        None => "\x1b[0m".to_string(),
    }
}

/// `panel` in so many columns and rows of characters.
pub(crate) fn text(
    panel: &Panel,
    columns: usize,
    rows: usize,
    colors: bool,
) -> Result<String, PlotError> {
    let mut out = Vec::new();
    out.extend(panel.title.map(|title| cut(title, columns)));
    out.extend(legend(panel, columns, colors));
    let below = 2 + usize::from(!panel.x_label.is_empty());
    let high = rows.saturating_sub(out.len() + usize::from(panel.has_names()) + below);
    PlotError::check(high >= 4, "rows", rows, "more, for so many curves")?;

    let y_ticks = panel.y.ticks((high / 3).max(2));
    let widest = y_ticks.iter().map(|tick| wide(&tick.text)).max();
    let margin = widest.unwrap_or(0) + 2;
    let columns = columns - margin;
    let frame = Frame {
        left: 0.0,
        top: 0.0,
        right: (columns * 2 - 1) as f64,
        bottom: (high * 4 - 1) as f64,
        x: panel.x,
        y: panel.y,
    };

    let mut field = Field(vec![vec![Cell::default(); columns]; high]);
    let curves = panel.curves.len();
    for (index, drawn) in panel.curves.iter().enumerate() {
        let paths = frame.paths(&drawn.trace);
        for pair in paths.iter().flat_map(|path| path.windows(2)) {
            field.line(pair[0], pair[1], drawn.pen.terminal);
        }
        if curves > 1 && !colors {
            field.letters(&paths, index, curves);
        }
    }

    if panel.has_names() {
        out.push(named(panel, &frame, margin, columns));
    }
    let mut at_row = vec![None; high];
    for tick in &y_ticks {
        let row = (frame.y(tick.value) / 4.0) as usize;
        at_row[row.min(high - 1)] = Some(tick);
    }
    for (row, tick) in at_row.into_iter().enumerate() {
        let text = tick.map_or("", |tick: &Tick| tick.text.as_str());
        let edge = if tick.is_some() { '┤' } else { '│' };
        out.push(format!(
            "{text:>width$} {edge}{}",
            field.row(row, colors),
            width = margin - 2
        ));
    }
    out.extend(x_axis(panel, &frame, margin, columns));
    if !panel.x_label.is_empty() {
        let label = cut(&panel.x_label, columns);
        let before = margin + (columns - wide(&label)) / 2;
        out.push(format!("{}{label}", " ".repeat(before)));
    }
    let lines = out.iter().map(|line| format!("{}\n", line.trim_end()));
    Ok(lines.collect())
}

/// The name of the y axis and those of the curves, in as many lines as it takes.
fn legend(panel: &Panel, columns: usize, colors: bool) -> Vec<String> {
    let mut entries = Vec::new();
    if !panel.y_label.is_empty() {
        let label = cut(&panel.y_label, columns);
        entries.push((wide(&label), label));
    }
    if panel.has_legend() {
        for (index, drawn) in panel.curves.iter().enumerate() {
            let label = cut(&drawn.label, columns - 3);
            let sample = match colors {
                true => format!("{}──{}", paint(Some(drawn.pen.terminal)), paint(None)),
                false => format!("{}:", letter(index)),
            };
            entries.push((wide(&label) + 3, format!("{sample} {label}")));
        }
    }
    let mut lines: Vec<String> = Vec::new();
    let mut used = columns;
    for (width, entry) in entries {
        match lines.last_mut() {
            Some(line) if used + 3 + width <= columns => {
                line.push_str("   ");
                line.push_str(&entry);
                used += 3 + width;
            }
            _ => {
                lines.push(entry);
                used = width;
            }
        }
    }
    lines
}

/// Adds `text` to a line at `column`, if that is free.
fn put(line: &mut String, column: usize, text: &str) {
    if let Some(gap) = column.checked_sub(wide(line)) {
        line.push_str(&" ".repeat(gap));
        line.push_str(text);
    }
}

/// The line of names.
fn named(panel: &Panel, frame: &Frame, margin: usize, columns: usize) -> String {
    let column = |x: f64| frame.x(x).clamp(0.0, frame.right) / 2.0;
    let bounds = (0.0, columns as f64);
    let mut line = String::new();
    for Name { text, left, .. } in names(panel, column, |text| wide(text) as f64, bounds, 1.0) {
        put(&mut line, margin + left as usize, &text);
    }
    line
}

fn x_axis(panel: &Panel, frame: &Frame, margin: usize, columns: usize) -> [String; 2] {
    let column = |tick: &Tick| (frame.x(tick.value) / 2.0) as usize;
    let ticks = panel.x.ticks_apart((columns / 10).clamp(2, 10), |a, b| {
        column(b) >= column(a) + (wide(&a.text) + wide(&b.text)) / 2 + 2
    });
    let mut line: Vec<char> = vec!['─'; columns];
    let mut labels = String::new();
    for tick in &ticks {
        let column = column(tick).min(columns - 1);
        line[column] = '┬';
        let length = wide(&tick.text);
        let start = (margin + column).saturating_sub(length / 2);
        let start = start.min((margin + columns).saturating_sub(length));
        put(&mut labels, start, &tick.text);
    }
    let line: String = line.into_iter().collect();
    [format!("{}└{line}", " ".repeat(margin - 1)), labels]
}

/// The number of columns that `text` takes.
fn wide(text: &str) -> usize {
    text.chars().count()
}

fn cut(text: &str, most: usize) -> String {
    let clean = text.chars().filter(|letter| !letter.is_control());
    match wide(text) > most {
        false => clean.collect(),
        true => clean.take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

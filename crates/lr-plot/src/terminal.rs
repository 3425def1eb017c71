//! Pictures of Braille patterns: 2 × 4 dots a character.

use crate::axis::Tick;
use crate::canvas::Point;
use crate::error::PlotError;
use crate::names::{Name, names};
use crate::palette::Pen;
use crate::panel::Panel;
use crate::path::Frame;

/// The dots of a character, by column and row.
const DOTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// A field of characters, each of dots of one curve or a letter.
struct Field {
    columns: usize,
    rows: usize,
    cells: Vec<Cell>,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    dots: u32,
    letter: Option<char>,
    color: Option<u8>,
}

impl Field {
    fn new(columns: usize, rows: usize) -> Self {
        Self {
            columns,
            rows,
            cells: vec![Cell::default(); columns * rows],
        }
    }

    fn dot(&mut self, x: i64, y: i64, color: u8) {
        let inside = x >= 0 && y >= 0;
        let (column, row) = (x as usize / 2, y as usize / 4);
        if !inside || column >= self.columns || row >= self.rows {
            return;
        }
        let cell = &mut self.cells[row * self.columns + column];
        cell.dots |= DOTS[x as usize % 2][y as usize % 4];
        cell.color = Some(color);
    }

    /// A line from dot to dot (Bresenham).
    fn line(&mut self, from: Point, to: Point, color: u8) {
        let (mut x, mut y) = (from.0.round() as i64, from.1.round() as i64);
        let (end_x, end_y) = (to.0.round() as i64, to.1.round() as i64);
        let (dx, dy) = ((end_x - x).abs(), -(end_y - y).abs());
        let (step_x, step_y) = ((end_x - x).signum(), (end_y - y).signum());
        let mut error = dx + dy;
        loop {
            self.dot(x, y, color);
            if (x, y) == (end_x, end_y) {
                return;
            }
            let twice = 2 * error;
            if twice >= dy {
                error += dy;
                x += step_x;
            }
            if twice <= dx {
                error += dx;
                y += step_y;
            }
        }
    }

    /// Puts a letter on a curve now and then, by which it is known without colours.
    fn letters(&mut self, paths: &[Vec<Point>], index: usize, curves: usize) {
        let letter = letter(index);
        let distance = (self.columns / 4).max(4);
        let offset = distance * index / curves;
        for column in (0..self.columns).filter(|column| column % distance == offset) {
            let x = column as f64 * 2.0 + 0.5;
            let mut pairs = paths.iter().flat_map(|path| path.windows(2));
            let crossed = pairs.rfind(|pair| pair[0].0 <= x && x <= pair[1].0);
            let Some([from, to]) = crossed else { continue };
            let share = match to.0 - from.0 {
                0.0 => 0.0,
                wide => (x - from.0) / wide,
            };
            let row = ((from.1 + (to.1 - from.1) * share) / 4.0) as usize;
            let row = row.min(self.rows - 1);
            self.cells[row * self.columns + column].letter = Some(letter);
        }
    }

    fn row(&self, row: usize, colors: bool) -> String {
        let mut out = String::new();
        let mut last = None;
        for cell in &self.cells[row * self.columns..][..self.columns] {
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
        out.trim_end().to_string()
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
    let mut head = Vec::new();
    head.extend(panel.title.as_deref().map(|title| cut(title, columns)));
    head.extend(legend(panel, columns, colors));
    let has_names = !panel.phases.is_empty() || !panel.marks.is_empty();
    let below = 2 + usize::from(!panel.x_label.is_empty());
    let high = rows.saturating_sub(head.len() + usize::from(has_names) + below);
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

    let mut field = Field::new(columns, high);
    let several = panel.curves.len() > 1;
    for (index, drawn) in panel.curves.iter().enumerate() {
        let paths = frame.paths(&drawn.trace);
        for path in &paths {
            draw(&mut field, path, drawn.pen);
        }
        if several && !colors {
            field.letters(&paths, index, panel.curves.len());
        }
    }

    let mut out = head;
    if has_names {
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
    let mut text = String::new();
    for line in out {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    Ok(text)
}

fn draw(field: &mut Field, path: &[Point], pen: Pen) {
    if let [only] = path {
        field.line(*only, *only, pen.terminal);
    }
    for pair in path.windows(2) {
        field.line(pair[0], pair[1], pen.terminal);
    }
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

//! A plotters backend, drawn on in pixels of any fraction.

use plotters_backend::text_anchor::HPos;
use plotters_backend::{BackendColor, BackendStyle, DrawingBackend};

use crate::error::PlotError;
use crate::font::TextStyle;
use crate::palette::{Pen, Rgb};

pub(crate) type Point = (f64, f64);

/// A drawing in pixels on a backend that counts in whole units, several to a pixel.
pub(crate) struct Canvas<B> {
    pub backend: B,
    /// Units of the backend in a pixel.
    pub unit: f64,
    /// Whether the backend joins the pieces of a thick path by itself.
    pub joins: bool,
}

#[derive(Clone, Copy)]
pub(crate) struct Stroke {
    color: BackendColor,
    width: u32,
}

impl BackendStyle for Stroke {
    fn color(&self) -> BackendColor {
        self.color
    }

    fn stroke_width(&self) -> u32 {
        self.width
    }
}

fn opaque(rgb: Rgb) -> BackendColor {
    BackendColor { alpha: 1.0, rgb }
}

fn drawing(error: impl std::fmt::Display) -> PlotError {
    PlotError::Drawing(error.to_string())
}

impl<B: DrawingBackend> Canvas<B> {
    fn units(&self, (x, y): Point) -> (i32, i32) {
        let unit = |value: f64| (value * self.unit).round() as i32;
        (unit(x), unit(y))
    }

    fn stroke(&self, color: Rgb, width: f64) -> Stroke {
        Stroke {
            color: opaque(color),
            width: (width * self.unit).round().max(1.0) as u32,
        }
    }

    pub fn filled(&mut self, from: Point, to: Point, color: Rgb) -> Result<(), PlotError> {
        let (from, to) = (self.units(from), self.units(to));
        let drawn = self.backend.draw_rect(from, to, &opaque(color), true);
        drawn.map_err(drawing)
    }

    pub fn line(
        &mut self,
        from: Point,
        to: Point,
        color: Rgb,
        width: f64,
    ) -> Result<(), PlotError> {
        let stroke = self.stroke(color, width);
        let (from, to) = (self.units(from), self.units(to));
        let drawn = self.backend.draw_line(from, to, &stroke);
        drawn.map_err(drawing)
    }

    fn path(&mut self, points: &[Point], color: Rgb, width: f64) -> Result<(), PlotError> {
        let mut units: Vec<_> = points.iter().map(|point| self.units(*point)).collect();
        units.dedup();
        let stroke = self.stroke(color, width);
        if let [only] = units.as_slice() {
            let radius = stroke.width.div_ceil(2).max(1);
            let drawn = self.backend.draw_circle(*only, radius, &stroke.color, true);
            return drawn.map_err(drawing);
        }
        if self.joins {
            return self.backend.draw_path(units, &stroke).map_err(drawing);
        }
        for pair in units.windows(2) {
            let drawn = self.backend.draw_line(pair[0], pair[1], &stroke);
            drawn.map_err(drawing)?;
        }
        for point in &units {
            let radius = (stroke.width / 2).max(1);
            let drawn = self
                .backend
                .draw_circle(*point, radius, &stroke.color, true);
            drawn.map_err(drawing)?;
        }
        Ok(())
    }

    /// The path, in dashes of 6 pixels with gaps of 4.
    pub fn dashed(&mut self, points: &[Point], color: Rgb, width: f64) -> Result<(), PlotError> {
        for dash in dashes(points, 6.0, 4.0) {
            self.path(&dash, color, width)?;
        }
        Ok(())
    }

    pub fn curve(&mut self, points: &[Point], pen: &Pen, width: f64) -> Result<(), PlotError> {
        match pen.dashed {
            false => self.path(points, pen.color, width),
            true => self.dashed(points, pen.color, width),
        }
    }

    pub fn text(
        &mut self,
        text: &str,
        at: Point,
        size: f64,
        color: Rgb,
        side: HPos,
    ) -> Result<(), PlotError> {
        let style = TextStyle {
            size: size * self.unit,
            color: opaque(color),
            side,
        };
        let at = self.units(at);
        // XML has no control characters.
        let text = text.replace(char::is_control, " ");
        let drawn = self.backend.draw_text(&text, &style, at);
        drawn.map_err(drawing)
    }

    pub fn finish(&mut self) -> Result<(), PlotError> {
        self.backend.present().map_err(drawing)
    }
}

fn dashes(points: &[Point], on: f64, off: f64) -> Vec<Vec<Point>> {
    let mut dashes = Vec::new();
    let Some(first) = points.first() else {
        return dashes;
    };
    let mut dash = vec![*first];
    let (mut drawing, mut left) = (true, on);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if length < left {
                left -= length;
                if drawing && dash.last() != Some(&to) {
                    dash.push(to);
                }
                break;
            }
            let share = left / length;
            from = (
                from.0 + (to.0 - from.0) * share,
                from.1 + (to.1 - from.1) * share,
            );
            if drawing {
                dash.push(from);
                dashes.push(std::mem::take(&mut dash));
            } else {
                dash = vec![from];
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
        }
    }
    if drawing && dash.len() > 1 {
        dashes.push(dash);
    }
    dashes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_cover_their_share_of_a_path() {
        let path = [(0.0, 0.0), (30.0, 0.0), (30.0, 70.0)];
        let dashes = dashes(&path, 6.0, 4.0);
        assert_eq!(dashes.len(), 10);
        let length = |dash: &Vec<Point>| -> f64 {
            let pairs = dash.windows(2);
            pairs
                .map(|p| (p[1].0 - p[0].0).hypot(p[1].1 - p[0].1))
                .sum()
        };
        assert!((dashes.iter().map(length).sum::<f64>() - 60.0).abs() < 1e-9);
    }
}

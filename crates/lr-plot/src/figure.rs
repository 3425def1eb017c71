use std::slice;

use plotters_backend::DrawingBackend;
use plotters_bitmap::BitMapBackend;
use plotters_svg::SVGBackend;

use crate::canvas::Canvas;
use crate::error::PlotError;
use crate::palette::{BORDER, CARD};
use crate::plot::Plot;
use crate::{picture, terminal};

/// Plots below each other in one picture, such as a rate and the loss that it led to.
///
/// ```
/// use lr_plot::{Figure, Plot};
/// use lr_schedule::prelude::*;
///
/// let rate = Plot::new().schedule("rate", Cosine::new(0.1, 0.0, 3)).size(720, 240);
/// let loss = [(0.0, 1.0), (1.0, 0.7), (2.0, 0.6)];
/// let loss = Plot::new().points("loss", loss).size(720, 240);
/// let svg = Figure::new([rate, loss]).to_svg()?;
/// assert!(svg.contains("width=\"720\" height=\"480\""));
/// # Ok::<(), lr_plot::PlotError>(())
/// ```
#[must_use = "a figure draws nothing until `to_svg` or `to_png`"]
pub struct Figure<'a> {
    plots: Vec<Plot<'a>>,
}

impl<'a> Figure<'a> {
    /// Creates a figure of `plots`, from the top to the bottom.
    pub fn new(plots: impl IntoIterator<Item = Plot<'a>>) -> Self {
        Self {
            plots: plots.into_iter().collect(),
        }
    }

    /// Draws the figure as SVG; see [`Plot::to_svg`].
    ///
    /// # Errors
    ///
    /// Those of its plots, and [`PlotError::Nothing`] without one.
    pub fn to_svg(&self) -> Result<String, PlotError> {
        svg(&self.plots)
    }

    /// Draws the figure as PNG; see [`Plot::to_png`].
    ///
    /// # Errors
    ///
    /// As [`to_svg`](Self::to_svg).
    pub fn to_png(&self, scale: u32) -> Result<Vec<u8>, PlotError> {
        png(&self.plots, scale)
    }
}

impl Plot<'_> {
    /// Draws the picture as SVG.
    ///
    /// Its text is text, in the reader's sans-serif font; there is room for one as wide as DejaVu
    /// Sans.
    ///
    /// # Errors
    ///
    /// [`PlotError`], for contents or options that make no picture.
    pub fn to_svg(&self) -> Result<String, PlotError> {
        svg(slice::from_ref(self))
    }

    /// Draws the picture as PNG, in a font that comes with this crate; `scale` pixels of the file are one
    /// of the [size](Self::size), from 1 to 4.
    ///
    /// # Errors
    ///
    /// As [`to_svg`](Self::to_svg).
    pub fn to_png(&self, scale: u32) -> Result<Vec<u8>, PlotError> {
        png(slice::from_ref(self), scale)
    }

    /// Draws the picture in Braille patterns, for a terminal of `columns` × `rows` characters (at least
    /// 40 × 10), with colours of terminals or without.
    ///
    /// ```
    /// use lr_plot::Plot;
    /// use lr_schedule::prelude::*;
    ///
    /// let plot = Plot::new().schedule("cosine", Cosine::new(1e-3, 0.0, 100));
    /// let text = plot.to_text(80, 24, false)?;
    /// assert_eq!(text.lines().count(), 24);
    /// # Ok::<(), lr_plot::PlotError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`to_svg`](Self::to_svg).
    pub fn to_text(&self, columns: u16, rows: u16, colors: bool) -> Result<String, PlotError> {
        PlotError::check(columns >= 40, "columns", columns, "at least 40")?;
        PlotError::check(rows >= 10, "rows", rows, "at least 10")?;
        let panel = self.panel(u64::from(columns) * 4)?;
        terminal::text(&panel, columns.into(), rows.into(), colors)
    }
}

/// Units of the SVG in a pixel, since plotters counts in whole ones.
const SVG_UNITS: u32 = 10;
/// The number of parts of each pixel of a PNG, either way, that are drawn before they are averaged.
const OVERSAMPLING: u32 = 3;

fn svg(plots: &[Plot<'_>]) -> Result<String, PlotError> {
    let (width, height) = size(plots)?;
    let (units_wide, units_high) = (width * SVG_UNITS, height * SVG_UNITS);
    let mut svg = String::new();
    let canvas = Canvas {
        backend: SVGBackend::with_string(&mut svg, (units_wide, units_high)),
        unit: f64::from(SVG_UNITS),
        joins: true,
    };
    let title = draw(plots, canvas)?;
    // plotters gives the size in units instead of pixels, and no label.
    let Some((_, rest)) = svg.split_once('>') else {
        return Err(PlotError::Drawing("no SVG came of it".to_string()));
    };
    Ok(format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {units_wide} {units_high}\" \
         xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{}\" \
         stroke-linejoin=\"round\" style=\"max-width:100%;height:auto\">{rest}",
        escaped(&title),
    ))
}

fn png(plots: &[Plot<'_>], scale: u32) -> Result<Vec<u8>, PlotError> {
    let valid = (1..=4).contains(&scale);
    PlotError::check(valid, "scale", scale, "from 1 to 4")?;
    let (width, height) = size(plots)?;
    let (width, height) = (width * scale, height * scale);
    let pixels = u64::from(width) * u64::from(height);
    let allowed = "at most 32 million pixels";
    PlotError::check(pixels <= 32_000_000, "size of a PNG", pixels, allowed)?;

    let fine = (width * OVERSAMPLING, height * OVERSAMPLING);
    let mut buffer = vec![255u8; fine.0 as usize * fine.1 as usize * 3];
    let canvas = Canvas {
        backend: BitMapBackend::with_buffer(&mut buffer, fine),
        unit: f64::from(scale * OVERSAMPLING),
        joins: false,
    };
    draw(plots, canvas)?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&averaged(&buffer, width as usize, height as usize))?;
    writer.finish()?;
    Ok(file)
}

/// The width of the widest plot, and the height of all of them.
fn size(plots: &[Plot<'_>]) -> Result<(u32, u32), PlotError> {
    if plots.is_empty() {
        return Err(PlotError::Nothing);
    }
    let (mut width, mut height) = (0, 0);
    for plot in plots {
        let (wide, high) = plot.size.unwrap_or(Plot::SIZE);
        let valid = (200..=8_000).contains(&wide);
        PlotError::check(valid, "width", wide, "from 200 to 8000")?;
        let valid = (160..=8_000).contains(&high);
        PlotError::check(valid, "height", high, "from 160 to 8000")?;
        width = width.max(wide);
        height += high;
    }
    PlotError::check(height <= 8_000, "height", height, "at most 8000")?;
    Ok((width, height))
}

/// Draws plots below each other, and gives their titles in one.
fn draw<B: DrawingBackend>(plots: &[Plot<'_>], mut canvas: Canvas<B>) -> Result<String, PlotError> {
    let (width, height) = size(plots)?;
    let (width, height) = (f64::from(width), f64::from(height));
    canvas.filled((0.0, 0.0), (width, height), BORDER)?;
    canvas.filled((1.0, 1.0), (width - 1.0, height - 1.0), CARD)?;
    let panels = plots.iter().map(|plot| {
        let (_, high) = plot.size.unwrap_or(Plot::SIZE);
        Ok((plot.panel(width as u64 * 2)?, (width, f64::from(high))))
    });
    let panels = panels.collect::<Result<Vec<_>, PlotError>>()?;
    let numbers = panels
        .iter()
        .map(|(panel, size)| picture::numbers_width(panel, *size));
    let numbers = numbers.fold(0.0, f64::max);
    let mut top = 0.0;
    for (panel, size) in &panels {
        picture::draw(&mut canvas, panel, top, *size, numbers)?;
        top += size.1;
    }
    canvas.finish()?;
    let titles = panels.iter().filter_map(|(panel, _)| panel.title);
    Ok(titles.collect::<Vec<_>>().join("; "))
}

/// The mean of the parts that each pixel was drawn in.
fn averaged(fine: &[u8], width: usize, height: usize) -> Vec<u8> {
    let parts = OVERSAMPLING as usize;
    let row = width * parts * 3;
    let mut out = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let mut sum = 0u32;
                for dy in 0..parts {
                    for dx in 0..parts {
                        let at = (y * parts + dy) * row + (x * parts + dx) * 3 + channel;
                        sum += u32::from(fine[at]);
                    }
                }
                let count = OVERSAMPLING * OVERSAMPLING;
                out.push(((sum + count / 2) / count) as u8);
            }
        }
    }
    out
}

/// `text` as an attribute of XML has it, on one line.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace(char::is_control, " ")
}

use std::fmt::Write as _;

use plotters_bitmap::BitMapBackend;
use plotters_svg::SVGBackend;

use crate::canvas::Canvas;
use crate::{Plot, PlotError, picture};

/// Pictures below each other, as one: a rate and the loss that it led to.
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
pub struct Figure<'p, 'a> {
    plots: Vec<Panelled<'p, 'a>>,
}

enum Panelled<'p, 'a> {
    Own(Box<Plot<'a>>),
    Lent(&'p Plot<'a>),
}

impl<'a> Panelled<'_, 'a> {
    fn plot(&self) -> &Plot<'a> {
        match self {
            Self::Own(plot) => plot,
            Self::Lent(plot) => plot,
        }
    }
}

/// Units of the SVG in a pixel, since plotters counts in whole ones.
const SVG_UNITS: u32 = 10;
/// In how many parts each pixel of a PNG is drawn, either way, before they are averaged.
const OVERSAMPLING: u32 = 3;

impl<'a> Figure<'_, 'a> {
    /// `plots`, from the top to the bottom.
    pub fn new(plots: impl IntoIterator<Item = Plot<'a>>) -> Self {
        let own = |plot| Panelled::Own(Box::new(plot));
        Self {
            plots: plots.into_iter().map(own).collect(),
        }
    }

    /// As SVG; see [`Plot::to_svg`].
    ///
    /// # Errors
    ///
    /// Where one of its plots can't be drawn, or there is none.
    pub fn to_svg(&self) -> Result<String, PlotError> {
        let (width, height) = self.size()?;
        let (units_wide, units_high) = (width * SVG_UNITS, height * SVG_UNITS);
        let mut svg = String::new();
        let titles = {
            let mut backend = SVGBackend::with_string(&mut svg, (units_wide, units_high));
            let mut canvas = Canvas {
                backend: &mut backend,
                unit: f64::from(SVG_UNITS),
                joins: true,
            };
            self.draw(&mut canvas)?
        };
        // plotters says units, where pixels are meant, and nothing of what the picture is.
        let rest = svg.split_once('>').map(|(_, rest)| rest);
        let Some(rest) = rest.filter(|_| svg.starts_with("<svg ")) else {
            return Err(PlotError::Drawing("no SVG came of it".to_string()));
        };
        let mut out = String::with_capacity(svg.len() + 200);
        let _ = write!(
            out,
            "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {units_wide} {units_high}\" \
             xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{}\" \
             stroke-linejoin=\"round\" style=\"max-width:100%;height:auto\">",
            escaped(&titles.join("; ")),
        );
        out.push_str(rest);
        Ok(out)
    }

    /// As PNG; see [`Plot::to_png`].
    ///
    /// # Errors
    ///
    /// Where one of its plots can't be drawn, or there is none.
    pub fn to_png(&self, scale: u32) -> Result<Vec<u8>, PlotError> {
        let valid = (1..=4).contains(&scale);
        PlotError::check(valid, "scale", scale, "from 1 to 4")?;
        let (width, height) = self.size()?;
        let (width, height) = (width * scale, height * scale);
        let pixels = u64::from(width) * u64::from(height);
        let allowed = "at most 32 million pixels";
        PlotError::check(pixels <= 32_000_000, "size of a PNG", pixels, allowed)?;

        let fine = (width * OVERSAMPLING, height * OVERSAMPLING);
        let mut buffer = vec![255u8; fine.0 as usize * fine.1 as usize * 3];
        {
            let mut backend = BitMapBackend::with_buffer(&mut buffer, fine);
            let mut canvas = Canvas {
                backend: &mut backend,
                unit: f64::from(scale * OVERSAMPLING),
                joins: false,
            };
            self.draw(&mut canvas)?;
        }
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&averaged(&buffer, width as usize, height as usize))?;
        writer.finish()?;
        Ok(file)
    }

    fn size(&self) -> Result<(u32, u32), PlotError> {
        if self.plots.is_empty() {
            return Err(PlotError::Nothing);
        }
        let (mut width, mut height) = (0, 0);
        for plot in &self.plots {
            let (wide, high) = plot.plot().pixels();
            PlotError::check(
                (200..=8_000).contains(&wide),
                "width",
                wide,
                "from 200 to 8000",
            )?;
            PlotError::check(
                (160..=8_000).contains(&high),
                "height",
                high,
                "from 160 to 8000",
            )?;
            width = width.max(wide);
            height += high;
        }
        PlotError::check(height <= 8_000, "height", height, "at most 8000")?;
        Ok((width, height))
    }

    /// Draws all of it, and gives the titles.
    fn draw<B: plotters_backend::DrawingBackend>(
        &self,
        canvas: &mut Canvas<'_, B>,
    ) -> Result<Vec<String>, PlotError> {
        let (width, height) = self.size()?;
        picture::card(canvas, f64::from(width), f64::from(height))?;
        let panels = self.plots.iter().map(|plot| {
            let plot = plot.plot();
            let size = (f64::from(width), f64::from(plot.pixels().1));
            Ok((plot.panel(u64::from(width) * 2)?, size))
        });
        let panels = panels.collect::<Result<Vec<_>, PlotError>>()?;
        let numbers = panels
            .iter()
            .map(|(panel, size)| picture::numbers_width(panel, *size));
        let numbers = numbers.fold(0.0, f64::max);
        let mut top = 0.0;
        for (panel, size) in &panels {
            picture::draw(canvas, panel, top, *size, numbers)?;
            top += size.1;
        }
        let titles = panels
            .into_iter()
            .filter_map(|(panel, _)| panel.title)
            .collect();
        canvas.finish()?;
        Ok(titles)
    }
}

impl<'p, 'a> Figure<'p, 'a> {
    /// A figure of one plot that is somebody else's.
    pub(crate) fn of(plot: &'p Plot<'a>) -> Self {
        Self {
            plots: vec![Panelled::Lent(plot)],
        }
    }
}

/// Each pixel from the parts that it was drawn in.
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

/// As an attribute of XML has it, on one line.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

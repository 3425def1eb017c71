//! The letters: DejaVu Sans, which comes with this crate, so that pictures need no font of the
//! machine they are drawn on.

use std::convert::Infallible;
use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont};
use plotters_backend::text_anchor::{HPos, Pos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendTextStyle, FontFamily};

static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(dejavu::sans::regular()).expect("the font that is built in is one")
});

/// The number that plotters' SVG backend divides the size of letters by.
const SVG_SIZE: f64 = 1.24;

/// Half of the height of an `x`, by which a line of text is brought to the middle of where it is
/// put, as plotters' SVG backend does.
const HALF_EX: f64 = 0.27;

fn scale(size: f64) -> PxScale {
    let em = FONT.units_per_em().unwrap_or(2048.0);
    PxScale::from(size as f32 * FONT.height_unscaled() / em)
}

/// The letters of `text` in a row that begins at 0, and where it ends.
fn laid_out(text: &str, size: f64) -> (Vec<Glyph>, f64) {
    let font = FONT.as_scaled(scale(size));
    let mut glyphs: Vec<Glyph> = Vec::new();
    let mut end = 0.0;
    for letter in text.chars() {
        let mut glyph = font.scaled_glyph(letter);
        if let Some(before) = glyphs.last() {
            end += f64::from(font.kern(before.id, glyph.id));
        }
        glyph.position.x = end as f32;
        end += f64::from(font.h_advance(glyph.id));
        glyphs.push(glyph);
    }
    (glyphs, end)
}

/// The width of `text` in letters of `size`.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    laid_out(text, size).1
}

/// `text`, cut short where it is wider than `most`.
pub(crate) fn fitted(text: &str, size: f64, most: f64) -> String {
    if width(text, size) <= most {
        return text.to_string();
    }
    let mut cut: String = text.to_string();
    while !cut.is_empty() && width(&cut, size) + width("…", size) > most {
        cut.pop();
    }
    format!("{}…", cut.trim_end())
}

/// A line of text, vertically in the middle of where it is put.
pub(crate) struct TextStyle {
    pub size: f64,
    pub color: BackendColor,
    pub side: HPos,
}

impl BackendTextStyle for TextStyle {
    type FontError = Infallible;

    fn color(&self) -> BackendColor {
        self.color
    }

    fn size(&self) -> f64 {
        self.size * SVG_SIZE
    }

    fn anchor(&self) -> Pos {
        Pos::new(self.side, VPos::Center)
    }

    fn family(&self) -> FontFamily<'_> {
        FontFamily::SansSerif
    }

    fn layout_box(&self, text: &str) -> Result<((i32, i32), (i32, i32)), Infallible> {
        let width = width(text, self.size).round() as i32;
        Ok(((0, 0), (width, self.size as i32)))
    }

    fn draw<E, Draw: FnMut(i32, i32, BackendColor) -> Result<(), E>>(
        &self,
        text: &str,
        (left, top): BackendCoord,
        mut draw: Draw,
    ) -> Result<Result<(), E>, Infallible> {
        let middle = f64::from(self.size as i32 / 2);
        let baseline = (middle + HALF_EX * self.size) as f32;
        for mut glyph in laid_out(text, self.size).0 {
            glyph.position.y = baseline;
            let Some(outline) = FONT.outline_glyph(glyph) else {
                continue;
            };
            let corner = outline.px_bounds().min;
            let mut drawn = Ok(());
            outline.draw(|dx, dy, cover| {
                if drawn.is_ok() && cover > 0.0 {
                    let x = left + corner.x as i32 + dx as i32;
                    let y = top + corner.y as i32 + dy as i32;
                    drawn = draw(x, y, self.color.mix(f64::from(cover.min(1.0))));
                }
            });
            if drawn.is_err() {
                return Ok(drawn);
            }
        }
        Ok(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_measured_and_cut() {
        let whole = width("learning rate", 12.0);
        assert!((70.0..90.0).contains(&whole), "{whole}");
        assert_eq!(fitted("learning rate", 12.0, whole), "learning rate");
        let cut = fitted("learning rate", 12.0, whole * 0.6);
        assert!(
            cut.ends_with('…') && width(&cut, 12.0) <= whole * 0.6,
            "{cut}"
        );
    }
}

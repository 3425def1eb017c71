//! Colours: those of Okabe and Ito, which colour-blind readers can tell apart, on a light card
//! that reads the same on a light page and on a dark one.

use lr_schedule::PhaseKind;

pub(crate) type Rgb = (u8, u8, u8);

pub(crate) const CARD: Rgb = (255, 255, 255);
pub(crate) const BORDER: Rgb = (208, 213, 221);
pub(crate) const GRID: Rgb = (213, 218, 225);
pub(crate) const AXIS: Rgb = (102, 112, 133);
pub(crate) const INK: Rgb = (24, 29, 39);
pub(crate) const QUIET: Rgb = (71, 80, 96);

/// Okabe and Ito's, those that stand out on white first; their yellow is darker here, as it is
/// hard to see there. Each with the same for a dark or a light terminal, of the 256 colours of terminals.
const CURVES: [(Rgb, u8); 8] = [
    ((0, 114, 178), 32),
    ((213, 94, 0), 166),
    ((0, 158, 115), 36),
    ((204, 121, 167), 175),
    ((86, 180, 233), 74),
    ((230, 159, 0), 172),
    ((24, 29, 39), 246),
    ((150, 140, 20), 142),
];

/// A look that tells a curve from the others.
pub(crate) struct Pen {
    pub color: Rgb,
    pub terminal: u8,
    /// Whether it is drawn as dashes, as the ninth curve and those after it are.
    pub dashed: bool,
}

pub(crate) fn pen(curve: usize) -> Pen {
    let (color, terminal) = CURVES[curve % CURVES.len()];
    Pen {
        color,
        terminal,
        dashed: (curve / CURVES.len()) % 2 == 1,
    }
}

/// The shade behind a phase; every second one of several cycles has one.
pub(crate) fn shade(kind: PhaseKind, index: usize) -> Option<Rgb> {
    match kind {
        PhaseKind::WarmUp => Some((253, 240, 222)),
        PhaseKind::Decay => Some((231, 241, 249)),
        PhaseKind::Cycle if index.is_multiple_of(2) => Some((241, 243, 246)),
        PhaseKind::Cycle | PhaseKind::Stable => None,
    }
}

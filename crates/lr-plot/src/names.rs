//! The names of phases and marks, in a line above a picture.

use crate::panel::Panel;

/// A name, and the place of its beginning.
#[derive(Clone)]
pub(crate) struct Name {
    pub text: String,
    pub left: f64,
    /// The place of the line, for the name of a mark.
    pub mark: Option<f64>,
    /// The range of the phase or the mark.
    range: (f64, f64),
    /// The middle of the part of it that can be seen.
    centre: f64,
}

/// Names over their ranges between two bounds, moved aside, with a gap to the next, or left out where
/// there is no room beside those before: phases, and then marks, in their order.
pub(crate) fn names(
    panel: &Panel,
    place: impl Fn(f64) -> f64,
    width: impl Fn(&str) -> f64,
    bounds: (f64, f64),
    gap: f64,
) -> Vec<Name> {
    let named = |text: &str, start: f64, end: f64, is_mark: bool| {
        let range = (place(start), place(end));
        Name {
            text: text.to_string(),
            left: 0.0,
            mark: is_mark.then_some(range.0),
            range,
            centre: (range.0.max(bounds.0) + range.1.min(bounds.1)) / 2.0,
        }
    };
    let phases = panel.phases.iter();
    let phases = phases.map(|phase| named(&phase.name, phase.start, phase.end, false));
    let marks = panel.marks.iter();
    let marks = marks.filter(|(_, x)| (0.0..=1.0).contains(&panel.x.place(*x)));
    let marks = marks.map(|(text, x)| named(text, *x, *x, true));

    let mut names: Vec<Name> = Vec::new();
    for name in phases.chain(marks) {
        let mut more = names.clone();
        more.push(name);
        more.sort_by(|a, b| a.centre.total_cmp(&b.centre));
        if side_by_side(&mut more, &width, bounds, gap) {
            names = more;
        }
    }
    names
}

/// Places names from left to right, if there is room for all.
fn side_by_side(
    names: &mut [Name],
    width: impl Fn(&str) -> f64,
    (left, right): (f64, f64),
    gap: f64,
) -> bool {
    let mut free = left;
    names.iter_mut().all(|name| {
        let own = width(&name.text);
        let (from, to) = name.range;
        name.left = (name.centre - own / 2.0)
            .clamp(left, (right - own).max(left))
            .max(free);
        let end = name.left + own;
        free = end + gap;
        // A name touches its range, and is within the bounds.
        let over = name.left <= to.max(name.centre) + 1.0 && end >= from.min(name.centre) - 1.0;
        over && end <= right + 1e-9
    })
}

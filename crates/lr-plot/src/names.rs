//! The names of phases and marks, in a line above a picture.

use crate::panel::Panel;

/// A name that has its place.
pub(crate) struct Name {
    pub text: String,
    /// The place of its beginning.
    pub left: f64,
    /// The place of the line, for the name of a mark.
    pub mark: Option<f64>,
}

/// A phase or a mark, and the range that it is in.
#[derive(Clone)]
struct Wanted {
    text: String,
    from: f64,
    to: f64,
    is_mark: bool,
}

impl Wanted {
    fn centre(&self, (left, right): (f64, f64)) -> f64 {
        (self.from.max(left) + self.to.min(right)) / 2.0
    }
}

/// Each name over its own between two bounds, moved aside, with a gap to the next, or left out where
/// there is no room for it beside those before it: phases, and then marks, in their order.
pub(crate) fn names(
    panel: &Panel,
    place: impl Fn(f64, f64) -> (f64, f64),
    width: impl Fn(&str) -> f64,
    bounds: (f64, f64),
    gap: f64,
) -> Vec<Name> {
    let wanted = |text: &str, start, end, is_mark| {
        let (from, to) = place(start, end);
        Wanted {
            text: text.to_string(),
            from,
            to,
            is_mark,
        }
    };
    let phases = panel.phases.iter();
    let phases = phases.map(|phase| wanted(&phase.name, phase.start, phase.end, false));
    let marks = panel.marks.iter();
    let marks = marks.filter(|(_, x)| (0.0..=1.0).contains(&panel.x.place(*x)));
    let marks = marks.map(|(text, x)| wanted(text, *x, *x, true));

    let (mut chosen, mut names) = (vec![], vec![]);
    for one in phases.chain(marks) {
        let mut more = chosen.clone();
        more.push(one);
        more.sort_by(|a: &Wanted, b| a.centre(bounds).total_cmp(&b.centre(bounds)));
        if let Some(found) = side_by_side(&more, &width, bounds, gap) {
            (chosen, names) = (more, found);
        }
    }
    names
}

/// From left to right, if there is room for all.
fn side_by_side(
    wanted: &[Wanted],
    width: impl Fn(&str) -> f64,
    (left, right): (f64, f64),
    gap: f64,
) -> Option<Vec<Name>> {
    let mut free = left;
    let names = wanted.iter().map(|one| {
        let own = width(&one.text);
        let centre = one.centre((left, right));
        let at = (centre - own / 2.0)
            .clamp(left, (right - own).max(left))
            .max(free);
        // It has to be seen what it belongs to, and to fit.
        let over = at <= one.to.max(centre) + 1.0 && at + own >= one.from.min(centre) - 1.0;
        if !over || at + own > right + 1e-9 {
            return None;
        }
        free = at + own + gap;
        Some(Name {
            text: one.text.clone(),
            left: at,
            mark: one.is_mark.then_some(one.from),
        })
    });
    names.collect()
}

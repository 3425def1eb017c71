//! The README's table of schedules: a row for every curve.

use lr_schedule::curves::CURVES;

/// The row that those of new curves are written before.
const AFTER_CURVES: &str = "| `from_fn` |";

/// `readme` with a row for every curve that has none; other columns are filled in by hand.
pub fn with_all_curves(readme: &str) -> String {
    let mut rows = String::new();
    for curve in CURVES {
        let row = format!("| `{}`", curve.type_name);
        if !readme.lines().any(|line| line.starts_with(&row)) {
            rows.push_str(&format!("{row} | | | | | | |\n"));
        }
    }
    readme.replacen(AFTER_CURVES, &(rows + AFTER_CURVES), 1)
}

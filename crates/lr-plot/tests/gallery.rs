//! The pictures of `lr-schedule`'s documentation are those that the gallery draws now, and
//! everything there is has one.

#[path = "../examples/gallery/combinators.rs"]
mod combinators;
#[path = "../examples/gallery/curves.rs"]
mod curves;
#[path = "../examples/gallery/feedback.rs"]
mod feedback;
#[path = "../examples/gallery/picture.rs"]
mod picture;
#[path = "../examples/gallery/pictures.rs"]
mod pictures;
#[path = "../examples/gallery/readme.rs"]
mod readme;
#[path = "../examples/gallery/recipes.rs"]
mod recipes;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lr_schedule::{RuleSpec, Spec};

fn schedule() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../lr-schedule")
}

const AGAIN: &str = "draw it again with `cargo run -p lr-plot --example gallery`";

#[test]
fn the_pictures_are_what_the_gallery_draws() {
    let directory = schedule().join("pictures");
    let mut drawn = BTreeSet::new();
    for (name, svg) in pictures::all().unwrap() {
        let path = directory.join(format!("{name}.svg"));
        let there = fs::read_to_string(&path);
        let there = there.unwrap_or_else(|error| panic!("{}: {error}; {AGAIN}", path.display()));
        assert!(
            there == svg,
            "{} is another picture; {AGAIN}",
            path.display()
        );
        // They stand in the documentation of items, in Markdown.
        assert!(svg.len() < 15_000, "{name} is of {} bytes", svg.len());
        assert!(!svg.contains("\n\n"), "{name} has a blank line");
        assert!(drawn.insert(format!("{name}.svg")), "{name} is there twice");
    }
    for entry in fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(drawn.contains(&name), "{name} is no longer drawn");
    }
}

#[test]
fn everything_has_a_picture_and_shows_it() {
    let drawn: BTreeSet<_> = pictures::all()
        .unwrap()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let mut sources = String::new();
    for room in ["", "curves", "combine", "feedback"] {
        for entry in fs::read_dir(schedule().join("src").join(room)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                sources.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    // A schedule under a rule has the picture of the rule.
    let specs = Spec::NAMES.iter().filter(|name| **name != "feedback");
    for name in specs.chain(RuleSpec::NAMES).copied().chain(["from_fn"]) {
        assert!(drawn.contains(name), "{name} has no picture");
        // A table of a schedule shows the picture of its name, one of a config none.
        let table = format!(": \"{name}\"");
        let mut lines = sources.lines().map(str::trim_start);
        let in_table = lines.any(|line| {
            line.starts_with("pub struct ") && line.contains(&table) && !line.contains("Config:")
        });
        let shown = format!("pictures/{name}.svg\")");
        assert!(
            in_table || sources.contains(&shown),
            "{name} doesn't show its picture"
        );
    }
}

#[test]
fn every_curve_has_a_row_in_the_readme() {
    let path = schedule().join("../../README.md");
    let text = fs::read_to_string(path).unwrap();
    assert!(
        readme::with_all_curves(&text) == text,
        "a curve has no row in the README's table; {AGAIN}"
    );
}

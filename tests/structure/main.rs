//! Rules that the source of every crate follows.
//!
//! A module imports another where a path in it (in a `use`, an expression, a type or a macro) leads into
//! the other's file; `mod child;` alone is no import, but `use child::X` in the parent is one, and so
//! is `use super::X` in the child where the parent has `X` itself or re-exports it. Modules under
//! `#[cfg(test)]` are left out.

mod modules;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use modules::Modules;

/// The crates, and which of the others each may depend on.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    ("lr-schedule", &[]),
    ("lr-compat", &["lr-schedule"]),
    ("lr-torch", &["lr-schedule", "lr-compat"]),
    ("lr-plot", &["lr-schedule"]),
    ("lr-checkpoint", &["lr-schedule"]),
    (
        "burn-lr",
        &[
            "lr-schedule",
            "lr-compat",
            "lr-torch",
            "lr-plot",
            "lr-checkpoint",
            "burn",
        ],
    ),
    (
        "lr-cli",
        &[
            "lr-schedule",
            "lr-compat",
            "lr-torch",
            "lr-plot",
            "lr-checkpoint",
        ],
    ),
];

const MAX_LINES: usize = 400;

/// Words that no paragraph of a comment begins with.
const BEGINNINGS: [&str; 3] = ["That", "What", "Where"];

/// Words that no summary, which is the first paragraph of a doc comment, begins with: it begins with a noun or a verb.
const SUMMARY_BEGINNINGS: [&str; 20] = [
    "After", "As", "At", "Before", "Between", "By", "For", "From", "How", "In", "It", "Of", "On",
    "So", "There", "Those", "Which", "Whose", "With", "Without",
];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates")
}

/// The text of every file in a crate's `src/`, by its path from the directory of all crates.
fn sources(krate: &str) -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    let mut open = vec![format!("{krate}/src")];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(crates().join(&directory)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{directory}/{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                open.push(path);
            } else if path.ends_with(".rs") {
                sources.insert(path, fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    sources
}

/// The directories in `crates/`.
fn names() -> Vec<String> {
    let entries = fs::read_dir(crates()).unwrap().map(Result::unwrap);
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The name of the module that a file is.
fn module(path: &str) -> String {
    let path = path.trim_end_matches(".rs").replacen("/src/", "/", 1);
    let parts = path.split('/');
    let named = parts.filter(|part| !["lib", "main", "mod", ""].contains(part));
    named.collect::<Vec<_>>().join("::")
}

/// Fails with what `find` says of the files of each crate.
fn check(rule: &str, find: impl Fn(&BTreeMap<String, String>) -> Vec<String>) {
    let wrong = names().into_iter().flat_map(|krate| find(&sources(&krate)));
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{rule}:\n{}", wrong.join("\n"));
}

fn modules(sources: &BTreeMap<String, String>) -> Modules {
    Modules::read(
        sources
            .iter()
            .map(|(path, text)| (module(path), text.as_str())),
    )
}

#[test]
fn modules_import_each_other_in_no_circle() {
    check("circles of imports", |sources| modules(sources).circles());
}

#[test]
fn modules_import_from_where_an_item_is_and_not_from_the_crate_root() {
    check("imports through the crate root", |sources| {
        modules(sources).through_root()
    });
}

#[test]
fn files_are_short() {
    check("files that are too long", |sources| {
        let long = |(path, text): (&String, &String)| {
            let lines = text.lines().count();
            (lines > MAX_LINES).then(|| format!("{path}: {lines} lines, at most {MAX_LINES}"))
        };
        sources.iter().filter_map(long).collect()
    });
}

#[test]
fn comments_begin_with_a_noun_or_a_verb() {
    check("comments that begin with one of these words", |sources| {
        let of = |(path, text): (&String, &String)| {
            beginnings(text)
                .into_iter()
                .map(|(line, comment)| format!("{path}:{line}: {comment}"))
                .collect::<Vec<_>>()
        };
        sources.iter().flat_map(of).collect()
    });
}

/// The lines of paragraphs of comments that begin with one of the words.
fn beginnings(text: &str) -> Vec<(usize, &str)> {
    let mut goes_on = false;
    let mut in_comment = false;
    let mut found = Vec::new();
    for (line, code) in (1..).zip(text.lines()) {
        let code = code.trim();
        let whole = code.strip_prefix("//");
        let comment = match whole {
            Some(comment) => comment.trim_start_matches(['/', '!']).trim(),
            None => code.split_once(" // ").map_or("", |(_, comment)| comment),
        };
        let word = comment.split(|c: char| !c.is_alphanumeric()).next();
        let summary = !in_comment && (code.starts_with("///") || code.starts_with("//!"));
        let begins = word.is_some_and(|word| {
            BEGINNINGS.contains(&word) || summary && SUMMARY_BEGINNINGS.contains(&word)
        });
        if begins && !(goes_on && whole.is_some()) {
            found.push((line, code));
        }
        in_comment = whole.is_some();
        goes_on = in_comment && !comment.is_empty();
    }
    found
}

#[test]
fn crates_depend_only_on_those_above_them() {
    for krate in names() {
        let (_, allowed) = DEPENDENCIES
            .iter()
            .find(|(name, _)| *name == krate)
            .unwrap_or_else(|| panic!("{krate} has no place among the crates yet"));
        let manifest = fs::read_to_string(crates().join(&krate).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let dependencies = manifest["dependencies"].as_table().unwrap();
        let known: BTreeSet<&str> = DEPENDENCIES.iter().map(|(name, _)| *name).collect();
        let is_wrong = |name: &&String| {
            (known.contains(name.as_str()) || *name == "burn") && !allowed.contains(&name.as_str())
        };
        if let Some(dependency) = dependencies.keys().find(is_wrong) {
            panic!("{krate} depends on {dependency}, and may on {allowed:?}");
        }
    }
}

#[test]
fn a_circle_is_named_with_its_imports() {
    let files = [
        (
            "it",
            "pub mod a; mod b; mod c; pub use a::{A, Other as Own};",
        ),
        ("it::a", "use crate::b::B; pub struct A;"),
        (
            "it::b",
            "pub mod d; fn f() -> u8 { crate::c::f(&[super::c::C]) } struct B;",
        ),
        ("it::b::d", "use super::super::c::C;"),
        (
            "it::c",
            "#[cfg(test)] mod tests { use super::*; use crate::b::d::D; }
             fn f() { assert!(crate::Own::new().is_ok()); self::g() }
             m! { /// [\"b\"](crate::b::B)
                  struct C }",
        ),
    ];
    let modules = Modules::read(files);
    assert_eq!(
        modules.circles(),
        [
            "it::a -> it::b -> it::c -> it::a: it::a has crate::b::B, it::b has crate::c::f, \
             it::c has crate::Own::new"
        ]
    );
    assert_eq!(modules.through_root(), ["it::c has crate::Own::new"]);

    let parent = Modules::read([
        (
            "it",
            "mod a; #[cfg(all(test, loom))] mod tests; pub use a::A;",
        ),
        ("it::tests", "use crate::A; use crate::a::A;"),
        ("it::a", "mod b; use b::B; pub struct A;"),
        ("it::a::b", "use super::A; pub struct B;"),
    ]);
    assert_eq!(
        parent.circles(),
        ["it::a -> it::a::b -> it::a: it::a has b::B, it::a::b has super::A"]
    );
    assert!(parent.through_root().is_empty());
}

#[test]
fn the_beginning_of_a_comment_is_found_once_a_paragraph() {
    let text =
        "/// What it is.\n///\n/// Where it is,\n/// That goes on.\nfn f() {} // That one.\n";
    let lines: Vec<usize> = beginnings(text).iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 3, 5]);
    assert!(beginnings("// Whatever it is.\nlet a = \"What\";").is_empty());
    assert_eq!(beginnings("/// How many.\n").len(), 1);
    assert!(beginnings("/// A number.\n///\n/// How many.\n// With it.\n").is_empty());
}

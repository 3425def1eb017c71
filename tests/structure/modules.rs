//! The modules of a crate, one a file, and their imports, read from the source.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, Macro, Meta, UseTree};

/// The modules of a crate, called `krate::room::file`.
pub struct Modules {
    /// The modules that each imports, by the first of the paths that lead there.
    imports: BTreeMap<String, BTreeMap<String, String>>,
    /// The paths that lead to an item of the crate root.
    through_root: BTreeSet<String>,
}

impl Modules {
    /// Reads the modules, of which the shortest name is the crate root's.
    pub fn read<'a>(files: impl IntoIterator<Item = (impl Into<String>, &'a str)>) -> Self {
        let mut paths: BTreeMap<String, Paths> = files
            .into_iter()
            .map(|(module, text)| {
                let module = module.into();
                let file = syn::parse_file(text);
                let file = file.unwrap_or_else(|error| panic!("{module}: {error}"));
                let mut paths = Paths::default();
                paths.visit_file(&file);
                (module, paths)
            })
            .collect();
        let tests: Vec<String> = paths
            .iter()
            .flat_map(|(module, own)| {
                own.tests
                    .iter()
                    .map(move |name| format!("{module}::{name}"))
            })
            .collect();
        paths.retain(|module, _| !tests.contains(module));
        let root = paths.keys().next().map_or("", |first| {
            first
                .split_once("::")
                .map_or(first.as_str(), |(root, _)| root)
        });
        let target_of_name = |name: &str| {
            let path = paths.get(root)?.names.get(name)?;
            Some(resolve(&paths, root, root, path)?.0)
        };

        let (mut imports, mut through_root) = (BTreeMap::new(), BTreeSet::new());
        for (module, own) in &paths {
            let targets: &mut BTreeMap<_, _> = imports.entry(module.clone()).or_default();
            for path in &own.paths {
                let Some((mut target, rest)) = resolve(&paths, root, module, path) else {
                    continue;
                };
                if target == root && module != root {
                    through_root.insert(format!("{module} has {}", path.join("::")));
                    let name = rest.first().map_or("", String::as_str);
                    let Some(behind) = target_of_name(name) else {
                        continue;
                    };
                    target = behind;
                }
                if target != *module {
                    targets.entry(target).or_insert(path.join("::"));
                }
            }
        }
        Self {
            imports,
            through_root,
        }
    }

    /// The imports of an item through the crate root.
    pub fn through_root(&self) -> Vec<String> {
        self.through_root.iter().cloned().collect()
    }

    /// The circles of imports that have no shorter circle in them, with the paths that make them.
    pub fn circles(&self) -> Vec<String> {
        let mut found = BTreeSet::new();
        for (from, targets) in &self.imports {
            for to in targets.keys() {
                let Some(mut circle) = self.way(to, from) else {
                    continue;
                };
                let first = (0..circle.len()).min_by_key(|i| circle[*i]).unwrap_or(0);
                circle.rotate_left(first);
                found.insert((circle.len(), circle));
            }
        }
        let mut circles: Vec<Vec<&str>> = Vec::new();
        for (_, circle) in found {
            let within = |other: &Vec<&str>| other.iter().all(|module| circle.contains(module));
            if !circles.iter().any(within) {
                circles.push(circle);
            }
        }
        circles
            .iter()
            .map(|circle| self.described(circle))
            .collect()
    }

    /// The modules on the shortest way of imports.
    fn way<'a>(&'a self, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
        let mut seen = BTreeSet::from([from]);
        let mut open = VecDeque::from([vec![from]]);
        while let Some(way) = open.pop_front() {
            let last = *way.last()?;
            if last == to {
                return Some(way);
            }
            for next in self.imports.get(last)?.keys() {
                if seen.insert(next) {
                    open.push_back([way.as_slice(), &[next]].concat());
                }
            }
        }
        None
    }

    fn described(&self, circle: &[&str]) -> String {
        let next = circle.iter().cycle().skip(1);
        let paths = circle.iter().zip(next).map(|(from, to)| {
            let path = &self.imports[*from][*to];
            format!("{from} has {path}")
        });
        let paths: Vec<String> = paths.collect();
        format!(
            "{} -> {}: {}",
            circle.join(" -> "),
            circle[0],
            paths.join(", ")
        )
    }
}

/// The module that `path` in `module` leads to, and what is left of the path there; `None` for a path
/// into another crate or to something of the same file.
fn resolve<'p>(
    modules: &BTreeMap<String, Paths>,
    root: &str,
    module: &str,
    path: &'p [String],
) -> Option<(String, &'p [String])> {
    let mut rest = path;
    let mut at = match path.first()?.as_str() {
        "crate" => root.to_string(),
        "self" | "super" => module.to_string(),
        child if modules.contains_key(&format!("{module}::{child}")) => module.to_string(),
        _ => return None,
    };
    while let Some((segment, more)) = rest.split_first() {
        at = match segment.as_str() {
            "crate" | "self" => at,
            "super" => at.rsplit_once("::")?.0.to_string(),
            child => match format!("{at}::{child}") {
                child if modules.contains_key(&child) => child,
                _ => break,
            },
        };
        rest = more;
    }
    Some((at, rest))
}

/// The paths in a file, from the file's module on.
#[derive(Default)]
struct Paths {
    paths: Vec<Vec<String>>,
    /// The meaning of the names that `use` gives to the module.
    names: BTreeMap<String, Vec<String>>,
    /// The modules under `#[cfg(test)]` that are files.
    tests: Vec<String>,
    /// The number of modules within the file that are around.
    depth: usize,
}

impl Paths {
    /// A path without what leads from a module within the file to the file's.
    fn of_file(&self, mut path: Vec<String>) -> Vec<String> {
        for _ in 0..self.depth {
            match path.first().map(String::as_str) {
                Some("super") => path.remove(0),
                _ => break,
            };
        }
        path
    }

    fn tree(&mut self, tree: &UseTree, mut before: Vec<String>) {
        let (name, last) = match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                return self.tree(&path.tree, before);
            }
            UseTree::Group(group) => {
                return (group.items.iter()).for_each(|tree| self.tree(tree, before.clone()));
            }
            UseTree::Name(name) => (name.ident.to_string(), name.ident.to_string()),
            UseTree::Rename(renamed) => (renamed.rename.to_string(), renamed.ident.to_string()),
            _ => ("*".to_string(), "*".to_string()),
        };
        before.push(last);
        let path = self.of_file(before);
        if self.depth == 0 {
            self.names.insert(name, path.clone());
        }
        self.paths.push(path);
    }
}

fn only_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            condition == "test" || condition.starts_with("all (test ,")
        }
        _ => false,
    })
}

impl Visit<'_> for Paths {
    fn visit_item_mod(&mut self, module: &ItemMod) {
        let only_for_tests = only_for_tests(&module.attrs);
        if only_for_tests && module.content.is_none() {
            self.tests.push(module.ident.to_string());
        }
        if !only_for_tests {
            self.depth += 1;
            visit::visit_item_mod(self, module);
            self.depth -= 1;
        }
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        if !only_for_tests(&item.attrs) {
            self.tree(&item.tree, Vec::new());
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let segments = path.segments.iter();
        let segments: Vec<String> = segments.map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            let path = self.of_file(segments);
            self.paths.push(path);
        }
        visit::visit_path(self, path);
    }

    /// Takes what looks like a path from the tokens, which are no syntax yet. Comments are strings.
    fn visit_macro(&mut self, invoked: &Macro) {
        let tokens = without_strings(&invoked.tokens.to_string()).replace(" :: ", "::");
        let words = tokens.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
        for word in words.filter(|word| word.contains("::")) {
            let path = self.of_file(word.split("::").map(str::to_string).collect());
            self.paths.push(path);
        }
        visit::visit_macro(self, invoked);
    }
}

/// The tokens without the text in quotes.
fn without_strings(tokens: &str) -> String {
    let escaped = tokens
        .replace("'\"'", "")
        .replace("\\\\", "")
        .replace("\\\"", "");
    escaped.split('"').step_by(2).collect()
}

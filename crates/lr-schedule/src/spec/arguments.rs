//! The arguments of a command as data.

use std::collections::BTreeMap;

use crate::data::{Data, MAX_DEPTH, MAX_VALUES};

fn is_option(word: &str) -> bool {
    let name = word.strip_prefix("--").unwrap_or_default();
    name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Whether a text begins with a command and its options, or with these alone.
pub(super) fn is_command(first: &str) -> bool {
    let mut words = first.split_whitespace();
    let named =
        words.next().is_some_and(|word| word.ends_with([':', '='])) || words.next() == Some("=");
    let goes_on = first.ends_with(" \\") || first.ends_with("=(");
    !named && (goes_on || first.split_whitespace().any(is_option))
}

/// A table of options: of one that is given twice the later one, as in `argparse`. Words before the first
/// option are left out, and `-` in a name is `_`. An error is what is wrong.
pub(super) fn arguments(text: &str) -> Result<Data, String> {
    let mut words = Vec::new();
    split(text, true, &mut words)?;
    let mut options: Vec<(String, Vec<Data>)> = Vec::new();
    let mut places = BTreeMap::new();
    let mut variables = BTreeMap::new();
    let mut last: Option<usize> = None;
    for word in words {
        if !is_option(&word) {
            // The end of a command or of an array.
            let ends = [")", "|", "||", "&&", ";", ">", "2>&1"].contains(&word.as_str());
            last = last.filter(|_| !ends);
            match (last, assignment(&word)) {
                (Some(at), _) => options[at].1.push(scalar(valued(word, &variables))),
                (None, Some((name, value))) => {
                    let value = valued(value.to_string(), &variables);
                    variables.insert(name.to_string(), value);
                }
                (None, None) => {}
            }
            continue;
        }
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), None),
        };
        let name = name[2..].replace('-', "_");
        let at = *places.entry(name.clone()).or_insert(options.len());
        if at == options.len() {
            options.push((name, Vec::new()));
        }
        let value = value.map(|value| scalar(valued(value.to_string(), &variables)));
        options[at].1 = value.into_iter().collect();
        last = Some(at);
    }
    let mut table = Vec::new();
    for (name, mut values) in options {
        let value = match values.len() {
            0 => Data::Bool(true),
            1 => values.remove(0),
            _ => Data::List(values),
        };
        let depth = name.split('.').count();
        put(&mut table, &name, value, depth < MAX_DEPTH);
    }
    Ok(Data::Table(table))
}

/// The words of a script, and those of texts of options that it gives to variables.
fn split(text: &str, script: bool, into: &mut Vec<String>) -> Result<(), String> {
    let mut words = shlex::Shlex::new(text);
    // An empty one is the rest of a line that ends in `\\`.
    for word in words.by_ref().filter(|word| !word.is_empty()) {
        if into.len() >= MAX_VALUES {
            return Err(format!("must be at most {MAX_VALUES} words, got more"));
        }
        match assignment(&word) {
            Some((_, "(")) if script => into.push(")".to_string()),
            Some((_, inner))
                if script && inner.split_whitespace().next().is_some_and(is_option) =>
            {
                into.push(")".to_string());
                split(inner, false, into)?;
                into.push(")".to_string());
            }
            _ => into.push(word),
        }
    }
    match words.had_error {
        true => Err("a quotation has no end".to_string()),
        false => Ok(()),
    }
}

/// The name and the value of `NAME=value`.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (begins && name.chars().all(valid)).then_some((name, value))
}

/// A word, or if it is a variable, its value: of `${NAME:-value}` the one that is there.
fn valued(word: String, variables: &BTreeMap<String, String>) -> String {
    let Some(named) = word.strip_prefix('$') else {
        return word;
    };
    let inner = named.strip_prefix('{');
    let named = inner
        .and_then(|name| name.strip_suffix('}'))
        .unwrap_or(named);
    let (name, default) = match named.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (named, None),
    };
    let value = variables.get(name).map(String::as_str).or(default);
    value.map_or(word.clone(), str::to_string)
}

/// Puts an option into a table, or into those in it that its name has before a dot.
fn put(table: &mut Vec<(String, Data)>, name: &str, value: Data, nests: bool) {
    let Some((outer, inner)) = name.split_once('.').filter(|_| nests) else {
        table.push((name.to_string(), value));
        return;
    };
    match table.iter_mut().find(|(entry, _)| entry == outer) {
        Some((_, Data::Table(entries))) => put(entries, inner, value, nests),
        Some(_) => table.push((name.to_string(), value)),
        None => {
            let mut entries = Vec::new();
            put(&mut entries, inner, value, nests);
            table.push((outer.to_string(), Data::Table(entries)));
        }
    }
}

fn scalar(word: String) -> Data {
    match (word.parse::<i64>(), word.parse::<f64>()) {
        (Ok(integer), _) => Data::Integer(integer.into()),
        (_, Ok(number)) => Data::Number(number),
        _ => Data::Text(word),
    }
}

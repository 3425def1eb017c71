//! The formats of texts from outside.

use std::collections::BTreeMap;
use std::path::Path;

use crate::data::{Data, MAX_DEPTH, MAX_VALUES};

/// The format of a text that holds a spec or a config.
///
/// ```
/// use lr_schedule::spec::{Data, Format};
///
/// let text = "optimizer:\n  lr: 1e-3\n  betas: [0.9, 0.95]\n";
/// assert_eq!(Format::of(text), Format::Yaml);
/// let data = Format::Yaml.read(text)?;
/// assert_eq!(data.at("optimizer.lr"), Some(&Data::Number(0.001)));
///
/// let error = Format::Toml.read("lr = 1e-3\nlr = 2").unwrap_err();
/// assert_eq!((error.line, error.column), (2, 1));
/// # Ok::<(), lr_schedule::spec::FormatError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// TOML.
    Toml,
    /// YAML 1.2, with the booleans of 1.1. Anchors and merged tables are taken, tags are left out.
    Yaml,
    /// The arguments of a command: `--lr 0.1 --milestones 3 7 --nesterov`, in one line or in many, with the
    /// command before them or in an array of bash. An option such as `--optimizer.lr` is in a table `optimizer`.
    Arguments,
}

/// A text that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct FormatError {
    /// The line of the mistake, from 1 on.
    pub line: usize,
    /// The column there, from 1 on.
    pub column: usize,
    /// The mistake.
    pub problem: String,
}

impl Format {
    /// Gives the format that a file's name ends with: `json`, `toml`, `yaml` or `yml`.
    pub fn of_ending(ending: &str) -> Option<Self> {
        Some(match ending.to_ascii_lowercase().as_str() {
            "json" => Self::Json,
            "toml" => Self::Toml,
            "yaml" | "yml" => Self::Yaml,
            _ => return None,
        })
    }

    /// The format of a file's text: that of the [ending](Self::of_ending) of its name, or else what the text [looks
    /// like](Self::of).
    pub fn of_file(path: &Path, text: &str) -> Self {
        let ending = path.extension().and_then(|ending| ending.to_str());
        let format = ending.and_then(Self::of_ending);
        format.unwrap_or_else(|| Self::of(text))
    }

    /// Guesses the format of a text, by its first line that isn't empty or a comment.
    pub fn of(text: &str) -> Self {
        let mut lines = text.lines().map(str::trim_start);
        let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
        let first = first.unwrap_or_default();
        let is_key = |key: &str| {
            let of_key = |c: char| c.is_alphanumeric() || " _-.\"'".contains(c);
            !key.trim().is_empty() && key.chars().all(of_key)
        };
        if first.starts_with('{') {
            Self::Json
        } else if is_command(first) {
            Self::Arguments
        } else if first.starts_with('[') || first.split_once('=').is_some_and(|(k, _)| is_key(k)) {
            Self::Toml
        } else {
            Self::Yaml
        }
    }

    /// Reads a text as data.
    ///
    /// # Errors
    ///
    /// A text that is not of this format, that says a name twice, or that is larger than
    /// [`Data`] can be, aliases and merged tables counted where they are used.
    pub fn read(self, text: &str) -> Result<Data, FormatError> {
        match self {
            Self::Json => of_json(text),
            Self::Toml => toml::from_str(text).map_err(|error| {
                let at = error.span().map_or(0, |span| span.start);
                let before = text.get(..at).unwrap_or(text);
                let line = before.rsplit('\n').next().unwrap_or_default();
                FormatError {
                    line: before.matches('\n').count() + 1,
                    column: line.chars().count() + 1,
                    problem: error.message().to_string(),
                }
            }),
            Self::Yaml => of_yaml(text),
            Self::Arguments => arguments(text),
        }
    }
}

fn of_json(text: &str) -> Result<Data, FormatError> {
    serde_json::from_str(text).map_err(|error| {
        let problem = error.to_string();
        FormatError {
            line: error.line(),
            column: error.column(),
            problem: problem
                .split(" at line ")
                .next()
                .unwrap_or(&problem)
                .to_string(),
        }
    })
}

fn of_yaml(text: &str) -> Result<Data, FormatError> {
    let options = serde_saphyr::options! {
        // Dumps of Python have one anchor and many aliases; `Data` bounds what they come to.
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            enforce_alias_anchor_ratio: false,
        },
        with_snippet: false,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::PassThrough,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let at = error.location();
        let place = |of: Option<u64>| of.and_then(|of| usize::try_from(of).ok()).unwrap_or(1);
        // Its own text has the place at its end.
        let problem = error.render_with_formatter(&serde_saphyr::UserMessageFormatter);
        let problem = [" at line ", " (defined"]
            .iter()
            .fold(problem.as_str(), |text, end| {
                text.split(end).next().unwrap_or(text)
            });
        FormatError {
            line: place(at.map(|at| at.line())),
            column: place(at.map(|at| at.column())),
            problem: problem.to_string(),
        }
    })
}

fn is_option(word: &str) -> bool {
    let name = word.strip_prefix("--").unwrap_or_default();
    name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Whether a text begins with a command and its options, or with these alone.
fn is_command(first: &str) -> bool {
    let mut words = first.split_whitespace();
    let named =
        words.next().is_some_and(|word| word.ends_with([':', '='])) || words.next() == Some("=");
    let goes_on = first.ends_with(" \\") || first.ends_with("=(");
    !named && (goes_on || first.split_whitespace().any(is_option))
}

/// A table of options: of one that is given twice the later one, as in `argparse`. Words before the first
/// option are left out, and `-` in a name is `_`.
fn arguments(text: &str) -> Result<Data, FormatError> {
    let wrong = |problem: String| FormatError {
        line: 1,
        column: 1,
        problem,
    };
    let mut options: Vec<(String, Vec<Data>)> = Vec::new();
    let mut places = BTreeMap::new();
    let mut last: Option<usize> = None;
    // An empty one is the rest of a line that ends in `\\`.
    let mut words = shlex::Shlex::new(text);
    let own = |word: &String| !word.is_empty() && word != ")" && !word.ends_with("=(");
    for (count, word) in words.by_ref().filter(own).enumerate() {
        if count >= MAX_VALUES {
            return Err(wrong(format!(
                "must be at most {MAX_VALUES} words, got more"
            )));
        }
        if !is_option(&word) {
            if let Some(at) = last {
                options[at].1.push(scalar(word));
            }
            continue;
        }
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(scalar(value.to_string()))),
            None => (word.as_str(), None),
        };
        let name = name[2..].replace('-', "_");
        let at = *places.entry(name.clone()).or_insert(options.len());
        if at == options.len() {
            options.push((name, Vec::new()));
        }
        options[at].1 = value.into_iter().collect();
        last = Some(at);
    }
    if words.had_error {
        return Err(wrong("a quotation has no end".to_string()));
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

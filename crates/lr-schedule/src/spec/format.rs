//! The formats of texts from outside.

use std::path::Path;

use super::arguments::{arguments, is_command};
use crate::data::{Data, MAX_DEPTH};

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
    /// command before them or in a script's arrays and texts, whose plain variables are put in. An option such as
    /// `--optimizer.lr` is in a table `optimizer`.
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
    /// Gives the format that a file's name ends with: `json`, `toml`, `yaml`, `yml`, or of a script `sh`.
    pub fn of_ending(ending: &str) -> Option<Self> {
        Some(match ending.to_ascii_lowercase().as_str() {
            "json" => Self::Json,
            "toml" => Self::Toml,
            "yaml" | "yml" => Self::Yaml,
            "sh" => Self::Arguments,
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
            Self::Arguments => arguments(text).map_err(|problem| FormatError {
                line: 1,
                column: 1,
                problem,
            }),
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

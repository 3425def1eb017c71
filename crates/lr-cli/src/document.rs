//! Texts from outside, as data.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use lr_schedule::spec::Data;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// No config is longer than this.
const MOST_BYTES: u64 = 64 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Toml,
}

/// A text of JSON or TOML, and where it came from.
pub struct Document {
    pub origin: String,
    text: String,
    format: Format,
}

impl Document {
    /// Of a file, or of standard input where it is called `-`.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let standard = path.as_os_str() == "-";
        let origin = match standard {
            true => "standard input".to_string(),
            false => path.display().to_string(),
        };
        let bytes = match standard {
            true => bounded(io::stdin().lock()),
            false => File::open(path).and_then(bounded),
        };
        let bytes = bytes.map_err(|error| Failure::Read {
            origin: origin.clone(),
            error,
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Failure::input(&origin, format!("is no text: byte {at} is not UTF-8"))
        })?;
        let format = match path.extension().and_then(|ending| ending.to_str()) {
            Some(ending) if ending.eq_ignore_ascii_case("json") => Format::Json,
            Some(ending) if ending.eq_ignore_ascii_case("toml") => Format::Toml,
            _ => format_of(&text),
        };
        Ok(Self {
            origin,
            text,
            format,
        })
    }

    /// Of the command line.
    pub fn expression(text: &str, origin: String) -> Self {
        Self {
            origin,
            text: text.to_string(),
            format: format_of(text),
        }
    }

    pub fn data(&self) -> Result<Data, Failure> {
        self.parse()
    }

    /// The data in the text, or an error with its place there.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        match self.format {
            Format::Json => serde_json::from_str(&self.text).map_err(|error| {
                let (line, column) = (error.line(), error.column());
                let text = error.to_string();
                let what = text.split(" at line ").next().unwrap_or(&text);
                self.wrong(line, column, what)
            }),
            Format::Toml => toml::from_str(&self.text).map_err(|error| {
                let at = error.span().map_or(0, |span| span.start);
                let before = self.text.get(..at).unwrap_or(&self.text);
                let line = before.matches('\n').count() + 1;
                let column = before
                    .chars()
                    .rev()
                    .take_while(|letter| *letter != '\n')
                    .count()
                    + 1;
                self.wrong(line, column, error.message())
            }),
        }
    }

    fn wrong(&self, line: usize, column: usize, what: &str) -> Failure {
        Failure::input(&format!("{}:{line}:{column}", self.origin), what)
    }

    /// The text as a file of parity cases, if it is one.
    pub fn cases<T: for<'de> Deserialize<'de>>(&self) -> Option<Result<T, Failure>> {
        if self.format != Format::Json || !self.text.contains("\"cases\"") {
            return None;
        }
        let value: serde_json::Value = serde_json::from_str(&self.text).ok()?;
        value.get("cases")?.as_array()?;
        Some(
            serde_json::from_value(value)
                .map_err(|error| Failure::input(&self.origin, error.to_string())),
        )
    }
}

fn bounded(mut reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader
        .by_ref()
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MOST_BYTES {
        false => Ok(bytes),
        true => Err(io::Error::other(format!(
            "it has more than {MOST_BYTES} bytes"
        ))),
    }
}

fn format_of(text: &str) -> Format {
    match text.trim_start().starts_with('{') {
        true => Format::Json,
        false => Format::Toml,
    }
}

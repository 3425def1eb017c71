//! Texts from outside, as data.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use lr_schedule::spec::{Data, Format};
use serde_json::{Map, Value};

use crate::failure::Failure;

/// No config is longer than this.
const MOST_BYTES: u64 = 64 << 20;

/// No config is made of more files.
const MOST_FILES: usize = 32;

/// A text in one of the formats, and where it came from.
pub struct Document {
    pub origin: String,
    /// The folder of its file.
    folder: Option<PathBuf>,
    text: String,
    format: Format,
}

impl Document {
    /// Reads a file, or standard input where it is called `-`.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let standard = path.as_os_str() == "-";
        let (origin, bytes) = match standard {
            true => ("standard input".to_string(), bounded(io::stdin().lock())),
            false => (
                path.display().to_string(),
                File::open(path).and_then(bounded),
            ),
        };
        let bytes = bytes.map_err(Failure::read(&origin))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Failure::input(&origin, format!("is no text: byte {at} is not UTF-8"))
        })?;
        let format = Format::of_file(path, &text);
        // `.` in front, so that a base called `-` is a file.
        let folder = path.parent().filter(|_| !standard);
        let folder = folder.map(|folder| Path::new(".").join(folder));
        Ok(Self {
            origin,
            folder,
            text,
            format,
        })
    }

    /// An expression of the command line.
    pub fn expression(text: &str, origin: String) -> Self {
        Self {
            origin,
            folder: None,
            text: text.to_string(),
            format: Format::of(text),
        }
    }

    /// The data in the text, over that of the files that its `_BASE_` names, or an error with its place there.
    pub fn data(&self) -> Result<Data, Failure> {
        self.over_bases(&mut 0)
    }

    fn over_bases(&self, files: &mut usize) -> Result<Data, Failure> {
        let mut data = self.format.read(&self.text).map_err(|error| {
            let place = format!("{}:{}:{}", self.origin, error.line, error.column);
            Failure::input(place, error.problem)
        })?;
        let (Data::Table(entries), Some(folder)) = (&mut data, &self.folder) else {
            return Ok(data);
        };
        let Some(at) = entries.iter().position(|(name, _)| name == "_BASE_") else {
            return Ok(data);
        };
        let bases = match entries.remove(at).1 {
            Data::List(bases) => bases,
            base => vec![base],
        };
        let mut merged = Data::Table(Vec::new());
        for base in bases {
            let Data::Text(base) = base else {
                let problem = format!("_BASE_: must be the name of a file, got {base}");
                return Err(Failure::input(&self.origin, problem));
            };
            *files += 1;
            if *files > MOST_FILES {
                let problem = format!("_BASE_: leads to more than {MOST_FILES} files");
                return Err(Failure::input(&self.origin, problem));
            }
            let base = Self::read(&folder.join(base))?.over_bases(files)?;
            merge(base, &mut merged);
        }
        merge(data, &mut merged);
        Ok(merged)
    }

    /// The text as a table of JSON, or an error with its place there.
    pub fn json(&self) -> Result<Map<String, Value>, Failure> {
        serde_json::from_str(&self.text).map_err(|error| {
            let place = format!("{}:{}:{}", self.origin, error.line(), error.column());
            let text = error.to_string();
            Failure::input(place, text.split(" at line ").next().unwrap_or(&text))
        })
    }

    /// The text as a file of parity cases, if it is one.
    pub fn cases(&self) -> Option<Map<String, Value>> {
        if self.format != Format::Json || !self.text.contains("\"cases\"") {
            return None;
        }
        let table = self.json().ok()?;
        table.get("cases")?.is_array().then_some(table)
    }
}

/// Puts data over other data: tables entry by entry, anything else in the other's place.
fn merge(over: Data, into: &mut Data) {
    match (over, into) {
        (Data::Table(over), Data::Table(into)) => {
            for (name, value) in over {
                match into.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => merge(value, known),
                    None => into.push((name, value)),
                }
            }
        }
        (over, into) => *into = over,
    }
}

fn bounded(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MOST_BYTES {
        false => Ok(bytes),
        true => Err(io::Error::other(format!(
            "it has more than {MOST_BYTES} bytes"
        ))),
    }
}

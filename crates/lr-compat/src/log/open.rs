use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::burn;
use super::events::Events;
use super::names::Names;
use super::objects::{Objects, first_line};
use super::row::{LogError, Row, Rows, Stream};
use super::table::Table;

/// The program that wrote a log, or the format in which it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// `trainer_state.json` of transformers' `Trainer`.
    Trainer,
    /// Prints of a Python program: dictionaries, one a line.
    Console,
    /// One JSON text.
    Json,
    /// JSON lines.
    JsonLines,
    /// A table of text, separated by commas, semicolons, tabs or spaces.
    Csv,
    /// Lightning's `metrics.csv`.
    Lightning,
    /// Event files of TensorBoard.
    TensorBoard,
    /// An experiment directory of burn-train.
    Burn,
}

impl Format {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trainer => "hf",
            Self::Console => "hf-console",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
            Self::Lightning => "lightning",
            Self::TensorBoard => "tensorboard",
            Self::Burn => "burn",
        }
    }

    /// Whether its steps are counted from 1, as transformers' are; `None` where that is the program's.
    pub(super) fn counts_from_1(self) -> Option<bool> {
        match self {
            Self::Trainer | Self::Console => Some(true),
            Self::Lightning | Self::Burn => Some(false),
            _ => None,
        }
    }
}

/// A log of a training: files, and the column that has the rates.
///
/// ```no_run
/// use lr_compat::log::Log;
///
/// let log = Log::open("runs/metrics.csv".as_ref(), None)?;
/// for row in log.rows()? {
///     let row = row?;
///     println!("{:?}: {}", row.step, row.rate);
/// }
/// # Ok::<(), lr_compat::log::LogError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Log {
    files: Vec<PathBuf>,
    format: Format,
    names: Names,
}

/// The start of a file, by which its format is told.
const START: usize = 1 << 16;

impl Log {
    /// Finds out the format of a file or a directory, and its column of rates: the first one that is named as
    /// one (`lr`, `train/learning_rate`, `lr-Adam`), or `column`.
    ///
    /// A directory may be burn-train's, a `Trainer`'s (its last checkpoint then), or one with event files or a
    /// `metrics.csv`.
    ///
    /// # Errors
    ///
    /// A path that can't be read, or in which there are no rates.
    pub fn open(path: &Path, column: Option<&str>) -> Result<Self, LogError> {
        let log = match path.is_dir() {
            true => Self::directory(path, column)?,
            false => Self::file(path, column)?,
        };
        if log.rows()?.next().transpose()?.is_none() {
            let problem = match column {
                Some(column) => format!("has no numbers that are called {column:?}"),
                None => "has no learning rates; name their column".to_string(),
            };
            return Err(LogError::unknown(path, problem));
        }
        Ok(log)
    }

    fn of(files: Vec<PathBuf>, format: Format, column: Option<&str>) -> Self {
        let names = Names::of(column);
        Self {
            files,
            format,
            names,
        }
    }

    fn directory(path: &Path, column: Option<&str>) -> Result<Self, LogError> {
        let epochs = burn::epochs(path, column.unwrap_or("Learning Rate"))?;
        if !epochs.is_empty() {
            return Ok(Self::of(epochs, Format::Burn, column));
        }
        let read = |error| LogError::read(path, error);
        let mut entries = Vec::new();
        for entry in fs::read_dir(path).map_err(read)? {
            entries.push(entry.map_err(read)?.path());
        }
        entries.sort();
        let name = |path: &PathBuf| path.file_name()?.to_str().map(str::to_string);
        let mut states: Vec<(u64, PathBuf)> = Vec::new();
        let mut events = Vec::new();
        for entry in &entries {
            let Some(name) = name(entry) else { continue };
            if let Some(step) = name.strip_prefix("checkpoint-")
                && let (Ok(step), state) = (step.parse(), entry.join("trainer_state.json"))
                && state.is_file()
            {
                states.push((step, state));
            }
            if name.contains("tfevents") && entry.is_file() {
                events.push(entry.clone());
            }
        }
        if let Some(file) = ["trainer_state.json", "metrics.csv", "trainer_log.jsonl"]
            .iter()
            .map(|name| path.join(name))
            .find(|file| file.is_file())
        {
            return Self::file(&file, column);
        }
        if let Some((_, state)) = states.into_iter().max() {
            return Self::file(&state, column);
        }
        if !events.is_empty() {
            return Ok(Self::of(events, Format::TensorBoard, column));
        }
        let problem = "is a directory without a log that is known: give the file";
        Err(LogError::unknown(path, problem))
    }

    fn file(path: &Path, column: Option<&str>) -> Result<Self, LogError> {
        let mut reader = reader(path)?;
        let start = reader
            .fill_buf()
            .map_err(|error| LogError::read(path, error))?;
        let format = format_of(path, start);
        Ok(Self::of(vec![path.to_path_buf()], format, column))
    }

    /// The format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The files that are read, in their order.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The rates, as they are read.
    ///
    /// # Errors
    ///
    /// A file that can't be read.
    pub fn rows(&self) -> Result<impl Iterator<Item = Result<Row, LogError>> + use<>, LogError> {
        let mut rows: Rows = Box::new(std::iter::empty());
        for path in &self.files {
            let next = self.rows_of(path)?;
            rows = Box::new(rows.chain(next));
        }
        Ok(rows)
    }

    /// The number of steps that a `Trainer`'s state says the run has; `None` where it says none.
    ///
    /// # Errors
    ///
    /// A log that can't be read.
    pub fn max_steps(&self) -> Result<Option<u64>, LogError> {
        let path = self.files[0].clone();
        let objects = Objects::new(path.clone(), reader(&path)?, self.names.clone(), false);
        let mut rows = Stream::new(objects);
        rows.find_map(Result::err).map_or(Ok(()), Err)?;
        Ok(rows.source.max_steps)
    }

    fn rows_of(&self, path: &Path) -> Result<Rows, LogError> {
        let mut from = reader(path)?;
        let start = from
            .fill_buf()
            .map_err(|error| LogError::read(path, error))?;
        let path = path.to_path_buf();
        Ok(match self.format {
            Format::TensorBoard => {
                Box::new(Stream::new(Events::new(path, from, self.names.clone())))
            }
            Format::Burn => {
                let line = 0;
                Box::new(Stream::new(burn::Epoch { path, from, line }))
            }
            Format::Csv | Format::Lightning => {
                let line = first_line(start).to_vec();
                let mut table = Table::new(path.clone(), from, &line);
                if !table.begin(&mut self.names.clone())? {
                    return Ok(Box::new(std::iter::empty()));
                }
                if Table::<BufReader<File>>::has_no_names(&line) {
                    // The first row is one of the log: read it again, as one.
                    table = table.again(reader(&path)?);
                }
                Box::new(Stream::new(table))
            }
            _ => {
                let lines = !Objects::<BufReader<File>>::is_document(start);
                let objects = Objects::new(path, from, self.names.clone(), lines);
                Box::new(Stream::new(objects))
            }
        })
    }
}

fn reader(path: &Path) -> Result<BufReader<File>, LogError> {
    let file = File::open(path).map_err(|error| LogError::read(path, error))?;
    Ok(BufReader::with_capacity(START, file))
}

fn format_of(path: &Path, start: &[u8]) -> Format {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let has = |text: &str| {
        start
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    let begins = start.get(8 + 4..).unwrap_or_default();
    let begins = &begins[..begins.len().min(64)];
    let version = b"brain.Event";
    if name.contains("tfevents") || begins.windows(version.len()).any(|part| part == version) {
        return Format::TensorBoard;
    }
    let first = start.trim_ascii_start().first();
    let of_objects = first.is_some_and(|first| matches!(first, b'{' | b'['));
    match () {
        () if of_objects && (has("\"log_history\"") || name == "trainer_state.json") => {
            Format::Trainer
        }
        () if has("{'") => Format::Console,
        () if of_objects && Objects::<BufReader<File>>::is_document(start) => Format::Json,
        () if of_objects || has("{\"") => Format::JsonLines,
        () if name == "metrics.csv" => Format::Lightning,
        () => Format::Csv,
    }
}

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::burn::Epoch;
use super::events::Events;
use super::names::Names;
use super::objects::{Objects, is_document};
use super::row::{LogError, Row, Rows, rows};
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
            return Err(LogError::invalid(path.display(), problem));
        }
        Ok(log)
    }

    fn directory(path: &Path, column: Option<&str>) -> Result<Self, LogError> {
        let metric = column.unwrap_or("Learning Rate").replace(' ', "_");
        let epochs = numbered(&path.join("train"), "epoch-", &format!("{metric}.log"))?;
        if !epochs.is_empty() {
            return Ok(Self::of(epochs, Format::Burn, column));
        }
        let known = ["trainer_state.json", "metrics.csv", "trainer_log.jsonl"];
        let mut known = known.into_iter().map(|name| path.join(name));
        if let Some(file) = known.find(|file| file.is_file()) {
            return Self::file(&file, column);
        }
        if let Some(state) = numbered(path, "checkpoint-", "trainer_state.json")?.last() {
            return Self::file(state, column);
        }
        let events = entries(path)?.into_iter();
        let events = events.filter(|(name, file)| name.contains("tfevents") && file.is_file());
        let events: Vec<PathBuf> = events.map(|(_, file)| file).collect();
        if !events.is_empty() {
            return Ok(Self::of(events, Format::TensorBoard, column));
        }
        let problem = "is a directory without a log that is known: give the file";
        Err(LogError::invalid(path.display(), problem))
    }

    fn of(files: Vec<PathBuf>, format: Format, column: Option<&str>) -> Self {
        let rate = column.map(str::to_string);
        Self {
            files,
            format,
            names: Names { rate },
        }
    }

    fn file(path: &Path, column: Option<&str>) -> Result<Self, LogError> {
        let format = format_of(path, reader(path)?.buffer());
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
        let files = self.files.iter().map(|path| self.rows_of(path));
        let files: Vec<Rows> = files.collect::<Result<_, _>>()?;
        // An error is the last thing that is read.
        let all = files.into_iter().flatten().scan(false, |failed, row| {
            let before = std::mem::replace(failed, row.is_err());
            (!before).then_some(row)
        });
        Ok(all)
    }

    /// The number of steps that a `Trainer`'s state says the run has; `None` where it says none.
    ///
    /// # Errors
    ///
    /// A log that can't be read.
    pub fn max_steps(&self) -> Result<Option<u64>, LogError> {
        let path = self.files[0].clone();
        let mut objects = Objects::new(path.clone(), reader(&path)?, self.names.clone(), false);
        while objects.row()?.is_some() {}
        Ok(objects.max_steps)
    }

    fn rows_of(&self, path: &Path) -> Result<Rows, LogError> {
        let from = reader(path)?;
        let (path, names) = (path.to_path_buf(), self.names.clone());
        Ok(match self.format {
            Format::TensorBoard => {
                let mut events = Events::new(path, from, names);
                rows(move || events.row())
            }
            Format::Burn => {
                let line = 0;
                let mut epoch = Epoch { path, from, line };
                rows(move || epoch.row())
            }
            Format::Csv | Format::Lightning => {
                let mut table = Table::new(path, from, names);
                rows(move || table.row())
            }
            _ => {
                let lines = !is_document(from.buffer());
                let mut objects = Objects::new(path, from, names, lines);
                rows(move || objects.row())
            }
        })
    }
}

/// A file whose start is in the buffer.
fn reader(path: &Path) -> Result<BufReader<File>, LogError> {
    let open = || {
        let mut reader = BufReader::with_capacity(START, File::open(path)?);
        reader.fill_buf()?;
        Ok(reader)
    };
    open().map_err(|error| LogError::read(path, error))
}

/// The names in a directory, and their paths, in order.
fn entries(directory: &Path) -> Result<Vec<(String, PathBuf)>, LogError> {
    let read = |error| LogError::read(directory, error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory).map_err(read)? {
        let entry = entry.map_err(read)?;
        let name = entry.file_name().into_string().ok();
        entries.extend(name.map(|name| (name, entry.path())));
    }
    entries.sort();
    Ok(entries)
}

/// The files of a name in the directories of a directory that are numbered behind a prefix, in their order; none
/// where there is no directory.
fn numbered(directory: &Path, prefix: &str, file: &str) -> Result<Vec<PathBuf>, LogError> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let entries = entries(directory)?.into_iter();
    let files = entries.filter_map(|(name, path)| {
        let number: u64 = name.strip_prefix(prefix)?.parse().ok()?;
        let file = path.join(file);
        file.is_file().then_some((number, file))
    });
    let mut files: Vec<(u64, PathBuf)> = files.collect();
    files.sort();
    Ok(files.into_iter().map(|(_, file)| file).collect())
}

fn format_of(path: &Path, start: &[u8]) -> Format {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let within = |bytes: &[u8], text: &str| {
        let mut parts = bytes.windows(text.len());
        parts.any(|part| part == text.as_bytes())
    };
    let has = |text| within(start, text);
    let first = start.trim_ascii_start().first();
    let of_objects = first.is_some_and(|first| matches!(first, b'{' | b'['));
    let begins = &start[..start.len().min(80)];
    match () {
        () if name.contains("tfevents") || within(begins, "brain.Event") => Format::TensorBoard,
        () if of_objects && (has("\"log_history\"") || name == "trainer_state.json") => {
            Format::Trainer
        }
        () if has("{'") => Format::Console,
        () if of_objects && is_document(start) => Format::Json,
        () if of_objects || has("{\"") => Format::JsonLines,
        () if name == "metrics.csv" => Format::Lightning,
        () => Format::Csv,
    }
}

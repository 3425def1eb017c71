//! Tables of text: CSV and its like, also Lightning's `metrics.csv`.

use std::collections::VecDeque;
use std::io::BufRead;
use std::path::PathBuf;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::names::{Names, step_rank};
use super::number;
use super::row::{LogError, Row, Source};

/// No row of a table is longer, or has more columns.
const MOST_BYTES: usize = 1 << 20;
const MOST_COLUMNS: usize = 1 << 14;

/// The rates of a table, as a stream. It is read by `csv-core`, whose buffers have an end: a quote that is
/// never closed is an error here, and no file in memory.
pub(super) struct Table<R> {
    path: PathBuf,
    separator: u8,
    from: R,
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    columns: Option<Columns>,
}

#[derive(Clone, Copy)]
struct Columns {
    step: Option<usize>,
    rate: usize,
}

/// The separator of columns: the commonest one of the first line, a space where there is no other.
fn separator(line: &[u8]) -> u8 {
    let count = |separator: &u8| line.iter().filter(|byte| *byte == separator).count();
    let best = [b';', b'\t', b','].into_iter().max_by_key(count);
    let tried = best.into_iter().chain([b' ']);
    let mut found = tried.filter(|separator| count(separator) > 0);
    found.next().unwrap_or(b',')
}

impl<R: BufRead> Table<R> {
    pub fn new(path: PathBuf, from: R, first_line: &[u8]) -> Self {
        let separator = separator(first_line);
        Self {
            separator,
            path,
            from,
            reader: ReaderBuilder::new().delimiter(separator).build(),
            text: vec![0; 1 << 12],
            ends: vec![0; 1 << 6],
            columns: None,
        }
    }

    /// The number of columns of the next row; `None` at the end.
    fn record(&mut self) -> Result<Option<usize>, LogError> {
        let (mut bytes, mut count) = (0, 0);
        loop {
            let input = self.from.fill_buf();
            let input = input.map_err(|error| LogError::read(&self.path, error))?;
            let (result, read, written, ended) =
                self.reader
                    .read_record(input, &mut self.text[bytes..], &mut self.ends[count..]);
            self.from.consume(read);
            bytes += written;
            count += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record => return Ok(Some(count)),
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::OutputFull if bytes < MOST_BYTES => {
                    self.text.resize(self.text.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull if count < MOST_COLUMNS => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    let problem = format!(
                        "a row must have at most {MOST_BYTES} bytes and {MOST_COLUMNS} columns"
                    );
                    return Err(LogError::line(&self.path, self.reader.line(), problem));
                }
            }
        }
    }

    /// A column of the row that was read last; empty where the row is shorter.
    fn cell(&self, count: usize, column: usize) -> &str {
        if column >= count {
            return "";
        }
        let begin = column.checked_sub(1).map_or(0, |before| self.ends[before]);
        let cell = self.text.get(begin..self.ends[column]).unwrap_or_default();
        std::str::from_utf8(cell).unwrap_or("?").trim()
    }

    /// The columns that the first row names, or of a table of numbers alone the first two.
    fn columns(&self, count: usize, names: &mut Names) -> Option<Columns> {
        let cells: Vec<&str> = (0..count).map(|column| self.cell(count, column)).collect();
        if names.rate.is_none() && cells.iter().all(|cell| number::parse(cell).is_some()) {
            let (step, rate) = if count > 1 { (Some(0), 1) } else { (None, 0) };
            return (count > 0).then_some(Columns { step, rate });
        }
        let ranks = cells.iter().enumerate();
        let ranks = ranks.filter_map(|(column, name)| Some((step_rank(name)?, column)));
        let step = ranks.min().map(|(_, column)| column);
        let rate = cells.iter().position(|name| names.is_rate(name))?;
        Some(Columns { step, rate })
    }

    /// Reads the names of the columns; none where no column is one of rates.
    pub fn begin(&mut self, names: &mut Names) -> Result<bool, LogError> {
        let Some(count) = self.record()? else {
            return Ok(false);
        };
        self.columns = self.columns(count, names);
        Ok(self.columns.is_some())
    }

    /// Whether the first row is one of numbers, and so a row of the log.
    pub fn has_no_names(first_line: &[u8]) -> bool {
        let line = String::from_utf8_lossy(first_line);
        let separator = char::from(separator(first_line));
        let mut cells = line.trim().split(separator);
        cells.all(|cell| number::parse(cell).is_some())
    }

    /// The table from its beginning, where `from` begins again.
    pub fn again(self, from: R) -> Self {
        let first_line = [self.separator];
        Self {
            columns: self.columns,
            ..Self::new(self.path, from, &first_line)
        }
    }

    fn row(&self, count: usize, columns: Columns) -> Result<Option<Row>, LogError> {
        let cell = self.cell(count, columns.rate);
        if cell.is_empty() || cell.eq_ignore_ascii_case("none") || cell == "null" {
            return Ok(None); // a row of something else
        }
        let wrong = |what: &str, cell: &str, allowed: &str| {
            let cell: String = cell.chars().take(40).collect();
            let problem = format!("{what}: must be {allowed}, got {cell:?}");
            LogError::line(&self.path, self.reader.line().saturating_sub(1), problem)
        };
        let rate = number::parse(cell);
        let rate = rate.ok_or_else(|| wrong("the rate", cell, "a number"))?;
        let step = match columns.step.map(|column| self.cell(count, column)) {
            None => None,
            Some(cell) => {
                let step = number::count(cell);
                Some(step.ok_or_else(|| wrong("the step", cell, "a whole number"))?)
            }
        };
        Ok(Some(Row::new(step, rate)))
    }
}

impl<R: BufRead> Source for Table<R> {
    fn read(&mut self, rows: &mut VecDeque<Row>) -> Result<bool, LogError> {
        let (Some(columns), Some(count)) = (self.columns, self.record()?) else {
            return Ok(false);
        };
        rows.extend(self.row(count, columns)?);
        Ok(true)
    }
}

//! Tables of text: CSV and its like, also Lightning's `metrics.csv`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::names::{Names, step_rank};
use super::number;
use super::row::{LogError, Row};

/// No row of a table is longer, or has more columns.
const MOST_BYTES: usize = 1 << 20;
const MOST_COLUMNS: usize = 1 << 14;

/// The rates of a table, as a stream. It is read by `csv-core`, whose buffers have an end: a quote that is
/// never closed is an error here, and no file in memory.
pub(super) struct Table {
    path: PathBuf,
    from: BufReader<File>,
    names: Names,
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
fn separator(start: &[u8]) -> u8 {
    let mut lines = start.split(|byte| *byte == b'\n');
    let line = lines.next().unwrap_or_default();
    let count = |separator: &u8| line.iter().filter(|byte| *byte == separator).count();
    let best = [b';', b'\t', b','].into_iter().max_by_key(count);
    let tried = best.into_iter().chain([b' ']);
    let mut found = tried.filter(|separator| count(separator) > 0);
    found.next().unwrap_or(b',')
}

impl Table {
    pub fn new(path: PathBuf, from: BufReader<File>, names: Names) -> Self {
        let separator = separator(from.buffer());
        Self {
            path,
            from,
            names,
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

    /// The columns that the first row names, and whether it is one of numbers, and so a row of the log: of a table
    /// of numbers alone, the columns are the first two.
    fn columns(&self, count: usize) -> Option<(Columns, bool)> {
        let mut names = self.names.clone();
        let cells: Vec<&str> = (0..count).map(|column| self.cell(count, column)).collect();
        let is_row = cells.iter().all(|cell| number::parse(cell).is_some());
        if is_row && names.rate.is_none() {
            let (step, rate) = if count > 1 { (Some(0), 1) } else { (None, 0) };
            return Some((Columns { step, rate }, true));
        }
        let ranks = cells.iter().enumerate();
        let ranks = ranks.filter_map(|(column, name)| Some((step_rank(name)?, column)));
        let step = ranks.min().map(|(_, column)| column);
        let rate = cells.iter().position(|name| names.is_rate(name))?;
        Some((Columns { step, rate }, is_row))
    }

    fn values(&self, count: usize, columns: Columns) -> Result<Option<Row>, String> {
        let Some(rate) = number::rate("the rate", self.cell(count, columns.rate))? else {
            return Ok(None); // a row of something else
        };
        let step = columns.step.map(|column| {
            let cell = self.cell(count, column);
            number::count(cell).ok_or_else(|| number::wrong("the step", "a whole number", cell))
        });
        Ok(Some(Row::new(step.transpose()?, rate)))
    }

    pub fn row(&mut self) -> Result<Option<Row>, LogError> {
        while let Some(count) = self.record()? {
            let columns = match self.columns {
                Some(columns) => columns,
                None => {
                    let Some((columns, is_row)) = self.columns(count) else {
                        break;
                    };
                    self.columns = Some(columns);
                    if !is_row {
                        continue;
                    }
                    columns
                }
            };
            let row = self.values(count, columns).map_err(|problem| {
                let line = self.reader.line().saturating_sub(1);
                LogError::line(&self.path, line, problem)
            });
            if let Some(row) = row? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}

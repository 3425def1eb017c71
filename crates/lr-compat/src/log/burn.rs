//! The logs of burn-train 0.22, `train/epoch-N/Learning_Rate.log`: a line each iteration (`logger/metric.rs` and
//! `NumericEntry::serialize` there).

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use super::number;
use super::row::{LogError, Row};

/// No line of a log of numbers is longer.
const MOST_BYTES: u64 = 1 << 10;

/// The rates of an epoch: `0.1,1` is a rate and of how many it is the mean, `0.1,final` that of the epoch.
pub(super) struct Epoch {
    pub path: PathBuf,
    pub from: BufReader<File>,
    pub line: u64,
}

impl Epoch {
    pub fn row(&mut self) -> Result<Option<Row>, LogError> {
        loop {
            let mut text = Vec::new();
            let mut line = Read::take(&mut self.from, MOST_BYTES);
            let read = line.read_until(b'\n', &mut text);
            if read.map_err(|error| LogError::read(&self.path, error))? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let text = String::from_utf8_lossy(&text);
            let (rate, count) = text.trim().split_once(',').unwrap_or((text.trim(), ""));
            let rate = number::rate("the rate", rate)
                .map_err(|problem| LogError::line(&self.path, self.line, problem))?;
            if let Some(rate) = rate.filter(|_| count != "final") {
                return Ok(Some(Row::new(None, rate)));
            }
        }
    }
}

//! The experiment directory of burn-train 0.22: `train/epoch-N/Learning_Rate.log`, a line each iteration
//! (`logger/metric.rs` and `NumericEntry::serialize` there).

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use super::number;
use super::row::{LogError, Row, Source};

/// No line of a log of numbers is longer.
const MOST_BYTES: u64 = 1 << 10;

/// The logs of a directory's epochs, in their order; none where it is no experiment.
pub(super) fn epochs(directory: &Path, metric: &str) -> Result<Vec<PathBuf>, LogError> {
    let train = directory.join("train");
    if !train.is_dir() {
        return Ok(Vec::new());
    }
    let mut epochs = Vec::new();
    let read = |error| LogError::read(&train, error);
    for entry in fs::read_dir(&train).map_err(read)? {
        let entry = entry.map_err(read)?;
        let name = entry.file_name();
        let epoch = name.to_str().and_then(|name| name.strip_prefix("epoch-"));
        let Some(epoch) = epoch.and_then(|epoch| epoch.parse::<u64>().ok()) else {
            continue;
        };
        let log = entry
            .path()
            .join(format!("{}.log", metric.replace(' ', "_")));
        if log.is_file() {
            epochs.push((epoch, log));
        }
    }
    epochs.sort();
    Ok(epochs.into_iter().map(|(_, log)| log).collect())
}

/// The rates of an epoch: `0.1,1` is a rate and of how many it is the mean, `0.1,final` that of the epoch.
pub(super) struct Epoch<R> {
    pub path: PathBuf,
    pub from: R,
    pub line: u64,
}

impl<R: BufRead> Source for Epoch<R> {
    fn read(&mut self, rows: &mut VecDeque<Row>) -> Result<bool, LogError> {
        let mut text = Vec::new();
        let mut line = Read::take(&mut self.from, MOST_BYTES);
        let read = line.read_until(b'\n', &mut text);
        if read.map_err(|error| LogError::read(&self.path, error))? == 0 {
            return Ok(false);
        }
        self.line += 1;
        let text = String::from_utf8_lossy(&text);
        let (rate, count) = text.trim().split_once(',').unwrap_or((text.trim(), ""));
        if rate.is_empty() || count == "final" {
            return Ok(true);
        }
        let Some(parsed) = number::parse(rate) else {
            let given: String = rate.chars().take(40).collect();
            let problem = format!("the rate: must be a number, got {given:?}");
            return Err(LogError::line(&self.path, self.line, problem));
        };
        rows.push_back(Row::new(None, parsed));
        Ok(true)
    }
}

//! The measurements of every training step, the rates of all groups among them, as CSV.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use burn::train::logger::MetricLogger;
use burn::train::metric::store::{EpochSummary, MetricsUpdate, Split};
use burn::train::metric::{MetricDefinition, MetricId, NumericEntry};

use crate::Error;

/// A row for each training step: the epoch, and each numeric metric of the training split.
pub struct History {
    path: PathBuf,
    names: HashMap<MetricId, String>,
    rows: csv::Writer<File>,
    /// Whether the file has its first line.
    has_header: bool,
}

impl History {
    /// The file at `path`, with what it says of the epochs up to `last_epoch`.
    pub fn open(path: &Path, last_epoch: u64) -> Result<Self, Error> {
        let kept = match last_epoch {
            0 => vec![],
            _ => rows_until(path, last_epoch)?,
        };
        // In place of the old file once it is complete: a process may be killed at any moment.
        let complete = path.with_extension("csv.new");
        let mut rows = csv::Writer::from_path(&complete).map_err(Error::io("write", &complete))?;
        for row in &kept {
            rows.write_record(row)
                .map_err(Error::io("write", &complete))?;
        }
        rows.flush().map_err(Error::io("write", &complete))?;
        drop(rows);
        fs::rename(&complete, path).map_err(Error::io("write", path))?;
        let file = OpenOptions::new().append(true).open(path);
        let rows = csv::Writer::from_writer(file.map_err(Error::io("write", path))?);
        Ok(Self {
            path: path.to_path_buf(),
            names: HashMap::new(),
            has_header: !kept.is_empty(),
            rows,
        })
    }

    fn write(&mut self, row: &[String]) {
        if let Err(error) = self.rows.write_record(row) {
            log::error!("can't write `{}`: {error}", self.path.display());
        }
    }
}

/// The header of the file at `path` and its rows up to `last_epoch`. The last row of a killed process
/// may be cut.
fn rows_until(path: &Path, last_epoch: u64) -> Result<Vec<csv::StringRecord>, Error> {
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_path(path);
    let mut reader = reader.map_err(Error::io("read", path))?;
    let mut kept: Vec<csv::StringRecord> = vec![];
    for row in reader.records() {
        let row = row.map_err(Error::io("read", path))?;
        let epoch = row.get(0).unwrap_or_default();
        let is_complete = kept.first().is_none_or(|header| row.len() == header.len());
        let is_before = epoch.parse().is_ok_and(|epoch: u64| epoch <= last_epoch);
        if kept.is_empty() || (is_complete && is_before) {
            kept.push(row);
        }
    }
    Ok(kept)
}

impl MetricLogger for History {
    fn log(&mut self, update: MetricsUpdate, epoch: usize, split: &Split) {
        let entries = update.entries_numeric;
        let value = |entry: &NumericEntry| match entry {
            NumericEntry::Value(value) => Some(*value),
            NumericEntry::Aggregated {
                aggregated_value, ..
            } => Some(*aggregated_value),
            NumericEntry::Final(_) => None, // of the epoch, not of a step
        };
        let values: Option<Vec<f64>> = entries
            .iter()
            .map(|update| value(update.numeric_entry.as_ref()?))
            .collect();
        let (Split::Train, Some(values)) = (split, values) else {
            return;
        };
        if !self.has_header {
            let name = |id| self.names.get(id).cloned().unwrap_or_default();
            let names = entries.iter().map(|update| name(&update.entry.metric_id));
            let header: Vec<String> = ["Epoch".to_string()].into_iter().chain(names).collect();
            self.write(&header);
            self.has_header = true;
        }
        let values = values.iter().map(f64::to_string);
        let row: Vec<String> = [epoch.to_string()].into_iter().chain(values).collect();
        self.write(&row);
    }

    /// Reads nothing: burn-train asks its file logger.
    fn read_numeric(
        &mut self,
        name: &str,
        _epoch: usize,
        _split: &Split,
    ) -> Result<Vec<NumericEntry>, String> {
        Err(format!(
            "`{}` is not read for `{name}`",
            self.path.display()
        ))
    }

    fn log_metric_definition(&mut self, definition: MetricDefinition) {
        self.names
            .insert(definition.metric_id, definition.name.to_string());
    }

    fn log_epoch_summary(&mut self, _summary: EpochSummary) {
        if let Err(error) = self.rows.flush() {
            log::error!("can't write `{}`: {error}", self.path.display());
        }
    }
}

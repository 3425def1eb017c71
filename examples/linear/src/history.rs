//! Rate and loss of every step, as CSV.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Error;

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Counted from 0.
    pub step: u64,
    /// Counted from 0.
    pub epoch: u64,
    /// Its learning rate.
    pub lr: f64,
    /// The loss of its batch, before it.
    pub loss: f64,
}

/// All steps of the file at `path`.
pub fn read(path: &Path) -> Result<Vec<Row>, Error> {
    let rows = csv::Reader::from_path(path).map(csv::Reader::into_deserialize);
    let rows = rows.and_then(Iterator::collect);
    rows.map_err(|error| Error::io("read", path)(error.into()))
}

/// The file of a run that is under way.
pub struct History {
    path: PathBuf,
    writer: csv::Writer<File>,
}

impl History {
    /// The history at `path` up to `step`, to go on from there: what was written after the
    /// checkpoint that the run is resumed from is cut off.
    pub fn open(path: PathBuf, step: u64) -> Result<Self, Error> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::io("open", &path))?;
        let end = end_of(&path, &file, step)?;
        file.set_len(end).map_err(Error::io("cut", &path))?;
        file.seek(SeekFrom::Start(end))
            .map_err(Error::io("cut", &path))?;
        let writer = csv::WriterBuilder::new()
            .has_headers(end == 0)
            .from_writer(file);
        Ok(Self { path, writer })
    }

    /// Adds a step.
    pub fn add(&mut self, row: &Row) -> Result<(), Error> {
        let written = self.writer.serialize(row);
        written.map_err(|error| Error::io("write", &self.path)(error.into()))
    }

    /// Brings every step so far to the disk.
    pub fn sync(&mut self) -> Result<(), Error> {
        self.writer
            .flush()
            .map_err(Error::io("write", &self.path))?;
        let synced = self.writer.get_ref().sync_data();
        synced.map_err(Error::io("write", &self.path))
    }
}

/// The byte of the file at which the first `steps` steps end.
fn end_of(path: &Path, file: &File, steps: u64) -> Result<u64, Error> {
    let mut reader = csv::Reader::from_reader(file);
    let mut end = 0;
    let mut rows = reader.deserialize::<Row>();
    for expected in 0..steps {
        match rows.next() {
            Some(Ok(row)) if row.step == expected => end = rows.reader().position().byte(),
            _ => {
                return Err(Error::History {
                    path: path.display().to_string(),
                    expected: steps,
                    found: expected,
                });
            }
        }
    }
    Ok(end)
}

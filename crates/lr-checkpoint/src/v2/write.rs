use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::thread;

use blake3::{Hash, Hasher};
use burn_pack::AtomicFile;

use super::layout::{CHUNK, MAX_INDEX_SIZE, Row, trailer};
use crate::contents::{About, Contents, SavedParameter};
use crate::error::{FileError, FileErrors, LATEST};
use crate::index::Index;

/// The state of a run, as it is written to a file.
pub trait Source {
    /// The error of a state that can't be read; that of the file is one of its cases.
    type Error: From<FileError>;

    /// Progress and texts.
    fn about(&self) -> &About;

    /// Writes the burnpack container of the optimizer's state to the file at `path`.
    fn write_optimizer(&self, path: &Path) -> Result<(), Self::Error>;

    /// The parameters of the model, each read when it is asked for.
    fn model(&self) -> impl Iterator<Item = Result<SavedParameter, Self::Error>>;

    /// The burnpack container of the scheduler's record.
    fn scheduler(&self) -> &[u8];
}

impl Source for Contents {
    type Error = FileError;

    fn about(&self) -> &About {
        &self.about
    }

    fn write_optimizer(&self, path: &Path) -> Result<(), FileError> {
        let written = std::fs::write(path, &self.optimizer[..]);
        written.map_err(|error| FileErrors { path }.unwritable(error))
    }

    fn model(&self) -> impl Iterator<Item = Result<SavedParameter, FileError>> {
        self.model.iter().cloned().map(Ok)
    }

    fn scheduler(&self) -> &[u8] {
        &self.scheduler
    }
}

/// Writes a checkpoint of version 2 in place of the file at `path`, once it is complete and on disk.
///
/// # Errors
///
/// A file that can't be written or a `source` that can't be read: the file that was there before still is.
pub fn write<S: Source>(source: &S, path: &Path) -> Result<(), S::Error> {
    let errors = FileErrors { path };
    let failed = |error: io::Error| errors.unwritable(error);
    let (scratch, file) = AtomicFile::create(path).map_err(|error| errors.unwritable(error))?;
    drop(file);
    source.write_optimizer(scratch.path())?;

    let append = File::options().append(true).open(scratch.path());
    let mut file = append.map_err(failed)?;
    let optimizer_size = file.metadata().map_err(failed)?.len();
    // The optimizer's state is hashed on another core.
    let (optimizer_hash, rest) = thread::scope(|scope| {
        let hash = scope.spawn(|| hash_file(scratch.path(), optimizer_size));
        let rest = write_rest(source, &mut file, &errors);
        (hash.join(), rest)
    });
    let optimizer_hash = optimizer_hash.expect("hashing does not panic");
    let (rows, model, scheduler) = rest?;
    let optimizer = (optimizer_size, optimizer_hash.map_err(failed)?);

    let mut index = Index::writer(source.about(), &LATEST.to_string());
    let rows = serde_json::to_string(&rows).expect("parameters are plain data");
    index = index.with_metadata("parameters", &rows);
    for (name, (size, hash)) in [
        ("optimizer", optimizer),
        ("model", model),
        ("scheduler", scheduler),
    ] {
        index = index
            .with_metadata(&format!("blake3.{name}"), &hash.to_string())
            .with_scalar(&format!("size.{name}"), size.into());
    }
    let mut end = index.into_bytes().map_err(FileError::from)?.to_vec();
    let size = end.len() as u64;
    if size > MAX_INDEX_SIZE {
        let reason = format!("its notes and names have {size} bytes, more than {MAX_INDEX_SIZE}");
        return Err(errors.unwritable(reason).into());
    }
    end.extend(trailer(&end));
    file.write_all(&end).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    drop(file);
    let committed = scratch.commit();
    Ok(committed.map_err(|error| errors.unwritable(error))?)
}

type Written = (u64, Hash);

/// Writes model and scheduler.
fn write_rest<S: Source>(
    source: &S,
    file: &mut File,
    errors: &FileErrors,
) -> Result<(Vec<Row>, Written, Written), S::Error> {
    let mut write = |hasher: &mut Hasher, bytes: &[u8]| {
        hasher.update(bytes);
        let written = file.write_all(bytes);
        written.map_err(|error| errors.unwritable(error))
    };
    let mut hasher = Hasher::new();
    let mut rows = vec![];
    for saved in source.model() {
        let saved = saved?;
        write(&mut hasher, &saved.bytes)?;
        rows.push(Row {
            path: saved.path,
            parameter: saved.parameter,
            size: saved.bytes.len() as u64,
        });
    }
    let model = (rows.iter().map(|row| row.size).sum(), hasher.finalize());
    let mut hasher = Hasher::new();
    write(&mut hasher, source.scheduler())?;
    let scheduler = (source.scheduler().len() as u64, hasher.finalize());
    Ok((rows, model, scheduler))
}

fn hash_file(path: &Path, size: u64) -> io::Result<Hash> {
    let mut file = File::open(path)?.take(size);
    let mut hasher = Hasher::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hasher.finalize()),
            read => hasher.update(&chunk[..read]),
        };
    }
}

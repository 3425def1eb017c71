use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::thread;

use burn_pack::AtomicFile;

use super::hash::{CHUNK, Digest, MAX_INDEX_SIZE, Version};
use crate::contents::Contents;
use crate::error::{FileError, FileFault};
use crate::index::Index;
use crate::inspection::SavedTensor;

/// The version that is written.
const VERSION: Version = Version::V3;

/// Writes a checkpoint of version 3 in place of the file at `path`, once it is complete and on disk.
///
/// # Errors
///
/// A file that can't be written, or values that can't be read: the file that was there before still is.
pub fn write(contents: &Contents, path: &Path) -> Result<(), FileError> {
    write_with(contents, path, |scratch| {
        let written = std::fs::write(scratch, &contents.optimizer[..]);
        written.map_err(|error| FileFault::write(error).at(path))
    })
}

/// Writes a checkpoint whose optimizer's state `write_optimizer` writes to the path that it is given.
///
/// # Errors
///
/// As [`write`](fn@write), and those of `write_optimizer`.
pub fn write_with<O, E: From<FileError>>(
    contents: &Contents<O>,
    path: &Path,
    write_optimizer: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |fault: FileFault| fault.at(path);
    let created = AtomicFile::create(path).map_err(FileFault::write);
    let (scratch, file) = created.map_err(failed)?;
    drop(file);
    write_optimizer(scratch.path())?;
    append(contents, scratch.path()).map_err(failed)?;
    let committed = scratch.commit().map_err(FileFault::write);
    Ok(committed.map_err(failed)?)
}

/// Writes the rest of a checkpoint to the file at `path`, which is its optimizer's state.
fn append<O>(contents: &Contents<O>, path: &Path) -> Result<(), FileFault> {
    let append = File::options().append(true).open(path);
    let mut file = append.map_err(FileFault::write)?;
    let optimizer_size = file.metadata().map_err(FileFault::write)?.len();
    for tensor in &contents.model {
        let bytes = tensor.to_bytes();
        let bytes = bytes.map_err(|error| FileFault::Device(error.to_string()))?;
        file.write_all(&bytes).map_err(FileFault::write)?;
    }
    let parameters: Vec<SavedTensor> = contents.model.iter().map(SavedTensor::of).collect();
    let model_size = parameters.iter().map(|saved| saved.size).sum();
    // Hashed while the disk takes it.
    let hashes = thread::scope(|scope| -> io::Result<_> {
        let sync = scope.spawn(|| file.sync_data());
        let written = File::open(path)?;
        let hashes = (hash(&written, optimizer_size)?, hash(&written, model_size)?);
        sync.join().expect("syncing does not panic")?;
        Ok(hashes)
    });
    let (optimizer, model) = hashes.map_err(FileFault::write)?;
    let scheduler = &contents.scheduler[..];
    file.write_all(scheduler).map_err(FileFault::write)?;
    let scheduler_size = scheduler.len() as u64;

    let parameters = serde_json::to_string(&parameters).expect("parameters are plain data");
    let index = Index::writer(&contents.about, &VERSION.number().to_string());
    let mut index = index.with_metadata("parameters", &parameters);
    for (name, size, hash) in [
        ("optimizer", optimizer_size, optimizer),
        ("model", model_size, model),
        ("scheduler", scheduler_size, VERSION.hash(&[scheduler])),
    ] {
        let hash_name = format!("{}.{name}", VERSION.hash_name());
        index = index
            .with_metadata(&hash_name, &hash.to_string())
            .with_scalar(&format!("size.{name}"), size.into());
    }
    let mut end = index.into_bytes()?.to_vec();
    let size = end.len() as u64;
    if size > MAX_INDEX_SIZE {
        let reason = format!("its notes and names have {size} bytes, more than {MAX_INDEX_SIZE}");
        return Err(FileFault::Write(reason));
    }
    end.extend(VERSION.trailer(&end));
    file.write_all(&end).map_err(FileFault::write)?;
    file.sync_all().map_err(FileFault::write)?;
    Ok(())
}

/// The hash of the next `size` bytes of a file.
fn hash(file: &File, size: u64) -> io::Result<Digest> {
    let mut part = file.take(size);
    let mut hasher = VERSION.hasher();
    let mut chunk = vec![0; CHUNK];
    loop {
        match part.read(&mut chunk)? {
            0 => return Ok(hasher.finalize()),
            read => hasher.update(&chunk[..read]),
        };
    }
}

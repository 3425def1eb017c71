use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use burn_pack::AtomicFile;

use super::hash::{CHUNK, Digest, MAX_INDEX_SIZE, Version};
use crate::contents::Contents;
use crate::error::{FileError, FileFault};
use crate::index::Index;
use crate::inspection::SavedTensor;

/// The version that is written.
const VERSION: Version = Version::V3;
/// The number of bytes that the disk is told to take while more are written; those of a small model come at the end.
const SYNCED_AT_ONCE: usize = 8 << 20;

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
    let mut model = VERSION.hasher();
    // The disk takes what was written while more is written, and while the optimizer's state is hashed.
    let optimizer = thread::scope(|scope| {
        let (written, to_sync) = mpsc::sync_channel(1);
        let sync = scope.spawn(|| to_sync.into_iter().try_for_each(|()| file.sync_data()));
        let mut since = 0;
        for tensor in &contents.model {
            let bytes = tensor.to_bytes();
            let bytes = bytes.map_err(|error| FileFault::Device(error.to_string()))?;
            (&file).write_all(&bytes).map_err(FileFault::write)?;
            since += bytes.len();
            if since >= SYNCED_AT_ONCE {
                _ = written.try_send(()); // one that has yet to begin takes this too
                since = 0;
            }
            model.update(&bytes);
        }
        _ = written.try_send(());
        drop(written);
        let hash = File::open(path).and_then(|file| hash(&file, optimizer_size));
        let synced = sync.join().expect("syncing does not panic");
        synced.and(hash).map_err(FileFault::write)
    })?;
    let scheduler = &contents.scheduler[..];
    file.write_all(scheduler).map_err(FileFault::write)?;
    let scheduler_size = scheduler.len() as u64;

    let parameters: Vec<SavedTensor> = contents.model.iter().map(SavedTensor::of).collect();
    let model_size = parameters.iter().map(|saved| saved.size).sum();
    let parameters = serde_json::to_string(&parameters).expect("parameters are plain data");
    let index = Index::writer(&contents.about, &VERSION.number().to_string());
    let mut index = index.with_metadata("parameters", &parameters);
    for (name, size, hash) in [
        ("optimizer", optimizer_size, optimizer),
        ("model", model_size, model.finalize()),
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

//! The file format, version 2. One after the other, without gaps:
//!
//! - `optimizer`: the burnpack container that Burn writes for the optimizer's state, as it is;
//! - `model`: the values of the parameters, as Burn's records hold them;
//! - `scheduler`: the burnpack container that Burn writes for the scheduler's record;
//! - the index, a burnpack container of no tensors: the metadata `format`, `version`,
//!   `optimizer.config`, `schedule`, `note.*`, the parameters of the model as JSON, and the BLAKE3
//!   hash `blake3.*` of each part; the scalars `progress.*` and `size.*`;
//! - the trailer: the index's size (8 bytes, little-endian), a BLAKE3 hash of the index, that size
//!   and the mark, and the mark `BURN-LR` with the version as its eighth byte.
//!
//! The index holds the hashes of all parts, so that the trailer's is one of all bytes of the file.
//!
//! The optimizer's state comes first since Burn gives it in two ways only: as one more copy in
//! memory, or as a file. So Burn writes its own file, and the rest is written after that: a
//! checkpoint of any size is saved with no copy of it in memory, and each byte is hashed once.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::thread;

use blake3::{Hash, Hasher};
use burn::tensor::{Bytes, DType};
use burn_pack::{AtomicFile, Reader};
use serde::{Deserialize, Serialize};

use super::contents::{About, Contents, SavedOptimizer, SavedParameter, Values};
use super::error::CheckpointError;
use super::file_errors::FileErrors;
use super::index::Index;
use super::optimizer;
use super::parameters::{MAX_RANK, Parameter};

pub(super) const VERSION: u8 = 2;
const MARK: [u8; 7] = *b"BURN-LR";
const TRAILER_SIZE: usize = 8 + blake3::OUT_LEN + MARK.len() + 1;
/// What burnpack takes as the size of metadata.
const MAX_INDEX_SIZE: u64 = 100 << 20;
const CHUNK: usize = 1 << 20;

/// A part of a file.
#[derive(Debug, Clone, Copy)]
struct Part {
    name: &'static str,
    start: u64,
    size: u64,
    hash: Hash,
}

/// A parameter in the index.
#[derive(Serialize, Deserialize)]
struct Row {
    path: String,
    #[serde(flatten)]
    parameter: Parameter,
    size: u64,
}

/// What a file says of itself.
pub(super) struct Summary {
    pub about: About,
    pub parameters: Vec<(String, Parameter)>,
    /// A hash of all bytes of the file.
    pub digest: Hash,
    pub file_size: u64,
    sizes: Vec<u64>,
    optimizer: Part,
    model: Part,
    scheduler: Part,
}

impl Summary {
    pub fn sizes(&self) -> [u64; 3] {
        [self.model.size, self.optimizer.size, self.scheduler.size]
    }
}

/// Writes `contents` in place of what is at `path`, once they are complete and on disk.
pub(super) fn write(contents: &Contents, path: &Path) -> Result<(), CheckpointError> {
    let errors = FileErrors { path };
    let failed = |error: io::Error| errors.unwritable(error);
    let (scratch, file) = AtomicFile::create(path).map_err(|error| errors.unwritable(error))?;
    drop(file);
    match &contents.optimizer {
        SavedOptimizer::Live(optimizer) => {
            let saved = optimizer.save(scratch.path());
            saved.map_err(|error| errors.unwritable(error))?;
            optimizer::check_ids(
                &Reader::from_file_exact(scratch.path())?,
                &contents.parameters(),
            )?;
        }
        SavedOptimizer::Read(bytes) => {
            std::fs::write(scratch.path(), &bytes[..]).map_err(failed)?
        }
    }

    let append = File::options().append(true).open(scratch.path());
    let mut file = append.map_err(failed)?;
    let optimizer_size = file.metadata().map_err(failed)?.len();
    // What Burn has written is hashed on another core.
    let (optimizer_hash, rest) = thread::scope(|scope| {
        let hash = scope.spawn(|| hash_file(scratch.path(), optimizer_size));
        let rest = write_rest(contents, &mut file, &errors);
        (hash.join(), rest)
    });
    let optimizer_hash = optimizer_hash.expect("hashing does not panic");
    let (rows, model, scheduler) = rest?;
    let optimizer = (optimizer_size, optimizer_hash.map_err(failed)?);

    let mut index = Index::writer(&contents.about, &VERSION.to_string());
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
    let mut end = index.into_bytes()?.to_vec();
    let size = end.len() as u64;
    if size > MAX_INDEX_SIZE {
        let reason = format!("its notes and names have {size} bytes, more than {MAX_INDEX_SIZE}");
        return Err(errors.unwritable(reason));
    }
    end.extend(trailer(&end));
    file.write_all(&end).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    drop(file);
    let committed = scratch.commit();
    committed.map_err(|error| errors.unwritable(error))
}

type Written = (u64, Hash);

/// Writes model and scheduler.
fn write_rest(
    contents: &Contents,
    file: &mut File,
    errors: &FileErrors,
) -> Result<(Vec<Row>, Written, Written), CheckpointError> {
    let mut write = |hasher: &mut Hasher, bytes: &[u8]| {
        hasher.update(bytes);
        let written = file.write_all(bytes);
        written.map_err(|error| errors.unwritable(error))
    };
    let mut hasher = Hasher::new();
    let mut rows = vec![];
    for saved in &contents.model {
        let bytes = saved.bytes()?;
        write(&mut hasher, &bytes)?;
        rows.push(Row {
            path: saved.path.clone(),
            parameter: saved.parameter.clone(),
            size: bytes.len() as u64,
        });
    }
    let model = (rows.iter().map(|row| row.size).sum(), hasher.finalize());
    let mut hasher = Hasher::new();
    write(&mut hasher, &contents.scheduler)?;
    let scheduler = (contents.scheduler.len() as u64, hasher.finalize());
    Ok((rows, model, scheduler))
}

/// What stands after an index.
fn trailer(index: &[u8]) -> [u8; TRAILER_SIZE] {
    let mut trailer = [0; TRAILER_SIZE];
    let (size, rest) = trailer.split_at_mut(8);
    let (digest, mark) = rest.split_at_mut(blake3::OUT_LEN);
    size.copy_from_slice(&(index.len() as u64).to_le_bytes());
    mark[..MARK.len()].copy_from_slice(&MARK);
    mark[MARK.len()] = VERSION;
    let hash = Hasher::new()
        .update(index)
        .update(size)
        .update(mark)
        .finalize();
    digest.copy_from_slice(hash.as_bytes());
    trailer
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

/// Whether a file ends like one of version 2, or of a later one.
pub(super) fn is_marked(file: &File) -> io::Result<bool> {
    let Some(start) = file.metadata()?.len().checked_sub(MARK.len() as u64 + 1) else {
        return Ok(false);
    };
    let mut mark = [0; MARK.len()];
    read_at(file, &mut mark, start)?;
    Ok(mark == MARK)
}

/// Reads what a file says of itself, if that is whole.
pub(super) fn inspect(file: &File, errors: FileErrors) -> Result<Summary, CheckpointError> {
    let failed = |error| errors.unreadable(error);
    let file_size = file.metadata().map_err(failed)?.len();
    let mut end = [0; TRAILER_SIZE];
    let start = file_size.checked_sub(TRAILER_SIZE as u64);
    let index_end = start.ok_or_else(|| errors.damaged("trailer"))?;
    read_at(file, &mut end, index_end).map_err(failed)?;
    let version = end[TRAILER_SIZE - 1];
    let index_size = u64::from_le_bytes(end[..8].try_into().expect("8 bytes are 8 bytes"));
    let index_start = index_end.checked_sub(index_size);
    let (Some(index_start), true) = (index_start, index_size <= MAX_INDEX_SIZE) else {
        return Err(match version > VERSION {
            true => errors.version(version),
            false => errors.damaged("trailer"),
        });
    };
    let mut index = vec![0; (index_end - index_start) as usize];
    read_at(file, &mut index, index_start).map_err(failed)?;
    let expected = trailer(&index);
    if end != expected {
        // A later version's digest is of another mark.
        let only_the_version = end[..TRAILER_SIZE - 1] == expected[..TRAILER_SIZE - 1];
        return Err(match version > VERSION && !only_the_version {
            true => errors.version(version),
            false => errors.damaged("index or trailer"),
        });
    }
    let digest = end[8..8 + blake3::OUT_LEN].try_into();
    let digest = Hash::from_bytes(digest.expect("a digest has the size of a digest"));

    // From here on, what is wrong was written so.
    let reader = Reader::from_bytes(Bytes::from_bytes_vec(index));
    let reader = reader.map_err(|error| errors.not_a_checkpoint(error.to_string()))?;
    let index = Index::of(&reader);
    index.check_format(&errors, &VERSION.to_string())?;
    let mut start = 0u64;
    let mut part = |name: &'static str| {
        let size = index.count(&format!("size.{name}"), &errors)?;
        let hash = index.text(&format!("blake3.{name}"), &errors)?;
        let hash = Hash::from_hex(hash);
        let hash = hash.map_err(|error| errors.not_a_checkpoint(format!("{name}: {error}")))?;
        let part = Part {
            name,
            start,
            size,
            hash,
        };
        start = start.saturating_add(size);
        Ok::<_, CheckpointError>(part)
    };
    let (optimizer, model, scheduler) = (part("optimizer")?, part("model")?, part("scheduler")?);
    if start != index_start {
        return Err(errors.damaged("length"));
    }
    let (parameters, sizes) = read_rows(index.text("parameters", &errors)?, &model, &errors)?;
    Ok(Summary {
        about: index.about(&errors)?,
        parameters,
        digest,
        file_size,
        sizes,
        optimizer,
        model,
        scheduler,
    })
}

/// The parameters that an index lists, and how many bytes each has.
#[allow(clippy::type_complexity)]
fn read_rows(
    text: &str,
    model: &Part,
    errors: &FileErrors,
) -> Result<(Vec<(String, Parameter)>, Vec<u64>), CheckpointError> {
    let wrong = |what: String| errors.not_a_checkpoint(format!("its list of parameters: {what}"));
    let rows: Vec<Row> = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let mut paths = BTreeSet::new();
    let mut left = model.size;
    for row in &rows {
        let (path, parameter) = (&row.path, &row.parameter);
        if parameter.shape.len() > MAX_RANK {
            return Err(wrong(format!("`{path}` has a rank above {MAX_RANK}")));
        }
        let expected = parameter.size().map(|size| size as u64);
        let is_quantized = matches!(parameter.dtype, DType::QFloat(_));
        if !is_quantized && expected != Some(row.size) {
            let (shape, size) = (parameter.show(), row.size);
            return Err(wrong(format!("`{path}` is {shape} of {size} bytes")));
        }
        if !paths.insert(path) {
            return Err(wrong(format!("`{path}` comes twice")));
        }
        left = left
            .checked_sub(row.size)
            .ok_or_else(|| wrong("it is longer than the model".into()))?;
    }
    if left > 0 {
        return Err(wrong("it is shorter than the model".into()));
    }
    let sizes = rows.iter().map(|row| row.size).collect();
    let parameters = rows.into_iter().map(|row| (row.path, row.parameter));
    Ok((parameters.collect(), sizes))
}

/// Reads a file, if it is whole.
pub(super) fn read(file: &File, errors: FileErrors) -> Result<Contents, CheckpointError> {
    let summary = inspect(file, errors)?;
    // Two cores read and hash, each its part.
    let (optimizer, model) = thread::scope(|scope| {
        let optimizer = scope.spawn(|| {
            let part = &summary.optimizer;
            read_part(file, part, &[part.size], &errors)
        });
        let model = read_part(file, &summary.model, &summary.sizes, &errors);
        (optimizer.join(), model)
    });
    let part = &summary.scheduler;
    let scheduler = read_part(file, part, &[part.size], &errors)?;
    let one = |mut buffers: Vec<Bytes>| buffers.pop().expect("it was read as one").shared();
    let optimizer = one(optimizer.expect("reading does not panic")?);
    let parameters = summary.parameters.into_iter().zip(model?);
    let model = parameters.map(|((path, parameter), bytes)| SavedParameter {
        path,
        parameter,
        values: Values::Read(bytes),
    });
    Ok(Contents {
        model: model.collect(),
        optimizer: SavedOptimizer::Read(optimizer),
        scheduler: one(scheduler),
        about: summary.about,
    })
}

/// Reads a part into buffers of `sizes`, if it is what was written.
fn read_part(
    file: &File,
    part: &Part,
    sizes: &[u64],
    errors: &FileErrors,
) -> Result<Vec<Bytes>, CheckpointError> {
    let mut start = part.start;
    let mut hasher = Hasher::new();
    let mut buffers = vec![];
    for size in sizes {
        let mut buffer = vec![0; *size as usize];
        for chunk in buffer.chunks_mut(CHUNK) {
            let read = read_at(file, chunk, start);
            read.map_err(|error| errors.unreadable(error))?;
            hasher.update(chunk);
            start += chunk.len() as u64;
        }
        // As Burn reads files: no copy is made for the sake of an alignment.
        buffers.push(Bytes::from_elems(buffer));
    }
    match hasher.finalize() == part.hash {
        true => Ok(buffers),
        false => Err(errors.damaged(part.name)),
    }
}

/// Fills `buffer` from `start` on, whatever other threads read from the file.
fn read_at(file: &File, buffer: &mut [u8], start: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, buffer, start);
    #[cfg(windows)]
    {
        let mut done = 0;
        while done < buffer.len() {
            let at = start + done as u64;
            match std::os::windows::fs::FileExt::seek_read(file, &mut buffer[done..], at)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => done += read,
            }
        }
        Ok(())
    }
}

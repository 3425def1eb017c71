use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::thread;

use blake3::{Hash, Hasher};
use burn_pack::{Bytes, DType, Reader};

use super::layout::{CHUNK, MARK, MAX_INDEX_SIZE, Row, TRAILER_SIZE, trailer};
use crate::contents::{About, Contents, MAX_RANK, Parameter, SavedParameter, Values};
use crate::error::{FileFault, LATEST};
use crate::index::Index;

/// A part of a file.
#[derive(Debug, Clone, Copy)]
struct Part {
    name: &'static str,
    start: u64,
    size: u64,
    hash: Hash,
}

/// The index of a file.
pub(crate) struct Summary {
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

/// Whether a file ends like one of version 2, or of a later one.
pub(crate) fn is_marked(file: &File) -> io::Result<bool> {
    let Some(start) = file.metadata()?.len().checked_sub(MARK.len() as u64 + 1) else {
        return Ok(false);
    };
    let mut mark = [0; MARK.len()];
    read_at(file, &mut mark, start)?;
    Ok(mark == MARK)
}

/// Reads the index of a file, if that is whole.
pub(crate) fn inspect(file: &File) -> Result<Summary, FileFault> {
    let file_size = file.metadata()?.len();
    let mut end = [0; TRAILER_SIZE];
    let start = file_size.checked_sub(TRAILER_SIZE as u64);
    let index_end = start.ok_or(FileFault::Damaged("trailer"))?;
    read_at(file, &mut end, index_end)?;
    let version = end[TRAILER_SIZE - 1];
    let index_size = u64::from_le_bytes(end[..8].try_into().expect("8 bytes are 8 bytes"));
    let index_start = index_end.checked_sub(index_size);
    let (Some(index_start), true) = (index_start, index_size <= MAX_INDEX_SIZE) else {
        return Err(match version > LATEST {
            true => FileFault::version(version),
            false => FileFault::Damaged("trailer"),
        });
    };
    let mut index = vec![0; (index_end - index_start) as usize];
    read_at(file, &mut index, index_start)?;
    let expected = trailer(&index);
    if end != expected {
        // A later version's digest is of another mark.
        let only_the_version = end[..TRAILER_SIZE - 1] == expected[..TRAILER_SIZE - 1];
        return Err(match version > LATEST && !only_the_version {
            true => FileFault::version(version),
            false => FileFault::Damaged("index or trailer"),
        });
    }
    let digest = end[8..8 + blake3::OUT_LEN].try_into();
    let digest = Hash::from_bytes(digest.expect("a digest has the size of a digest"));

    // From here on, what is wrong was written so.
    let reader = Reader::from_bytes(Bytes::from_bytes_vec(index));
    let reader = reader.map_err(|error| FileFault::not_a_checkpoint(error.to_string()))?;
    let index = Index::of(&reader);
    index.check_format(&LATEST.to_string())?;
    let mut start = 0u64;
    let mut part = |name: &'static str| {
        let size = index.count(&format!("size.{name}"))?;
        let hash = index.text(&format!("blake3.{name}"))?;
        let hash = Hash::from_hex(hash);
        let hash = hash.map_err(|error| FileFault::not_a_checkpoint(format!("{name}: {error}")))?;
        let part = Part {
            name,
            start,
            size,
            hash,
        };
        start = start.saturating_add(size);
        Ok::<_, FileFault>(part)
    };
    let (optimizer, model, scheduler) = (part("optimizer")?, part("model")?, part("scheduler")?);
    if start != index_start {
        return Err(FileFault::Damaged("length"));
    }
    let (parameters, sizes) = read_rows(index.text("parameters")?, &model)?;
    Ok(Summary {
        about: index.about()?,
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
fn read_rows(text: &str, model: &Part) -> Result<(Vec<(String, Parameter)>, Vec<u64>), FileFault> {
    let wrong =
        |what: String| FileFault::not_a_checkpoint(format!("its list of parameters: {what}"));
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
pub(crate) fn read(file: &File) -> Result<Contents, FileFault> {
    let summary = inspect(file)?;
    // Two cores read and hash, each its part.
    let (optimizer, model) = thread::scope(|scope| {
        let optimizer = scope.spawn(|| {
            let part = &summary.optimizer;
            read_part(file, part, &[part.size])
        });
        let model = read_part(file, &summary.model, &summary.sizes);
        (optimizer.join(), model)
    });
    let part = &summary.scheduler;
    let scheduler = read_part(file, part, &[part.size])?;
    let one = |mut buffers: Vec<Bytes>| buffers.pop().expect("it was read as one").shared();
    let optimizer = one(optimizer.expect("reading does not panic")?);
    let parameters = summary.parameters.into_iter().zip(model?);
    let model = parameters.map(|((path, parameter), bytes)| SavedParameter {
        path,
        parameter,
        values: Values::Bytes(bytes),
    });
    Ok(Contents {
        model: model.collect(),
        optimizer,
        scheduler: one(scheduler),
        about: summary.about,
    })
}

/// Reads a part into buffers of `sizes`, if it is what was written.
fn read_part(file: &File, part: &Part, sizes: &[u64]) -> Result<Vec<Bytes>, FileFault> {
    let mut start = part.start;
    let mut hasher = Hasher::new();
    let mut buffers = vec![];
    for size in sizes {
        let mut buffer = vec![0; *size as usize];
        for chunk in buffer.chunks_mut(CHUNK) {
            read_at(file, chunk, start)?;
            hasher.update(chunk);
            start += chunk.len() as u64;
        }
        // As Burn reads files: no copy is made for the sake of an alignment.
        buffers.push(Bytes::from_elems(buffer));
    }
    match hasher.finalize() == part.hash {
        true => Ok(buffers),
        false => Err(FileFault::Damaged(part.name)),
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

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use burn_pack::{Bytes, DType, Reader, Tensor};
use burn_std::AllocationProperty;
use memmap2::MmapMut;

use super::hash::{CHUNK, Digest, MARK, MAX_INDEX_SIZE, Version};
use crate::contents::{About, Contents, MAX_RANK};
use crate::error::{FileFault, LATEST};
use crate::index::Index;
use crate::inspection::{Inspection, SavedTensor};

/// A part of a file.
#[derive(Debug)]
struct Part {
    name: &'static str,
    start: u64,
    size: u64,
    hash: String,
}

/// The index of a file.
struct Summary {
    version: Version,
    about: About,
    parameters: Vec<SavedTensor>,
    /// A hash of all bytes of the file.
    digest: Digest,
    optimizer: Part,
    model: Part,
    scheduler: Part,
}

/// Whether a file ends like one of version 2 or later; then it is at its beginning again.
pub(crate) fn is_marked(mut file: &File) -> io::Result<bool> {
    let Some(start) = file.metadata()?.len().checked_sub(MARK.len() as u64 + 1) else {
        return Ok(false);
    };
    let mut mark = [0; MARK.len()];
    read_at(file, &mut mark, start)?;
    file.rewind()?;
    Ok(mark == MARK)
}

/// Describes a file, if its index is whole.
pub(crate) fn inspect(file: &File) -> Result<Inspection, FileFault> {
    let summary = summary(file)?;
    Ok(Inspection::new(
        summary.version.number().into(),
        summary.about,
        summary.parameters,
        [summary.model, summary.optimizer, summary.scheduler].map(|part| part.size),
        summary.digest.to_string(),
        file.metadata()?.len(),
    ))
}

fn summary(file: &File) -> Result<Summary, FileFault> {
    let file_size = file.metadata()?.len();
    let mut number = [0];
    read_at(file, &mut number, file_size - 1)?;
    let [number] = number;
    let Some(version) = Version::of(number) else {
        // A later version's hash is not of an earlier one's mark.
        let mut known = Version::ALL.into_iter();
        let only_the_number = known.any(|version| read_index(file, file_size, version).is_ok());
        return Err(match number > LATEST && !only_the_number {
            true => FileFault::version(number),
            false => FileFault::Damaged("index or trailer"),
        });
    };
    let (index, digest) = read_index(file, file_size, version)?;
    let index_start = file_size - (index.len() + version.trailer_size()) as u64;

    // From here on, what is wrong was written so.
    let reader = Reader::from_bytes(Bytes::from_bytes_vec(index));
    let reader = reader.map_err(|error| FileFault::NotACheckpoint(error.to_string()))?;
    let index = Index::of(&reader);
    index.check_format(&version.number().to_string())?;
    let mut start = 0u64;
    let mut part = |name: &'static str| {
        let size = index.count(&format!("size.{name}"))?;
        let hash = index.text(&format!("{}.{name}", version.hash_name()))?;
        let part = Part {
            name,
            start,
            size,
            hash: hash.to_string(),
        };
        start = start.saturating_add(size);
        Ok::<_, FileFault>(part)
    };
    let (optimizer, model, scheduler) = (part("optimizer")?, part("model")?, part("scheduler")?);
    if start != index_start {
        return Err(FileFault::Damaged("length"));
    }
    Ok(Summary {
        version,
        about: index.about()?,
        parameters: read_parameters(index.text("parameters")?, &model)?,
        digest,
        optimizer,
        model,
        scheduler,
    })
}

/// Reads the index of a file of `version`, and its hash, if both are what was written.
fn read_index(
    file: &File,
    file_size: u64,
    version: Version,
) -> Result<(Vec<u8>, Digest), FileFault> {
    let mut end = vec![0; version.trailer_size()];
    let damaged = || FileFault::Damaged("trailer");
    let index_end = file_size.checked_sub(end.len() as u64);
    let index_end = index_end.ok_or_else(damaged)?;
    read_at(file, &mut end, index_end)?;
    let (size, rest) = end.split_first_chunk().expect("it is longer than that");
    let index_size = u64::from_le_bytes(*size);
    let index_start = index_end.checked_sub(index_size);
    let index_start = index_start.filter(|_| index_size <= MAX_INDEX_SIZE);
    let index_start = index_start.ok_or_else(damaged)?;
    let mut index = vec![0; index_size as usize];
    read_at(file, &mut index, index_start)?;
    let expected = version.trailer(&index);
    let (hash, _) = rest.split_at(rest.len() - MARK.len() - 1);
    match end[..end.len() - 1] == expected[..end.len() - 1] {
        true => Ok((index, Digest(hash.to_vec()))),
        false => Err(FileFault::Damaged("index or trailer")),
    }
}

/// The parameters that an index lists, which make up the model.
fn read_parameters(text: &str, model: &Part) -> Result<Vec<SavedTensor>, FileFault> {
    let wrong = |what: String| FileFault::NotACheckpoint(format!("its list of parameters: {what}"));
    let all: Vec<SavedTensor> =
        serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let mut paths = BTreeSet::new();
    let mut left = model.size;
    for SavedTensor {
        path,
        dtype,
        shape,
        size,
        ..
    } in &all
    {
        if shape.len() > MAX_RANK {
            return Err(wrong(format!("`{path}` has a rank above {MAX_RANK}")));
        }
        let mut sizes = shape.iter().map(|size| *size as u64);
        let expected = sizes.try_fold(dtype.size() as u64, u64::checked_mul);
        let is_quantized = matches!(dtype, DType::QFloat(_));
        if !is_quantized && expected != Some(*size) {
            return Err(wrong(format!(
                "`{path}` is {dtype:?}{shape:?} of {size} bytes"
            )));
        }
        if !paths.insert(path) {
            return Err(wrong(format!("`{path}` comes twice")));
        }
        left = left
            .checked_sub(*size)
            .ok_or_else(|| wrong("it is longer than the model".into()))?;
    }
    if left > 0 {
        return Err(wrong("it is shorter than the model".into()));
    }
    Ok(all)
}

/// Reads a file, if it is whole.
pub(crate) fn read(file: &File) -> Result<Contents, FileFault> {
    let summary = summary(file)?;
    let version = summary.version;
    let one = |part: &Part| {
        // Burn shares the pieces of this, and copies what it changes. In large pages, since getting pages is most of
        // what loading takes.
        let mut memory = MmapMut::map_anon(part.size as usize)?;
        #[cfg(target_os = "linux")]
        let _ = memory.advise(memmap2::Advice::HugePage); // if there are any
        read_part(file, version, part, [&mut memory[..]].into_iter())?;
        let memory = bytes::Bytes::from_owner(memory);
        Ok::<_, FileFault>(Bytes::from_shared(memory, AllocationProperty::Native))
    };
    let optimizer = one(&summary.optimizer)?;
    let sizes = summary.parameters.iter().map(|saved| saved.size as usize);
    let mut values: Vec<_> = sizes.map(|size| vec![0; size]).collect();
    let buffers = values.iter_mut().map(|values| &mut values[..]);
    read_part(file, version, &summary.model, buffers)?;
    let model = summary.parameters.into_iter().zip(values);
    let model = model.map(|(saved, values)| {
        // As Burn reads files: no copy is made for the sake of an alignment.
        let values = Bytes::from_elems(values);
        Tensor::new(saved.path, saved.dtype, saved.shape, saved.id, values)
    });
    Ok(Contents {
        model: model.collect(),
        optimizer,
        scheduler: one(&summary.scheduler)?,
        about: summary.about,
    })
}

/// Fills `buffers` with a part, if it is what was written.
fn read_part<'a>(
    mut file: &File,
    version: Version,
    part: &Part,
    buffers: impl Iterator<Item = &'a mut [u8]>,
) -> Result<(), FileFault> {
    file.seek(SeekFrom::Start(part.start))?;
    let mut hasher = version.hasher();
    for buffer in buffers {
        // So that they are still in the processor's cache when they are hashed.
        for chunk in buffer.chunks_mut(CHUNK) {
            file.read_exact(chunk)?;
            hasher.update(chunk);
        }
    }
    match hasher.finalize().to_string() == part.hash {
        true => Ok(()),
        false => Err(FileFault::Damaged(part.name)),
    }
}

/// Fills `buffer` from `start` on.
fn read_at(mut file: &File, buffer: &mut [u8], start: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(buffer)
}

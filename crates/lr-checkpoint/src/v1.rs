//! The file format, version 1, which is read and no longer written: a burnpack container with
//!
//! - the metadata `format`, `version`, `optimizer.config`, `schedule`, `note.*`, and of each part
//!   `blake3.*`;
//! - the scalars `progress.*`;
//! - the byte tensors `model`, `optimizer` and `scheduler`, each what Burn writes for it, and
//!   last `digest`: the BLAKE3 hash of all bytes of the file before it.

use std::collections::BTreeMap;

use burn_pack::{Bytes, MAGIC_NUMBER, Reader, Tensor};

use crate::contents::{Contents, MAX_RANK};
use crate::error::FileFault;
use crate::index::{FORMAT, Index};
use crate::inspection::{Inspection, SavedTensor};

const VERSION: &str = "1";
const DIGEST_SIZE: usize = blake3::OUT_LEN;

/// Reads the bytes of a file, if they are whole.
pub(crate) fn read(bytes: Vec<u8>) -> Result<Contents, FileFault> {
    let is_burnpack = bytes.starts_with(&MAGIC_NUMBER.to_le_bytes());
    let says_what_it_is = bytes
        .windows(FORMAT.len())
        .any(|text| text == FORMAT.as_bytes());
    let whole = match bytes.split_last_chunk::<DIGEST_SIZE>() {
        Some((hashed, digest)) => blake3::hash(hashed) == *digest,
        None => false,
    };
    // A file of a later version that has lost its trailer comes here too.
    let without_trailer = || match says_what_it_is {
        true => FileFault::Damaged("header, index or trailer"),
        false => FileFault::NotACheckpoint(
            "it has no trailer: it was cut short, or is another kind of burnpack file".to_string(),
        ),
    };
    let unreadable = |error: burn_pack::Error| match is_burnpack {
        true => without_trailer(),
        false => FileFault::NotACheckpoint(error.to_string()),
    };
    let reader = Reader::from_bytes(Bytes::from_bytes_vec(bytes).shared()).map_err(unreadable)?;
    let index = Index::of(&reader);
    if index.text("format").is_err() {
        return Err(without_trailer());
    }
    if let Err(error) = index.check_format(VERSION) {
        return Err(match whole {
            true => error,
            false => FileFault::Damaged("header, index or padding"),
        });
    }
    let mut parts = BTreeMap::new();
    for tensor in reader.into_tensors().map_err(unreadable)? {
        parts.insert(tensor.name.clone(), tensor.into_bytes()?);
    }
    let mut part = |name| {
        let Some(bytes) = parts.remove(name) else {
            return Err(FileFault::NotACheckpoint(format!("it has no {name}")));
        };
        match index.text(&format!("blake3.{name}"))? == blake3::hash(&bytes).to_string() {
            true => Ok(bytes),
            false => Err(FileFault::Damaged(name)),
        }
    };
    let (model, optimizer, scheduler) = (part("model")?, part("optimizer")?, part("scheduler")?);
    if !whole {
        return Err(FileFault::Damaged("header, index or padding"));
    }
    Ok(Contents {
        model: parameters(model)?,
        optimizer,
        scheduler,
        about: index.about()?,
    })
}

/// Describes the bytes of a file, if they are whole.
pub(crate) fn inspect(bytes: Vec<u8>) -> Result<Inspection, FileFault> {
    let (digest, file_size) = (blake3::hash(&bytes).to_string(), bytes.len() as u64);
    let contents = read(bytes)?;
    let model_size = contents.model.iter().map(Tensor::byte_len).sum();
    let sizes = [
        model_size,
        contents.optimizer.len(),
        contents.scheduler.len(),
    ];
    Ok(Inspection::new(
        1,
        contents.about,
        contents.model.iter().map(SavedTensor::of).collect(),
        sizes.map(|size| size as u64),
        digest,
        file_size,
    ))
}

/// The parameters of a model's record.
fn parameters(record: Bytes) -> Result<Vec<Tensor>, FileFault> {
    let tensors = Reader::from_bytes(record)?.into_tensors()?;
    let mut ranks = tensors.iter();
    match ranks.find(|tensor| tensor.shape.num_dims() > MAX_RANK) {
        None => Ok(tensors),
        Some(Tensor { name, .. }) => Err(FileFault::NotACheckpoint(format!(
            "its parameter `{name}` has a rank above {MAX_RANK}"
        ))),
    }
}

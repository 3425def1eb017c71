//! The format that `torch.save` wrote before PyTorch 1.6, and writes where it is told
//! `_use_new_zipfile_serialization=False`.
//!
//! It is a row of pickles: a number, the version of the format, what the machine was, what was saved, and the
//! keys of its storages. Behind them are the storages in the order of the keys, each after the number of its
//! elements.

use std::collections::HashMap;

use super::source::{Source, Storage, Storages, bytes, length};
use crate::dtype::Dtype;
use crate::error::{TorchError, at_most};
use crate::pickle::node::Node;
use crate::pickle::{MAX_PICKLE_BYTES, Pickle};

/// The number that torch/serialization.py has as its MAGIC_NUMBER, pickled, and the beginning of a pickle.
const MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
const PROTOCOL: usize = 2;
const FRAME: usize = 9;

/// The version of the format, which has been the same since there is one.
const VERSION: i64 = 1001;

const FILE: &str = "the file";

/// Whether a file that begins with these bytes is of this format.
pub(super) fn is_beginning(bytes: &[u8]) -> bool {
    let number = match bytes.get(PROTOCOL) {
        Some(0x95) => bytes.get(PROTOCOL + FRAME..),
        _ => bytes.get(PROTOCOL..),
    };
    bytes.first() == Some(&0x80) && number.is_some_and(|bytes| bytes.starts_with(MAGIC))
}

/// Reads what was saved, and where its storages are.
pub(super) fn read(source: &mut dyn Source) -> Result<(Pickle, Storages), TorchError> {
    let length = length(source)?;
    let start = bytes(source, 0, MAX_PICKLE_BYTES)?;
    let next = |at: usize| match Pickle::read(&start, at, FILE) {
        Err(TorchError::CutShort(why)) => {
            at_most(MAX_PICKLE_BYTES, "the size of a pickle", length)?;
            Err(TorchError::CutShort(why))
        }
        read => read,
    };
    let (_, at) = next(0)?;
    let (version, at) = next(at)?;
    let Node::Int(VERSION) = version.node(version.root) else {
        let why = format!("is of a version other than {VERSION} of the old format");
        return Err(TorchError::unsupported("", why));
    };
    let (system, at) = next(at)?;
    if is_big_endian(&system) {
        return Err(TorchError::ByteOrder("big".to_string()));
    }
    let (pickle, at) = next(at)?;
    let (keys, at) = next(at)?;
    let storages = storages(source, &keys, &sizes(&pickle), at as u64, length)?;
    Ok((pickle, storages))
}

/// The places of the storages from byte `at` on, by their keys and the sizes of their elements.
fn storages(
    source: &mut dyn Source,
    keys: &Pickle,
    sizes: &HashMap<&str, u64>,
    mut at: u64,
    length: u64,
) -> Result<Storages, TorchError> {
    let mut storages = Storages::new();
    let Node::List(list) = keys.node(keys.root) else {
        let why = "has no list of storages behind what was saved";
        return Err(TorchError::Damaged(why.to_string()));
    };
    for key in list {
        let key = keys.text_of(*key).unwrap_or_default();
        let Some(size) = sizes.get(key) else {
            // One that nothing refers to, or of an unknown type: those behind it can't be found.
            break;
        };
        let count = <[u8; 8]>::try_from(bytes(source, at, 8)?).map(u64::from_le_bytes);
        at = at.saturating_add(8);
        let left = length.saturating_sub(at);
        let taken = count.ok().and_then(|count| count.checked_mul(*size));
        let Some(size) = taken.filter(|taken| *taken <= left) else {
            let why = format!("storage {key:?} is longer than the {left} bytes that are left");
            return Err(TorchError::CutShort(why));
        };
        storages.insert(key.to_string(), Storage { at, size });
        at += size;
    }
    Ok(storages)
}

fn is_big_endian(system: &Pickle) -> bool {
    let Node::Dict(pairs) = system.node(system.root) else {
        return false;
    };
    let mut little = pairs
        .iter()
        .filter(|(key, _)| system.text_of(*key) == Some("little_endian"));
    little.any(|(_, value)| matches!(system.node(*value), Node::Bool(false)))
}

/// The bytes of an element of each storage that a pickle refers to, by the storage's key.
fn sizes(pickle: &Pickle) -> HashMap<&str, u64> {
    let sizes = pickle.storages().filter_map(|items| {
        let [_, class, key, ..] = items else {
            return None;
        };
        let Node::Global(class) = pickle.node(*class) else {
            return None;
        };
        let size = Dtype::storage_size(pickle.text(&class.name))?;
        Some((pickle.text_of(*key)?, size as u64))
    });
    sizes.collect()
}

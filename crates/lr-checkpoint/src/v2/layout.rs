use blake3::Hasher;
use serde::{Deserialize, Serialize};

use crate::contents::Parameter;
use crate::error::LATEST;

pub const MARK: [u8; 7] = *b"BURN-LR";
pub const TRAILER_SIZE: usize = 8 + blake3::OUT_LEN + MARK.len() + 1;
/// The largest metadata that burnpack reads.
pub const MAX_INDEX_SIZE: u64 = 100 << 20;
pub const CHUNK: usize = 1 << 20;

/// A parameter in the index.
#[derive(Serialize, Deserialize)]
pub struct Row {
    pub path: String,
    #[serde(flatten)]
    pub parameter: Parameter,
    pub size: u64,
}

/// The trailer of an index.
pub fn trailer(index: &[u8]) -> [u8; TRAILER_SIZE] {
    let mut trailer = [0; TRAILER_SIZE];
    let (size, rest) = trailer.split_at_mut(8);
    let (digest, mark) = rest.split_at_mut(blake3::OUT_LEN);
    size.copy_from_slice(&(index.len() as u64).to_le_bytes());
    mark[..MARK.len()].copy_from_slice(&MARK);
    mark[MARK.len()] = LATEST;
    let hash = Hasher::new()
        .update(index)
        .update(size)
        .update(mark)
        .finalize();
    digest.copy_from_slice(hash.as_bytes());
    trailer
}

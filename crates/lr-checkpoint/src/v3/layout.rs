use serde::{Deserialize, Serialize};

use super::hash::Version;
use crate::contents::Parameter;

pub const MARK: [u8; 7] = *b"BURN-LR";
/// The largest metadata that burnpack reads.
pub const MAX_INDEX_SIZE: u64 = 100 << 20;
/// How much is hashed at a time, while the processor's cache has it.
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
pub fn trailer(index: &[u8], version: Version) -> Vec<u8> {
    let size = (index.len() as u64).to_le_bytes();
    let mark = [&MARK[..], &[version.number()]].concat();
    let hash = version.hash(&[index, &size, &mark]);
    [&size[..], &hash.0, &mark].concat()
}

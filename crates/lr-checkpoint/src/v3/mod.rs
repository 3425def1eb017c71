//! The file format, version 3. One after the other, without gaps:
//!
//! - `optimizer`: the burnpack container that Burn writes for the optimizer's state, as it is;
//! - `model`: the values of the parameters, as Burn's records hold them;
//! - `scheduler`: the burnpack container that Burn writes for the scheduler's record;
//! - the index, a burnpack container of no tensors: the metadata `format`, `version`,
//!   `optimizer.config`, `schedule`, `note.*`, the parameters of the model as JSON, and the XXH3
//!   hash of 128 bits `xxh3.*` of each part; the scalars `progress.*` and `size.*`;
//! - the trailer: the index's size (8 bytes, little-endian), an XXH3 hash of the index, that size
//!   and the mark (16 bytes, big-endian), and the mark `BURN-LR` with the version as its eighth byte.
//!
//! Version 2, which is read and no longer written, has BLAKE3 hashes instead: `blake3.*`, and 32 bytes in the
//! trailer.
//!
//! The index holds the hashes of all parts, so that the trailer's is one of all bytes of the file.
//!
//! The optimizer's state comes first since Burn gives it in two ways only: as one more copy in
//! memory, or as a file. So Burn writes its own file, and the rest is written after that: a
//! checkpoint of any size is saved with no copy of it in memory, and each byte is hashed once.

mod hash;
pub(crate) mod read;
#[cfg(feature = "write")]
pub(crate) mod write;

use std::fmt;

use twox_hash::XxHash3_128;

pub const MARK: [u8; 7] = *b"BURN-LR";
/// The largest metadata that burnpack reads.
pub const MAX_INDEX_SIZE: u64 = 100 << 20;
/// The number of bytes that are hashed at a time, while the processor's cache has them.
pub const CHUNK: usize = 1 << 18;

/// A version of the format: its hash.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Version {
    V2 = 2,
    V3 = 3,
}

impl Version {
    pub const ALL: [Self; 2] = [Self::V2, Self::V3];

    pub fn of(number: u8) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|version| version.number() == number)
    }

    pub fn number(self) -> u8 {
        self as u8
    }

    /// The name of the hash in an index.
    pub fn hash_name(self) -> &'static str {
        match self {
            Self::V2 => "blake3",
            Self::V3 => "xxh3",
        }
    }

    /// The size of a trailer: an index's size, a hash, the mark and the number.
    pub fn trailer_size(self) -> usize {
        let hash = match self {
            Self::V2 => blake3::OUT_LEN,
            Self::V3 => size_of::<u128>(),
        };
        8 + hash + 8
    }

    /// The trailer of an index.
    pub fn trailer(self, index: &[u8]) -> Vec<u8> {
        let size = (index.len() as u64).to_le_bytes();
        let mark = [&MARK[..], &[self.number()]].concat();
        let hash = self.hash(&[index, &size, &mark]);
        [&size[..], &hash.0, &mark].concat()
    }

    pub fn hasher(self) -> Hasher {
        match self {
            Self::V2 => Hasher::Blake3(Box::default()),
            Self::V3 => Hasher::Xxh3(Box::default()),
        }
    }

    /// The hash of some bytes after each other.
    pub fn hash(self, parts: &[&[u8]]) -> Digest {
        let mut hasher = self.hasher();
        parts.iter().for_each(|bytes| hasher.update(bytes));
        hasher.finalize()
    }
}

/// The hash of bytes that come one after the other.
pub(crate) enum Hasher {
    Blake3(Box<blake3::Hasher>),
    Xxh3(Box<XxHash3_128>),
}

impl Hasher {
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Blake3(hasher) => _ = hasher.update(bytes),
            Self::Xxh3(hasher) => hasher.write(bytes),
        }
    }

    pub fn finalize(&self) -> Digest {
        Digest(match self {
            Self::Blake3(hasher) => hasher.finalize().as_bytes().to_vec(),
            Self::Xxh3(hasher) => hasher.finish_128().to_be_bytes().to_vec(),
        })
    }
}

/// The hash of some bytes; shown in hexadecimal.
#[derive(Debug, PartialEq)]
pub(crate) struct Digest(pub Vec<u8>);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

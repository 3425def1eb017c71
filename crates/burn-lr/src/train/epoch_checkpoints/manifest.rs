//! The list of an epoch's parts: a file that is written last, as JSON.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use burn::store::RecordError;
use lr_checkpoint::disk::write_atomically;
use serde::{Deserialize, Serialize};

use super::error::EpochCheckpointError;
use crate::run_dir::{file_names, refused};

const FORMAT: &str = "burn-lr epoch";
const VERSION: u64 = 1;
/// Many times what one has.
const MAX_SIZE: u64 = 1 << 16;

/// A part of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Model,
    Optimizer,
    Scheduler,
}

impl Part {
    pub const ALL: [Self; 3] = [Self::Model, Self::Optimizer, Self::Scheduler];

    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Optimizer => "optimizer",
            Self::Scheduler => "scheduler",
        }
    }

    /// The error where Burn could not write or read its record.
    pub fn refused_by_burn(self, epoch: usize) -> impl FnOnce(RecordError) -> EpochCheckpointError {
        move |source| EpochCheckpointError::Record {
            epoch,
            part: self.name(),
            source,
        }
    }
}

/// The size and the hash of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Digest {
    bytes: u64,
    blake3: String,
}

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.len() as u64,
            blake3: blake3::hash(bytes).to_string(),
        }
    }

    /// The digest of a file, which need not fit into memory.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(path)?)?;
        Ok(Self {
            bytes: hasher.count(),
            blake3: hasher.finalize().to_string(),
        })
    }

    /// The first half of the hash, which tells the files of one part of an epoch apart; `None` where the
    /// text is no hash.
    fn short(&self) -> Option<&str> {
        let is_hash = blake3::Hash::from_hex(&self.blake3).is_ok();
        self.blake3.get(..16).filter(|_| is_hash)
    }
}

/// The parts of an epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    format: String,
    version: u64,
    pub epoch: usize,
    model: Digest,
    optimizer: Digest,
    scheduler: Digest,
}

impl Manifest {
    pub fn new(epoch: usize, [model, optimizer, scheduler]: [Digest; 3]) -> Self {
        Self {
            format: FORMAT.to_string(),
            version: VERSION,
            epoch,
            model,
            optimizer,
            scheduler,
        }
    }

    pub fn digest(&self, part: Part) -> &Digest {
        match part {
            Part::Model => &self.model,
            Part::Optimizer => &self.optimizer,
            Part::Scheduler => &self.scheduler,
        }
    }

    /// The name of a part's file.
    pub fn file_name(&self, part: Part) -> String {
        part_name(self.epoch, part, self.digest(part))
    }

    pub fn file_names(&self) -> [String; 3] {
        Part::ALL.map(|part| self.file_name(part))
    }

    pub fn write(&self, directory: &Path) -> Result<(), EpochCheckpointError> {
        let text = serde_json::to_string_pretty(self).expect("a manifest has a JSON form");
        write(manifest_path(directory, self.epoch), text.as_bytes())
    }

    pub fn read(directory: &Path, epoch: usize) -> Result<Self, EpochCheckpointError> {
        let path = manifest_path(directory, epoch);
        let mut text = vec![];
        let read = File::open(&path).and_then(|file| file.take(MAX_SIZE).read_to_end(&mut text));
        match read {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(EpochCheckpointError::Incomplete { epoch, path });
            }
            read => read.map_err(refused("read", &path))?,
        };
        let damaged = |reason: String| EpochCheckpointError::Part {
            epoch,
            part: "manifest",
            path: path.clone(),
            reason: format!("is damaged: {reason}"),
        };
        #[derive(Deserialize)]
        struct Header {
            format: String,
            version: u64,
        }
        let no_json = |error: serde_json::Error| damaged(error.to_string());
        let header: Header = serde_json::from_slice(&text).map_err(no_json)?;
        if header.format != FORMAT {
            return Err(damaged(format!("its format is `{}`", header.format)));
        }
        if header.version != VERSION {
            return Err(EpochCheckpointError::Version {
                epoch,
                found: header.version,
                supported: VERSION,
            });
        }
        let manifest: Self = serde_json::from_slice(&text).map_err(no_json)?;
        if manifest.epoch != epoch {
            return Err(damaged(format!("it is of epoch {}", manifest.epoch)));
        }
        for part in Part::ALL {
            if manifest.digest(part).short().is_none() {
                return Err(damaged(format!("its {} has no BLAKE3 hash", part.name())));
            }
        }
        Ok(manifest)
    }
}

pub(super) fn write(path: PathBuf, bytes: &[u8]) -> Result<(), EpochCheckpointError> {
    let written = write_atomically(&path, bytes).map_err(io::Error::other);
    Ok(written.map_err(refused("write", &path))?)
}

const BEGIN: &str = "epoch-";

pub(super) fn manifest_path(directory: &Path, epoch: usize) -> PathBuf {
    directory.join(manifest_name(epoch))
}

fn manifest_name(epoch: usize) -> String {
    format!("{BEGIN}{epoch:06}.json")
}

/// The name of a part's file. It has part of the digest in it, so that an epoch that is saved again
/// does not write over the one that was there until it is complete.
pub(super) fn part_name(epoch: usize, part: Part, digest: &Digest) -> String {
    let (part, digest) = (part.name(), digest.short().unwrap_or("unknown"));
    format!("{BEGIN}{epoch:06}-{part}-{digest}.bpk")
}

/// The kind of a file in the directory, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Manifest(usize),
    Part(usize),
}

impl FileKind {
    pub fn of(name: &str) -> Option<Self> {
        let (epoch, rest) = name.strip_prefix(BEGIN)?.split_once(['-', '.'])?;
        let epoch = epoch.parse().ok()?;
        if manifest_name(epoch) == name {
            return Some(Self::Manifest(epoch));
        }
        let (part, digest) = rest.strip_suffix(".bpk")?.split_once('-')?;
        let is_part = Part::ALL.iter().any(|known| known.name() == part);
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_digest = digest.len() == 16 && digest.bytes().all(is_hex);
        let is_ours = name.starts_with(&format!("{BEGIN}{epoch:06}-"));
        (is_part && is_digest && is_ours).then_some(Self::Part(epoch))
    }

    /// All of ours in a directory.
    pub fn all(directory: &Path) -> Result<Vec<(Self, String)>, EpochCheckpointError> {
        let names = file_names(directory)?.into_iter();
        Ok(names
            .filter_map(|name| Some((Self::of(&name)?, name)))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_are_known_by_their_names() {
        let digest = Digest::of(b"weights");
        for epoch in [1, 42, 1_000_000, usize::MAX] {
            assert_eq!(
                FileKind::of(&manifest_name(epoch)),
                Some(FileKind::Manifest(epoch))
            );
            for part in Part::ALL {
                let name = part_name(epoch, part, &digest);
                assert_eq!(FileKind::of(&name), Some(FileKind::Part(epoch)), "{name}");
            }
        }
        for odd in [
            "",
            "epoch-",
            "epoch-1.json",
            "epoch-000001.json.tmp",
            "epoch-000001-model-.bpk",
            "epoch-000001-weights-0123456789abcdef.bpk",
            "epoch-1-model-0123456789abcdef.bpk",
            "epoch-000001-model-0123456789ABCDEF.bpk",
            "epoch-99999999999999999999999.json",
            "epoch-000001-model-0123456789abcdef0.bpk",
            "model-1.bpk",
            "epoch-00000١.json",
        ] {
            assert_eq!(FileKind::of(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_manifest_comes_back_or_says_what_is_wrong() {
        let directory = tempfile::tempdir().unwrap();
        let path = manifest_path(directory.path(), 3);
        let digests = [b"model", b"optim", b"sched"].map(|bytes| Digest::of(bytes));
        let manifest = Manifest::new(3, digests);
        manifest.write(directory.path()).unwrap();
        assert_eq!(Manifest::read(directory.path(), 3).unwrap(), manifest);

        let text = fs::read_to_string(&path).unwrap();
        let wrong = |from: &str, to: &str| {
            assert!(text.contains(from));
            fs::write(&path, text.replacen(from, to, 1)).unwrap();
            Manifest::read(directory.path(), 3).unwrap_err().to_string()
        };
        assert!(wrong("\"epoch\": 3", "\"epoch\": 4").ends_with("it is of epoch 4"));
        assert!(wrong("burn-lr epoch", "another").ends_with("its format is `another`"));
        assert!(wrong("\"version\": 1", "\"version\": 9").contains("in version 9"));
        assert!(
            wrong("\"blake3\": \"", "\"blake3\": \"../").ends_with("its model has no BLAKE3 hash")
        );
        assert!(wrong("\"epoch\"", "\"more\": 1, \"epoch\"").contains("unknown field `more`"));
        assert!(wrong(&text, "").contains("damaged: EOF"));
        assert!(wrong(&text, &" ".repeat(1 << 20)).contains("damaged: EOF"));
        fs::remove_file(&path).unwrap();
        let error = Manifest::read(directory.path(), 3).unwrap_err();
        assert!(matches!(
            error,
            EpochCheckpointError::Incomplete { epoch: 3, .. }
        ));
    }
}

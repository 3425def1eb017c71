//! The file format, version 1: a burnpack container with
//!
//! - the metadata `format`, `version`, `optimizer.config`, `schedule`, `note.*`, and of each part
//!   `blake3.*`;
//! - the scalars `progress.*`;
//! - the byte tensors `model`, `optimizer` and `scheduler`, each what Burn writes for it, and
//!   last `digest`: the BLAKE3 hash of all bytes of the file before it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use burn::tensor::Bytes;
use burn_pack::{AtomicFile, DType, MAGIC_NUMBER, Reader, Scalar, Tensor, Writer};

use super::Progress;
use super::error::CheckpointError;

const FORMAT: &str = "burn-lr checkpoint";
const VERSION: u64 = 1;
const DIGEST: &str = "digest";
const DIGEST_SIZE: usize = blake3::OUT_LEN;

/// What Burn's reader takes, though its writer writes more.
#[cfg(not(target_pointer_width = "32"))]
const MAX_PART_SIZE: usize = 10 << 30;
#[cfg(target_pointer_width = "32")]
const MAX_PART_SIZE: usize = 1 << 30;

/// What a checkpoint holds.
pub(super) struct Contents {
    pub model: Bytes,
    pub optimizer: Bytes,
    pub scheduler: Bytes,
    pub optimizer_config: String,
    pub schedule: Option<String>,
    pub progress: Progress,
    pub notes: BTreeMap<String, String>,
}

impl Contents {
    fn parts(&self) -> [(&'static str, &Bytes); 3] {
        [
            ("model", &self.model),
            ("optimizer", &self.optimizer),
            ("scheduler", &self.scheduler),
        ]
    }

    fn to_writer(&self) -> Writer {
        let mut tensors = vec![];
        let mut metadata = vec![
            ("format".to_string(), FORMAT.to_string()),
            ("version".to_string(), VERSION.to_string()),
            (
                "optimizer.config".to_string(),
                self.optimizer_config.clone(),
            ),
        ];
        metadata.extend(
            self.schedule
                .clone()
                .map(|text| ("schedule".to_string(), text)),
        );
        let notes = self.notes.iter();
        metadata.extend(notes.map(|(name, text)| (format!("note.{name}"), text.clone())));
        for (name, bytes) in self.parts() {
            metadata.push((checksum_name(name), blake3::hash(bytes).to_string()));
            tensors.push(byte_tensor(name, bytes.clone()));
        }
        // Filled in by `write`, once everything before it is known.
        let digest = Bytes::from_bytes_vec(vec![0; DIGEST_SIZE]);
        tensors.push(byte_tensor(DIGEST, digest));

        let Progress {
            epoch,
            step,
            seed,
            metrics,
        } = &self.progress;
        let mut writer = Writer::new(tensors)
            .with_scalar("progress.epoch", Scalar::UInt(*epoch))
            .with_scalar("progress.step", Scalar::UInt(*step))
            .with_scalar("progress.seed", Scalar::UInt(*seed));
        for (name, value) in metrics {
            writer = writer.with_scalar(&format!("progress.metrics.{name}"), Scalar::Float(*value));
        }
        for (name, text) in metadata {
            writer = writer.with_metadata(&name, &text);
        }
        writer
    }
}

fn checksum_name(part: &str) -> String {
    format!("blake3.{part}")
}

fn byte_tensor(name: &str, bytes: Bytes) -> Tensor {
    Tensor::new(name.to_string(), DType::U8, vec![bytes.len()], None, bytes)
}

/// Writes `contents` in place of what is at `path`, once they are complete and on disk.
pub(super) fn write(contents: &Contents, path: &Path) -> Result<(), CheckpointError> {
    let failed = |reason: String| CheckpointError::Write {
        path: path.to_path_buf(),
        reason,
    };
    for (name, bytes) in contents.parts() {
        let size = bytes.len();
        if size > MAX_PART_SIZE {
            return Err(failed(format!(
                "its {name} has {size} bytes, and a part can't have more than {MAX_PART_SIZE}"
            )));
        }
    }
    let writer = contents.to_writer();
    let mut bytes = vec![0; writer.size()?];
    writer.write_into(&mut bytes)?;
    if let Some((hashed, digest)) = bytes.split_last_chunk_mut::<DIGEST_SIZE>() {
        *digest = blake3::hash(hashed).into();
    }

    let (scratch, mut file) =
        AtomicFile::create(path).map_err(|error| failed(error.to_string()))?;
    let written = file.write_all(&bytes).and_then(|()| file.sync_all());
    written.map_err(|error| failed(error.to_string()))?;
    drop(file);
    scratch.commit().map_err(|error| failed(error.to_string()))
}

/// Reads the file at `path` if it is whole.
pub(super) fn read(path: &Path) -> Result<Contents, CheckpointError> {
    let bytes = std::fs::read(path).map_err(|source| CheckpointError::Io {
        action: "read",
        path: path.to_path_buf(),
        source,
    })?;
    let file = Verifier { path };
    let is_burnpack = bytes.starts_with(&MAGIC_NUMBER.to_le_bytes());
    let whole = match bytes.split_last_chunk::<DIGEST_SIZE>() {
        Some((hashed, digest)) => blake3::hash(hashed) == *digest,
        None => false,
    };
    let bytes = Bytes::from_bytes_vec(bytes).shared();
    let unreadable = |error: burn_pack::Error| match is_burnpack {
        true => file.damaged("header, index or length"),
        false => file.not_a_checkpoint(error.to_string()),
    };
    let reader = Reader::from_bytes(bytes).map_err(unreadable)?;
    let metadata = reader.metadata().clone();
    let scalars = reader.scalars().clone();
    file.check_format(&metadata)?;
    let mut parts = BTreeMap::new();
    for tensor in reader.into_tensors().map_err(unreadable)? {
        parts.insert(tensor.name.clone(), tensor.into_bytes()?);
    }
    let mut part = |name| file.part(name, &mut parts, &metadata);
    let (model, optimizer, scheduler) = (part("model")?, part("optimizer")?, part("scheduler")?);
    if !whole {
        return Err(file.damaged("header, index or padding"));
    }
    Ok(Contents {
        model,
        optimizer,
        scheduler,
        optimizer_config: file.text("optimizer.config", &metadata)?,
        schedule: metadata.get("schedule").cloned(),
        progress: file.progress(&scalars)?,
        notes: below("note.", &metadata)
            .map(|(name, text)| (name, text.clone()))
            .collect(),
    })
}

/// The entries whose names begin with `prefix`, without it.
fn below<'a, V>(
    prefix: &str,
    entries: &'a BTreeMap<String, V>,
) -> impl Iterator<Item = (String, &'a V)> {
    entries.iter().filter_map(move |(name, value)| {
        let name = name.strip_prefix(prefix)?;
        Some((name.to_string(), value))
    })
}

/// Finds things in a file that may hold anything, and says what is wrong with it.
struct Verifier<'a> {
    path: &'a Path,
}

impl Verifier<'_> {
    fn not_a_checkpoint(&self, reason: impl Into<String>) -> CheckpointError {
        CheckpointError::NotACheckpoint {
            path: self.path.to_path_buf(),
            reason: reason.into(),
        }
    }

    fn damaged(&self, part: &'static str) -> CheckpointError {
        CheckpointError::Damaged {
            path: self.path.to_path_buf(),
            part,
        }
    }

    fn text(
        &self,
        name: &str,
        metadata: &BTreeMap<String, String>,
    ) -> Result<String, CheckpointError> {
        let text = metadata.get(name).cloned();
        text.ok_or_else(|| self.not_a_checkpoint(format!("it has no `{name}`")))
    }

    fn check_format(&self, metadata: &BTreeMap<String, String>) -> Result<(), CheckpointError> {
        if self.text("format", metadata)? != FORMAT {
            return Err(self.not_a_checkpoint("it is another kind of burnpack file"));
        }
        let found = self.text("version", metadata)?;
        if found == VERSION.to_string() {
            return Ok(());
        }
        Err(CheckpointError::Version {
            path: self.path.to_path_buf(),
            found,
            supported: VERSION,
        })
    }

    /// A part whose bytes are what was written.
    fn part(
        &self,
        name: &'static str,
        parts: &mut BTreeMap<String, Bytes>,
        metadata: &BTreeMap<String, String>,
    ) -> Result<Bytes, CheckpointError> {
        let Some(bytes) = parts.remove(name) else {
            return Err(self.not_a_checkpoint(format!("it has no {name}")));
        };
        if self.text(&checksum_name(name), metadata)? != blake3::hash(&bytes).to_string() {
            return Err(self.damaged(name));
        }
        Ok(bytes)
    }

    fn progress(&self, scalars: &BTreeMap<String, Scalar>) -> Result<Progress, CheckpointError> {
        let count = |name: &str| {
            let name = format!("progress.{name}");
            let count = scalars
                .get(&name)
                .and_then(|value| u64::try_from(*value).ok());
            count.ok_or_else(|| self.not_a_checkpoint(format!("it has no count `{name}`")))
        };
        let metrics = below("progress.metrics.", scalars).map(|(name, value)| {
            let number = f64::try_from(*value);
            let number = number
                .map_err(|_| self.not_a_checkpoint(format!("its metric `{name}` is no number")));
            Ok((name, number?))
        });
        Ok(Progress {
            epoch: count("epoch")?,
            step: count("step")?,
            seed: count("seed")?,
            metrics: metrics.collect::<Result<_, CheckpointError>>()?,
        })
    }
}

//! The texts and numbers that both versions keep in the metadata and scalars of a burnpack container.

use std::collections::BTreeMap;

#[cfg(feature = "write")]
use burn_pack::Writer;
use burn_pack::{Reader, Scalar};

use crate::contents::{About, Progress};
use crate::error::FileFault;

/// The name of the format, which is in each file.
pub(crate) const FORMAT: &str = "burn-lr checkpoint";

/// The named texts and numbers of a container.
pub(crate) struct Index {
    texts: BTreeMap<String, String>,
    scalars: BTreeMap<String, Scalar>,
}

impl Index {
    pub fn of(reader: &Reader) -> Self {
        Self {
            texts: reader.metadata().clone(),
            scalars: reader.scalars().clone(),
        }
    }

    pub fn text(&self, name: &str) -> Result<&str, FileFault> {
        let text = self.texts.get(name).map(String::as_str);
        text.ok_or_else(|| FileFault::NotACheckpoint(format!("it has no `{name}`")))
    }

    pub fn check_format(&self, version: &str) -> Result<(), FileFault> {
        if self.text("format")? != FORMAT {
            let other = "it is another kind of burnpack file".to_string();
            return Err(FileFault::NotACheckpoint(other));
        }
        let found = self.text("version")?;
        match found == version {
            true => Ok(()),
            false => Err(FileFault::version(found)),
        }
    }

    pub fn count(&self, name: &str) -> Result<u64, FileFault> {
        let count = self.scalars.get(name);
        let count = count.and_then(|value| u64::try_from(*value).ok());
        count.ok_or_else(|| FileFault::NotACheckpoint(format!("it has no count `{name}`")))
    }

    pub fn about(&self) -> Result<About, FileFault> {
        let metrics = below("progress.metrics.", &self.scalars).map(|(name, value)| {
            let number = f64::try_from(*value);
            let number = number.map_err(|_| {
                FileFault::NotACheckpoint(format!("its metric `{name}` is no number"))
            });
            Ok((name, number?))
        });
        Ok(About {
            optimizer_config: self.text("optimizer.config")?.to_string(),
            schedule: self.texts.get("schedule").cloned(),
            progress: Progress {
                epoch: self.count("progress.epoch")?,
                step: self.count("progress.step")?,
                seed: self.count("progress.seed")?,
                metrics: metrics.collect::<Result<_, FileFault>>()?,
            },
            notes: below("note.", &self.texts)
                .map(|(name, text)| (name, text.clone()))
                .collect(),
        })
    }

    /// A container of no tensors for the texts and numbers of a checkpoint.
    #[cfg(feature = "write")]
    pub fn writer(about: &About, version: &str) -> Writer {
        let progress = &about.progress;
        let mut writer = Writer::new(vec![])
            .with_metadata("format", FORMAT)
            .with_metadata("version", version)
            .with_metadata("optimizer.config", &about.optimizer_config)
            .with_scalar("progress.epoch", Scalar::UInt(progress.epoch))
            .with_scalar("progress.step", Scalar::UInt(progress.step))
            .with_scalar("progress.seed", Scalar::UInt(progress.seed));
        if let Some(schedule) = &about.schedule {
            writer = writer.with_metadata("schedule", schedule);
        }
        for (name, text) in &about.notes {
            writer = writer.with_metadata(&format!("note.{name}"), text);
        }
        for (name, value) in &progress.metrics {
            writer = writer.with_scalar(&format!("progress.metrics.{name}"), Scalar::Float(*value));
        }
        writer
    }
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

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use lr_checkpoint::name::step_of;
use lr_checkpoint::retention::ranked;
use lr_checkpoint::{CheckpointFile, FileError, FileFault};
use lr_schedule::feedback::Mode;

use super::error::CheckpointDirError;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::run_dir::file_names;

/// A directory of checkpoints, each in a file that is named after its step.
///
/// Anybody may read it, while a run writes to it too. Who writes has a [`CheckpointWriter`](crate::CheckpointWriter), of
/// which there is one at a time, and keeps what a [`Retention`](crate::Retention) says.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::optim::AdamConfig;
/// use burn::tensor::Device;
/// use burn_lr::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("checkpoints");
/// let device = Device::flex().autodiff();
/// let config = AdamConfig::new();
/// let (model, optimizer) = (LinearConfig::new(10, 1).init(&device), config.init());
/// let mut lr = Scheduler::new(Cosine::new(0.1, 0.0, 1_000));
///
/// let checkpoints = CheckpointDir::new(&path);
/// let retention = Retention::new().keep_last(2).keep_best("valid_loss", Mode::Min);
/// let mut writer = checkpoints.writer(retention)?;
/// for (epoch, valid_loss) in [0.5, 0.2, 0.4, 0.3, 0.6].into_iter().enumerate() {
///     for _ in 0..100 {
///         lr.step(); // and the optimizer, with this rate
///     }
///     let progress = Progress {
///         epoch: epoch as u64 + 1,
///         step: lr.position(),
///         seed: 42,
///         metrics: [("valid_loss".to_string(), valid_loss)].into(),
///     };
///     writer.save(&Checkpoint::capture(&model, &optimizer, &config, &lr, progress)?)?;
/// }
/// let steps: Vec<u64> = checkpoints.list()?.iter().map(|file| file.step).collect();
/// assert_eq!(steps, [200, 400, 500]);
///
/// // another process, later
/// let latest = checkpoints.latest()?.expect("a run was begun here");
/// assert_eq!(latest.checkpoint.progress().step, 500); // latest.checkpoint.restore(…)
/// let best = checkpoints.best("valid_loss", Mode::Min)?.expect("likewise");
/// assert_eq!(best.checkpoint.progress().step, 200);
/// # Ok(())
/// # }
/// ```
///
/// Files with other names are left alone, and so are checkpoints that can't be read: they are
/// never removed, count for no rule, and are passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointDir {
    path: PathBuf,
}

/// A checkpoint that was found whole.
#[derive(Debug)]
#[non_exhaustive]
pub struct FoundCheckpoint {
    /// Its file.
    pub path: PathBuf,
    /// Its contents.
    pub checkpoint: Checkpoint,
    /// The checkpoints that would have come first, had they been whole. Each is logged as a warning too.
    pub passed_over: Vec<FileError>,
}

impl CheckpointDir {
    /// The directory at `path`, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The path of the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The checkpoints by their names, in the order of their steps. They may be damaged: nothing
    /// is read but the directory. [`Checkpoint::load`] reads one.
    ///
    /// # Errors
    ///
    /// A directory that can't be read. One that isn't there has no checkpoints.
    pub fn list(&self) -> Result<Vec<CheckpointFile>, CheckpointDirError> {
        let names = match file_names(&self.path) {
            Err(refused) if refused.source.kind() == ErrorKind::NotFound => return Ok(vec![]),
            names => names?,
        };
        let mut steps: Vec<u64> = names.iter().filter_map(|name| step_of(name)).collect();
        steps.sort_unstable();
        let files = steps.into_iter();
        Ok(files
            .map(|step| CheckpointFile::new(&self.path, step))
            .collect())
    }

    /// The latest checkpoint that is whole; `None` where there is none at all.
    ///
    /// # Errors
    ///
    /// Checkpoints of which none is whole, or one that can't be judged: it can't be read, or a later
    /// version of this library wrote it. Going on from an older one would in time remove it.
    pub fn latest(&self) -> Result<Option<FoundCheckpoint>, CheckpointDirError> {
        self.first_whole(|| {
            let files = self.list()?.into_iter().rev();
            Ok((files.map(|file| file.path).collect(), vec![]))
        })
    }

    /// The checkpoint with the best [metric](crate::Progress::metrics) of this name, of those that are
    /// whole; `None` where there is no checkpoint at all. Of several that are equally good, it is
    /// the first; one that is missing, NaN or infinite is never best.
    ///
    /// # Errors
    ///
    /// As [`latest`](Self::latest), and where no checkpoint has such a metric.
    pub fn best(
        &self,
        metric: &str,
        mode: Mode,
    ) -> Result<Option<FoundCheckpoint>, CheckpointDirError> {
        self.first_whole(|| {
            let (mut found, mut passed_over) = (vec![], vec![]);
            for CheckpointFile { path, .. } in self.list()? {
                // Whether the rest is whole is seen when it is loaded.
                match lr_checkpoint::inspect(&path) {
                    Ok(inspection) => found.push((path, inspection.progress)),
                    Err(error) => pass_over(error, &mut passed_over)?,
                }
            }
            let all = found
                .iter()
                .map(|(path, progress)| (path.clone(), progress));
            let ranked = ranked(all, metric, mode);
            if ranked.is_empty() && !found.is_empty() {
                let metrics = found.iter().map(|(_, progress)| &progress.metrics);
                let present: BTreeSet<&String> = metrics.flat_map(BTreeMap::keys).collect();
                return Err(CheckpointDirError::NoSuchMetric {
                    path: self.path.clone(),
                    metric: metric.to_string(),
                    present: present.into_iter().cloned().collect(),
                });
            }
            Ok((ranked, passed_over))
        })
    }

    /// The first of some candidates that is whole. They are asked for anew where one has vanished:
    /// a writer may have removed it for a newer one.
    fn first_whole(
        &self,
        candidates: impl Fn() -> Result<(Vec<PathBuf>, Vec<FileError>), CheckpointDirError>,
    ) -> Result<Option<FoundCheckpoint>, CheckpointDirError> {
        'again: loop {
            let (paths, mut passed_over) = candidates()?;
            for path in paths {
                match Checkpoint::read(&path) {
                    Ok(checkpoint) => {
                        return Ok(Some(FoundCheckpoint {
                            path,
                            checkpoint,
                            passed_over,
                        }));
                    }
                    Err(error) if has_vanished(&error) => continue 'again,
                    Err(error) => pass_over(error, &mut passed_over)?,
                }
            }
            return match passed_over.is_empty() {
                true => Ok(None),
                false => Err(CheckpointDirError::NoneWhole {
                    path: self.path.clone(),
                    passed_over,
                }),
            };
        }
    }
}

pub(super) fn has_vanished(error: &FileError) -> bool {
    matches!(&error.fault, FileFault::Read(source) if source.kind() == ErrorKind::NotFound)
}

/// Notes that a file is damaged, or fails where that isn't what is wrong with it.
fn pass_over(error: FileError, passed_over: &mut Vec<FileError>) -> Result<(), CheckpointDirError> {
    let is_damage = match &error.fault {
        FileFault::Version { .. } => false,
        FileFault::Read(source) => source.kind() == ErrorKind::UnexpectedEof,
        _ => true,
    };
    if has_vanished(&error) {
        return Ok(());
    }
    if !is_damage {
        return Err(CheckpointError::from(error).into());
    }
    log::warn!("passed over: {error}");
    passed_over.push(error);
    Ok(())
}

//! The directory of a run.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::cli::Options;

/// The directory of a run, with all that it needs to be resumed.
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// A directory for a new run, which has `options`; made where there is none.
    pub fn create(path: &Path, options: &Options) -> Result<Self, Error> {
        fs::create_dir_all(path).map_err(Error::io("create", path))?;
        let dir = Self {
            path: path.to_path_buf(),
        };
        if Self::holds_a_run(path) {
            return Err(Error::AlreadyARun(path.display().to_string()));
        }
        let text = serde_json::to_string_pretty(options).expect("options have a JSON form");
        // Under its name once it is complete: with it, the run has begun.
        let (path, complete) = (dir.options_path(), dir.path.join("options.json.new"));
        fs::write(&complete, text).map_err(Error::io("write", &complete))?;
        fs::rename(&complete, &path).map_err(Error::io("write", &path))?;
        Ok(dir)
    }

    /// Whether a run was begun in the directory `path`.
    pub fn holds_a_run(path: &Path) -> bool {
        path.join(OPTIONS).exists()
    }

    /// The directory of a run that was begun, and its options.
    pub fn open(path: &Path) -> Result<(Self, Options), Error> {
        let dir = Self {
            path: path.to_path_buf(),
        };
        if !Self::holds_a_run(path) {
            return Err(Error::NoRun(path.display().to_string()));
        }
        let text = fs::read_to_string(dir.options_path());
        let text = text.map_err(Error::io("read", &dir.options_path()))?;
        let options = serde_json::from_str(&text).map_err(|error| Error::Options {
            path: path.display().to_string(),
            reason: error.to_string(),
        })?;
        Ok((dir, options))
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The rates of every step.
    pub fn history(&self) -> PathBuf {
        self.path.join("history.csv")
    }

    /// The picture of those.
    pub fn picture(&self) -> PathBuf {
        self.path.join("history.svg")
    }

    fn options_path(&self) -> PathBuf {
        self.path.join(OPTIONS)
    }

    /// The epochs that can be gone on from.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoint")
    }
}

const OPTIONS: &str = "options.json";

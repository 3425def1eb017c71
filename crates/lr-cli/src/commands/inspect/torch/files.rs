//! The files that are looked at.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use lr_torch::{Part, PartKind, TorchError, TorchFile, TrainingArguments, Value};
use serde_json::Value as Json;

use super::trainer;
use crate::cli::Inspect;
use crate::failure::Failure;

/// One file, or those of a folder.
pub struct Files {
    opened: Vec<Opened>,
    /// The file of the optimizer, which the command line names.
    optimizer: Option<Opened>,
    /// The training's own state, where a folder has it.
    pub trainer: Option<Json>,
    /// The folder's files that can't be read, and why.
    pub problems: BTreeMap<String, String>,
}

struct Opened {
    /// Its name in the folder; empty for a file that is looked at by itself.
    name: String,
    origin: String,
    file: TorchFile,
}

/// A part of one of the files.
pub struct Found<'a> {
    pub origin: &'a str,
    pub part: Part<'a>,
}

const ARGUMENTS: &str = "training_args.bin";
const TRAINER: &str = "trainer_state.json";
const ENDINGS: [&str; 4] = ["pt", "bin", "pth", "ckpt"];

impl Opened {
    fn read(path: &Path, name: String) -> Result<Self, Failure> {
        let origin = path.display().to_string();
        let file = TorchFile::open(path).and_then(|file| file.check().map(|()| file));
        let file = file.map_err(|error| failure(&origin, error))?;
        Ok(Self { name, origin, file })
    }

    fn parts(&self) -> Result<Vec<Found<'_>>, Failure> {
        let parts = self.file.root().parts();
        let parts = parts.map_err(|error| failure(&self.origin, error))?;
        let origin = self.origin.as_str();
        let found = parts.into_iter().map(|mut part| {
            if !self.name.is_empty() {
                let at = format!("{}.{}", self.name, part.at);
                part.at = at.trim_end_matches('.').to_string();
            }
            Found { origin, part }
        });
        Ok(found.collect())
    }
}

impl Files {
    pub fn open(options: &Inspect) -> Result<Self, Failure> {
        let read = |path: &Path| Opened::read(path, String::new());
        let mut files = Self {
            opened: Vec::new(),
            optimizer: options.optimizer.as_deref().map(read).transpose()?,
            trainer: None,
            problems: BTreeMap::new(),
        };
        match options.file.is_dir() {
            true => files.open_folder(&options.file)?,
            false => files.opened.push(read(&options.file)?),
        }
        Ok(files)
    }

    fn open_folder(&mut self, folder: &Path) -> Result<(), Failure> {
        let origin = folder.display().to_string();
        let names = std::fs::read_dir(folder).and_then(|entries| {
            let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
            names.collect::<io::Result<Vec<_>>>()
        });
        let mut names = names.map_err(Failure::read(&origin))?;
        names.sort();
        for name in names {
            let path = folder.join(&name);
            let has_states =
                name == ARGUMENTS || name.contains("scheduler") || name.contains("optimizer");
            let ending = path.extension().and_then(|ending| ending.to_str());
            let read = if name == TRAINER {
                trainer::read(&path).map(|state| self.trainer = Some(state))
            } else if has_states && ending.is_some_and(|ending| ENDINGS.contains(&ending)) {
                Opened::read(&path, name.clone()).map(|file| self.opened.push(file))
            } else {
                continue;
            };
            if let Err(error) = read {
                let problem = error.text.strip_prefix(&format!("{}: ", path.display()));
                self.problems
                    .insert(name, problem.unwrap_or(&error.text).into());
            }
        }
        if !self.opened.is_empty() || self.trainer.is_some() {
            return Ok(());
        }
        let problem = match self.problems.first_key_value() {
            Some((name, problem)) => format!("{name}: {problem}"),
            None => format!(
                "has no files of the names scheduler.pt, optimizer.pt, {ARGUMENTS} or {TRAINER}: give one of \
                 its files"
            ),
        };
        Err(Failure::input(&origin, problem))
    }

    pub fn format(&self) -> Option<&'static str> {
        self.opened.first().map(|opened| opened.file.format())
    }

    /// The value that was saved in the only file.
    pub fn root(&self) -> Option<Value<'_>> {
        match self.opened.as_slice() {
            [opened] => Some(opened.file.root()),
            _ => None,
        }
    }

    fn parts(&self) -> Result<Vec<Found<'_>>, Failure> {
        let parts = self.opened.iter().map(Opened::parts);
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(parts.into_iter().flatten().collect())
    }

    /// The parts that the command line asks for: those at a place and in it, or all.
    pub fn found(&self, options: &Inspect) -> Result<Vec<Found<'_>>, Failure> {
        let at = options.at.as_deref().unwrap_or_default();
        let is_asked_for = |found: &Found<'_>| {
            let rest = found.part.at.strip_prefix(at);
            rest.is_some_and(|rest| at.is_empty() || rest.is_empty() || rest.starts_with('.'))
        };
        let parts = self.parts()?.into_iter();
        let (parts, others): (Vec<_>, Vec<_>) = parts.partition(is_asked_for);
        if !parts.is_empty() || at.is_empty() {
            return Ok(parts);
        }
        // In a part, such as one of the weights.
        if let [opened] = self.opened.as_slice()
            && let Ok(value) = opened.file.root().at(at)
        {
            let (at, kind) = (at.to_string(), PartKind::Value);
            let part = Part { at, value, kind };
            let origin = opened.origin.as_str();
            return Ok(vec![Found { origin, part }]);
        }
        let states = others.into_iter();
        let states = states.filter(|found| found.part.kind != PartKind::Value);
        let states: Vec<_> = states.map(|found| found.part.at).collect();
        let known = match states.join(", ") {
            none if none.is_empty() => "no states".to_string(),
            known => known,
        };
        let problem = format!("--at {at}: is not there; there are {known}");
        Err(Failure::input(options.file.display(), problem))
    }

    /// The optimizers of the file that the command line names, or of these.
    pub fn optimizers(&self) -> Result<Vec<Found<'_>>, Failure> {
        let mut parts = match &self.optimizer {
            Some(optimizer) => optimizer.parts()?,
            None => self.parts()?,
        };
        parts.retain(|found| found.part.kind == PartKind::Optimizer);
        match &self.optimizer {
            Some(optimizer) if parts.is_empty() => Err(Failure::input(
                &optimizer.origin,
                "has no optimizer's state",
            )),
            _ => Ok(parts),
        }
    }

    /// The arguments of transformers' `Trainer`.
    pub fn arguments(&self) -> Result<Option<TrainingArguments>, Failure> {
        let mut files = self.opened.iter();
        let Some(opened) = files.find(|opened| TrainingArguments::are(&opened.file.root())) else {
            return Ok(None);
        };
        let arguments = TrainingArguments::read(&opened.file.root());
        arguments
            .map(Some)
            .map_err(|error| failure(&opened.origin, error))
    }
}

/// The error, with this program's options in place of the library's methods.
pub fn failure(origin: &str, error: TorchError) -> Failure {
    match error {
        TorchError::Io { source, .. } => Failure::read(origin)(source),
        error => Failure::input(origin, in_words(&error)),
    }
}

pub fn in_words(error: &TorchError) -> String {
    let text = error.to_string();
    match text.split_once(": give the schedule that it makes") {
        Some((what, _)) => format!("{what}: give its config, with --config"),
        None => text
            .replace("`ReadOptions::with_optimizer`", "--optimizer")
            .replace("`lr_compat::ecosystems` or ", "")
            .replace("give the class by its name", "give the class with --class"),
    }
}

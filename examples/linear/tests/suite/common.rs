//! The program as a user runs it.
#![allow(dead_code)] // each test file uses its part

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use burn_lr::Checkpoint;
use burn_pack::{Bytes, Reader};

/// The backends that this build of the program can be told to run on.
pub fn backends() -> Vec<&'static str> {
    let mut backends = vec!["flex", "ndarray"];
    if cfg!(feature = "wgpu") {
        backends.push("wgpu");
    }
    if cfg!(feature = "cuda") {
        backends.push("cuda");
    }
    backends
}

pub fn linear(backend: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_linear"));
    command.env("BURN_DEVICE", backend).args(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts the program.
pub fn spawn(backend: &str, args: &[&str]) -> Child {
    linear(backend, args).spawn().unwrap()
}

/// Sends SIGTERM, say, as a scheduler of jobs does.
pub fn signal(child: &Child, name: &str) {
    let kill = format!("kill -{name} {}", child.id());
    let sent = Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(sent.success());
}

/// Starts a run in `dir` and kills it when it has written so much of its history that it is past its
/// beginning.
pub fn killed_on_its_way(dir: &RunDir, args: &[&str]) {
    let mut child = spawn("flex", &[args, &["--out", dir.str()]].concat());
    let written = || std::fs::metadata(dir.path().join("history.csv")).map_or(0, |it| it.len());
    while written() < 10_000 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Runs the program to its end, which must be a good one.
pub fn run(backend: &str, args: &[&str]) -> Done {
    succeeded(linear(backend, args).output().unwrap())
}

pub fn succeeded(output: Output) -> Done {
    assert!(output.status.success(), "{output:?}");
    Done(String::from_utf8(output.stdout).unwrap())
}

/// Runs the program to its end, which must be code 2, and gives its one line.
pub fn failure(backend: &str, args: &[&str]) -> String {
    failed(linear(backend, args))
}

pub fn failed(mut command: Command) -> String {
    error(command.output().unwrap())
}

/// The one line of a program that failed with code 2.
pub fn error(output: Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.lines().count(), 1, "more than a line: {stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    stderr.trim_end().to_string()
}

/// The output of a run.
pub struct Done(String);

impl Done {
    /// A figure of its last line.
    pub fn figure(&self, name: &str) -> f64 {
        self.text(name).parse().unwrap()
    }

    pub fn text(&self, name: &str) -> &str {
        let line = self.0.lines().last().unwrap();
        assert!(line.starts_with("done "), "{line}");
        let mut pairs = line.split(' ').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).unwrap().1
    }
}

/// Checks that two runs have the same history and ended bit for bit alike.
pub fn assert_same(dir: &RunDir, whole: &RunDir, case: &str) {
    assert!(dir.history() == whole.history(), "{case}: another history");
    let (state, expected) = (dir.state(), whole.state());
    assert!(
        state.keys().eq(expected.keys()),
        "{case}: another kind of state"
    );
    for (name, bytes) in &state {
        assert!(*bytes == expected[name], "{case}: another {name}");
    }
}

/// A directory of a run that does not exist yet.
pub struct RunDir {
    _parent: tempfile::TempDir,
    path: PathBuf,
}

impl RunDir {
    pub fn new() -> Self {
        let parent = tempfile::tempdir().unwrap();
        Self {
            path: parent.path().join("run"),
            _parent: parent,
        }
    }

    pub fn str(&self) -> &str {
        self.path.to_str().unwrap()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.bpk")
    }

    pub fn history(&self) -> String {
        std::fs::read_to_string(self.path.join("history.csv")).unwrap()
    }

    /// The rates of all steps, as they were written.
    pub fn rates(&self) -> Vec<String> {
        let history = self.history();
        let rows = history.lines().skip(1);
        rows.map(|row| row.split(',').nth(2).unwrap().to_string())
            .collect()
    }

    /// The checkpoint's state as names and bytes. Parameter ids differ from run to run, so the
    /// optimizer's names have the parameter's path in their place.
    pub fn state(&self) -> BTreeMap<String, Vec<u8>> {
        let about = Checkpoint::inspect(self.checkpoint()).unwrap();
        let file = std::fs::read(self.checkpoint()).unwrap();
        let mut rest = &file[..];
        let mut take = |size: u64| {
            let (taken, left) = rest.split_at(size as usize);
            rest = left;
            taken.to_vec()
        };
        let container = |bytes| Reader::from_bytes(Bytes::from_bytes_vec(bytes)).unwrap();
        let optimizer = container(take(about.optimizer_size));
        let mut state = BTreeMap::new();
        for parameter in &about.parameters {
            let values: usize = parameter.shape.iter().product();
            let size = values * parameter.dtype.size();
            state.insert(format!("model {}", parameter.path), take(size as u64));
        }
        let scheduler = container(take(about.scheduler_size));
        let paths = optimizer.metadata().clone();
        for (part, reader) in [("optimizer", optimizer), ("scheduler", scheduler)] {
            let named = |name: &str| match name.split_once('.') {
                Some((id, field)) if part == "optimizer" => format!("{part} {} {field}", paths[id]),
                _ => format!("{part} {name}"),
            };
            for (name, value) in reader.scalars() {
                state.insert(named(name), format!("{value:?}").into_bytes());
            }
            for tensor in reader.into_tensors().unwrap() {
                state.insert(named(&tensor.name), tensor.to_bytes().unwrap().to_vec());
            }
        }
        state
    }
}

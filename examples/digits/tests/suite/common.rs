//! The program as a user runs it.
#![allow(dead_code)] // each test file uses its part

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The backends that this build of the program can be told to run on; the workspace's tests enable
/// both CPU ones.
pub fn backends() -> Vec<&'static str> {
    let mut backends = vec!["flex"];
    if cfg!(feature = "ndarray") {
        backends.push("ndarray");
    }
    if cfg!(feature = "wgpu") {
        backends.push("wgpu");
    }
    if cfg!(feature = "cuda") {
        backends.push("cuda");
    }
    backends
}

pub fn digits(backend: &str, out: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_digits"));
    command.env("BURN_DEVICE", backend).args(args);
    command.arg("--out").arg(out);
    command
}

/// Runs it to its end, which must be a good one, and gives its last line as words.
pub fn run(backend: &str, out: &Path, args: &[&str]) -> Vec<String> {
    let output = digits(backend, out, args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let last = stdout.lines().last().unwrap();
    last.split(' ').map(String::from).collect()
}

pub fn history(out: &Path) -> String {
    std::fs::read_to_string(out.join("history.csv")).unwrap()
}

/// A directory that isn't there yet, for a run.
pub fn directory() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let out = directory.path().join("run");
    (directory, out)
}

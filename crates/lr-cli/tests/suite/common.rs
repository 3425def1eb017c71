//! `lr`, as a shell runs it.

#![allow(dead_code)] // each test uses some of it

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

pub const COSINE: &str = r#"{"cosine": {"start": 0.1, "steps": 100}}"#;
pub const LINEAR: &str = r#"{"linear": {"start": 0.1, "steps": 100}}"#;
pub const RELATIVE: &str =
    r#"{"warmup": {"steps": "10%", "of": {"cosine": {"start": 0.1, "steps": "rest"}}}}"#;

pub struct Ran {
    pub code: i32,
    pub out: String,
    pub bytes: Vec<u8>,
    pub error: String,
}

/// Runs `lr` with nothing on standard input.
pub fn lr<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Ran {
    lr_with(arguments, "")
}

pub fn lr_with<S: AsRef<std::ffi::OsStr>>(arguments: &[S], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lr"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that needs no input doesn't read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().expect("no signal ends it"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        bytes: output.stdout,
        error: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ran {
    /// Checks that it went well; the text it printed.
    pub fn yes(self) -> String {
        assert_eq!((self.code, self.error.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// The JSON it printed.
    pub fn json(self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// Checks that it failed with `code`; its one line of error.
    pub fn fails(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.out, self.error);
        let line = self.error.strip_suffix('\n').expect("a line");
        assert!(!line.contains('\n'), "{line}");
        line.strip_prefix("lr: ").expect("its name").to_string()
    }
}

/// The tables of what other libraries really do.
pub fn tables() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lr-compat/tables");
    let entries = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    paths.sort();
    assert_eq!(paths.len(), 10);
    paths
}

/// A table, and the ids of its cases.
pub fn cases(table: &Path) -> Vec<Value> {
    let table: Value = serde_json::from_str(&std::fs::read_to_string(table).unwrap()).unwrap();
    table["cases"].as_array().unwrap().clone()
}

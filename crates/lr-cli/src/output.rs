//! Standard output and standard error.

use std::io::{self, ErrorKind, Write};

use serde_json::Value;

use crate::failure::Failure;

/// Prints `text`. A reader that has gone away, as `head` does, is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(Failure::write("standard output")),
    }
}

pub fn json(value: &Value) -> Result<(), Failure> {
    print(&format!("{value:#}\n"))
}

/// A text of which a file may hold anything, without what a terminal would obey.
pub fn printable(text: &str) -> String {
    let letters = text.chars();
    let letters = letters.filter(|letter| *letter == '\n' || !letter.is_control());
    letters.collect()
}

/// One line on standard error, whatever is in it.
pub fn error(failure: &Failure) {
    line("", &failure.text);
}

/// A note on the output, on standard error.
pub fn note(text: &str) {
    line("note: ", text);
}

fn line(kind: &str, text: &str) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = printable(&words.join(" "));
    let _ = writeln!(io::stderr(), "lr: {kind}{text}");
}

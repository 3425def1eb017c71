//! Objects of names and values, as a stream: JSON in any layout (Trainer's `trainer_state.json`, lists of
//! rows), JSON lines, and the dictionaries that a Python program prints.
//!
//! The scanner is our own, since no reader of JSON takes `NaN`, which Python writes, single quotes, and text
//! around the objects, and gives rows before the file's end. It keeps one short word and the open braces.

use std::collections::VecDeque;
use std::io::BufRead;
use std::path::PathBuf;

use super::names::{Names, step_rank};
use super::number;
use super::row::{LogError, Row, Source};

/// No name or number is longer; longer texts are none.
const MOST_LETTERS: usize = 256;
const MOST_DEPTH: usize = 128;

#[derive(Default)]
struct Partial {
    step: Option<(usize, u64)>,
    rate: Option<(f64, number::Digits)>,
}

enum Frame {
    /// An object, and whether its values are a row of their own rather than part of the one around it.
    Object(bool),
    List,
}

/// The part that a letter is of.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    Nothing,
    Word,
    /// A text in these quotes, and whether the next letter is escaped.
    Quotes(u8, bool),
}

pub(super) fn first_line(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

pub(super) struct Objects<R> {
    path: PathBuf,
    from: R,
    names: Names,
    /// Whether an object ends with its line at the latest, as in a log that text is part of.
    lines: bool,
    within: Within,
    word: Vec<u8>,
    /// Whether there is a word, which may be an empty text, or one that was too long to be kept.
    has_word: bool,
    key: Option<String>,
    /// The name of a list that has just begun: the first of its numbers is one of that name.
    list: Option<String>,
    frames: Vec<Frame>,
    partial: Vec<Partial>,
    line: u64,
    /// A `Trainer`'s number of steps in the run.
    pub max_steps: Option<u64>,
}

impl<R: BufRead> Objects<R> {
    pub fn new(path: PathBuf, from: R, names: Names, lines: bool) -> Self {
        Self {
            path,
            from,
            names,
            lines,
            within: Within::Nothing,
            word: Vec::new(),
            has_word: false,
            key: None,
            list: None,
            frames: Vec::new(),
            partial: Vec::new(),
            line: 1,
            max_steps: None,
        }
    }

    /// Whether an object goes on after the first line of it.
    pub fn is_document(start: &[u8]) -> bool {
        let line = first_line(start);
        let count = |braces: &[u8]| line.iter().filter(|byte| braces.contains(byte)).count();
        let begins = line.trim_ascii_start().first();
        let begins = begins.is_some_and(|first| b"{[".contains(first));
        begins && line.len() < start.len() && count(b"{[") > count(b"}]")
    }

    fn wrong(&self, problem: String) -> LogError {
        LogError::line(&self.path, self.line, problem)
    }

    fn forget_word(&mut self) {
        self.word.clear();
        self.has_word = false;
    }

    fn forget_all(&mut self) {
        self.forget_word();
        self.key = None;
        self.list = None;
        self.frames.clear();
        self.partial.clear();
        self.within = Within::Nothing;
    }

    /// The word was a value.
    fn value(&mut self) -> Result<(), LogError> {
        let key = self.key.take();
        let has_word = std::mem::take(&mut self.has_word);
        let word = std::mem::take(&mut self.word);
        if let Some(list) = self.list.take() {
            let first = number::parse(&String::from_utf8_lossy(&word));
            if let (Some(rate), Some(row)) = (first, self.partial.last_mut())
                && self.names.is_rate(&list)
            {
                row.rate = Some(rate);
            }
            return Ok(());
        }
        let (Some(key), true, Some(Frame::Object(_))) = (key, has_word, self.frames.last()) else {
            return Ok(());
        };
        let text = String::from_utf8_lossy(&word);
        if key == "max_steps" && self.frames.len() == 1 {
            self.max_steps = number::count(&text).filter(|steps| *steps > 0);
        }
        if self.names.is_rate(&key) {
            match number::parse(&text) {
                Some(rate) => {
                    if let Some(row) = self.partial.last_mut() {
                        row.rate = Some(rate);
                    }
                }
                None if matches!(text.trim(), "" | "null" | "None") => {}
                None => {
                    let given: String = text.chars().take(40).collect();
                    return Err(self.wrong(format!("{key}: must be a number, got {given:?}")));
                }
            }
        } else if let Some(rank) = step_rank(&key)
            && let Some(row) = self.partial.last_mut()
            && row.step.is_none_or(|(best, _)| rank < best)
        {
            match number::count(&text) {
                Some(step) => row.step = Some((rank, step)),
                None if matches!(text.trim(), "" | "null" | "None") => {}
                // A number of another thing that is called so, such as fairseq's share of an epoch.
                None if number::parse(&text).is_some() => {}
                None => {
                    let given: String = text.chars().take(40).collect();
                    let problem = format!("{key}: must be a whole number, got {given:?}");
                    return Err(self.wrong(problem));
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, frame: Frame) -> Result<(), LogError> {
        if self.frames.len() == MOST_DEPTH {
            return Err(self.wrong(format!("must be nested at most {MOST_DEPTH} deep")));
        }
        self.forget_word();
        self.list = match frame {
            Frame::List => self.key.take(),
            Frame::Object(_) => None,
        };
        self.key = None;
        if let Frame::Object(true) = frame {
            self.partial.push(Partial::default());
        }
        self.frames.push(frame);
        Ok(())
    }

    fn close(&mut self, closing: u8, rows: &mut VecDeque<Row>) -> Result<(), LogError> {
        self.value()?;
        match (self.frames.pop(), closing) {
            (Some(Frame::List), b']') => {}
            (Some(Frame::Object(false)), b'}') => {}
            (Some(Frame::Object(true)), b'}') => {
                let row = self.partial.pop().unwrap_or_default();
                if let Some(rate) = row.rate {
                    let step = row.step.map(|(_, step)| step);
                    rows.push_back(Row::new(step, rate));
                }
            }
            (None, _) => {} // of the text around the objects, or of a list of them
            (Some(_), _) if self.lines => self.forget_all(),
            (Some(_), closing) => {
                let problem = format!("a {:?} closes nothing", char::from(closing));
                return Err(self.wrong(problem));
            }
        }
        Ok(())
    }

    fn letter(&mut self, byte: u8, rows: &mut VecDeque<Row>) -> Result<(), LogError> {
        if byte == b'\n' {
            self.line += 1;
            if self.lines {
                self.forget_all();
                return Ok(());
            }
        }
        match self.within {
            Within::Quotes(quote, false) if byte == quote => self.within = Within::Nothing,
            Within::Quotes(quote, escaped) => {
                self.within = Within::Quotes(quote, byte == b'\\' && !escaped);
                self.keep(byte);
            }
            Within::Word if !b",:{}[]\"' \t\r\n".contains(&byte) => self.keep(byte),
            Within::Word | Within::Nothing => {
                self.within = Within::Nothing;
                self.outside(byte, rows)?;
            }
        }
        Ok(())
    }

    fn outside(&mut self, byte: u8, rows: &mut VecDeque<Row>) -> Result<(), LogError> {
        match byte {
            b'{' => {
                let own = !matches!(self.frames.last(), Some(Frame::Object(_)));
                self.open(Frame::Object(own))?;
            }
            b'[' if !self.frames.is_empty() => self.open(Frame::List)?,
            b'}' | b']' => self.close(byte, rows)?,
            _ if self.frames.is_empty() => {} // text around the objects
            b'"' | b'\'' => {
                self.forget_word();
                self.has_word = true;
                self.within = Within::Quotes(byte, false);
            }
            b':' => {
                let word = String::from_utf8_lossy(&self.word).into_owned();
                self.key = self.has_word.then_some(word);
                self.forget_word();
            }
            b',' => self.value()?,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => {
                self.forget_word();
                self.has_word = true;
                self.within = Within::Word;
                self.keep(byte);
            }
        }
        Ok(())
    }

    fn keep(&mut self, byte: u8) {
        match self.word.len() < MOST_LETTERS {
            true => self.word.push(byte),
            false => self.has_word = false, // a text that is too long to be a name or a number
        }
    }
}

impl<R: BufRead> Source for Objects<R> {
    fn read(&mut self, rows: &mut VecDeque<Row>) -> Result<bool, LogError> {
        // So much at once that it costs little to go to and fro, and no more rows than that are kept.
        let mut some = [0; 4096];
        let bytes = self.from.fill_buf();
        let bytes = bytes.map_err(|error| LogError::read(&self.path, error))?;
        let read = bytes.len().min(some.len());
        some[..read].copy_from_slice(&bytes[..read]);
        self.from.consume(read);
        for byte in &some[..read] {
            self.letter(*byte, rows)?;
        }
        Ok(read > 0)
    }
}

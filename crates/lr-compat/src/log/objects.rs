//! Objects of names and values, as a stream: JSON in any layout (Trainer's `trainer_state.json`, lists of
//! rows), JSON lines, and the dictionaries that a Python program prints.
//!
//! The scanner is our own, since no reader of JSON takes `NaN`, which Python writes, single quotes, and text
//! around the objects, and gives rows before the file's end. It keeps one short word and the open braces.

use std::fs::File;
use std::io::{BufReader, Bytes, Read};
use std::path::PathBuf;

use super::names::{Names, step_rank};
use super::number;
use super::row::{LogError, Row};

/// No name or number is longer; longer texts are none.
const MOST_LETTERS: usize = 256;
const MOST_DEPTH: usize = 128;

#[derive(Default)]
struct Partial {
    step: Option<(usize, u64)>,
    rate: Option<(f64, number::Digits)>,
}

enum Frame {
    /// An object that is a row.
    Row(Partial),
    /// An object whose values are part of the row around it.
    Part,
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

/// Whether an object goes on after the first line of it.
pub(super) fn is_document(start: &[u8]) -> bool {
    let mut lines = start.split(|byte| *byte == b'\n');
    let line = lines.next().unwrap_or_default();
    let count = |braces: &[u8]| line.iter().filter(|byte| braces.contains(byte)).count();
    let begins = line.trim_ascii_start().first();
    let begins = begins.is_some_and(|first| b"{[".contains(first));
    begins && line.len() < start.len() && count(b"{[") > count(b"}]")
}

pub(super) struct Objects {
    path: PathBuf,
    bytes: Bytes<BufReader<File>>,
    names: Names,
    /// Whether an object ends with its line at the latest, as in a log that text is part of.
    lines: bool,
    within: Within,
    /// `None` where there is no word, or one that was too long to be kept.
    word: Option<Vec<u8>>,
    /// The name of the next value: in a list that has just begun, that of the list.
    key: Option<String>,
    frames: Vec<Frame>,
    line: u64,
    /// A `Trainer`'s number of steps in the run.
    pub max_steps: Option<u64>,
}

impl Objects {
    pub fn new(path: PathBuf, from: BufReader<File>, names: Names, lines: bool) -> Self {
        Self {
            path,
            bytes: from.bytes(),
            names,
            lines,
            within: Within::Nothing,
            word: None,
            key: None,
            frames: Vec::new(),
            line: 1,
            max_steps: None,
        }
    }

    pub fn row(&mut self) -> Result<Option<Row>, LogError> {
        while let Some(byte) = self.bytes.next() {
            let byte = byte.map_err(|error| LogError::read(&self.path, error))?;
            if let Some(row) = self.letter(byte)? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    fn wrong(&self, problem: String) -> LogError {
        LogError::line(&self.path, self.line, problem)
    }

    fn forget_all(&mut self) {
        self.word = None;
        self.key = None;
        self.frames.clear();
        self.within = Within::Nothing;
    }

    /// The word was a value.
    fn value(&mut self) -> Result<(), LogError> {
        let word = self.word.take();
        let (Some(key), Some(word)) = (self.key.take(), word) else {
            return Ok(());
        };
        let text = String::from_utf8_lossy(&word);
        let in_list = matches!(self.frames.last(), Some(Frame::List));
        if in_list && number::parse(&text).is_none() {
            return Ok(());
        }
        if key == "max_steps" && self.frames.len() == 1 {
            self.max_steps = number::count(&text).filter(|steps| *steps > 0);
        }
        if self.names.is_rate(&key) {
            let rate = number::rate(&key, &text).map_err(|problem| self.wrong(problem))?;
            if let (Some(rate), Some(row)) = (rate, self.partial()) {
                row.rate = Some(rate);
            }
        } else if let Some(rank) = step_rank(&key).filter(|_| !in_list)
            && let Some(row) = self.partial()
            && row.step.is_none_or(|(best, _)| rank < best)
        {
            match number::count(&text) {
                Some(step) => row.step = Some((rank, step)),
                // A number of another thing that is called so, such as fairseq's share of an epoch.
                None if number::is_nothing(&text) || number::parse(&text).is_some() => {}
                None => return Err(self.wrong(number::wrong(&key, "a whole number", &text))),
            }
        }
        Ok(())
    }

    /// The row that the innermost object is of.
    fn partial(&mut self) -> Option<&mut Partial> {
        let mut frames = self.frames.iter_mut().rev();
        frames.find_map(|frame| match frame {
            Frame::Row(row) => Some(row),
            _ => None,
        })
    }

    fn open(&mut self, frame: Frame) -> Result<(), LogError> {
        if self.frames.len() == MOST_DEPTH {
            return Err(self.wrong(format!("must be nested at most {MOST_DEPTH} deep")));
        }
        self.word = None;
        // A list leaves its name to the first of its numbers, but not to a list in it.
        let is_first = !matches!(self.frames.last(), Some(Frame::List));
        let keeps = is_first && matches!(frame, Frame::List);
        self.key = self.key.take().filter(|_| keeps);
        self.frames.push(frame);
        Ok(())
    }

    fn close(&mut self, closing: u8) -> Result<Option<Row>, LogError> {
        self.value()?;
        match (self.frames.pop(), closing) {
            (Some(Frame::Row(row)), b'}') => {
                let step = row.step.map(|(_, step)| step);
                return Ok(row.rate.map(|rate| Row::new(step, rate)));
            }
            (Some(Frame::List), b']') | (Some(Frame::Part), b'}') => {}
            (None, _) => {} // of the text around the objects, or of a list of them
            (Some(_), _) if self.lines => self.forget_all(),
            (Some(_), closing) => {
                let problem = format!("a {:?} closes nothing", char::from(closing));
                return Err(self.wrong(problem));
            }
        }
        Ok(None)
    }

    fn letter(&mut self, byte: u8) -> Result<Option<Row>, LogError> {
        if byte == b'\n' {
            self.line += 1;
            if self.lines {
                self.forget_all();
                return Ok(None);
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
                return self.outside(byte);
            }
        }
        Ok(None)
    }

    fn outside(&mut self, byte: u8) -> Result<Option<Row>, LogError> {
        match byte {
            b'{' => self.open(match self.frames.last() {
                Some(Frame::Row(_) | Frame::Part) => Frame::Part,
                _ => Frame::Row(Partial::default()),
            })?,
            b'[' if !self.frames.is_empty() => self.open(Frame::List)?,
            b'}' | b']' => return self.close(byte),
            _ if self.frames.is_empty() => {} // text around the objects
            b'"' | b'\'' => {
                self.word = Some(Vec::new());
                self.within = Within::Quotes(byte, false);
            }
            b':' => {
                let word = self.word.take();
                self.key = word.map(|word| String::from_utf8_lossy(&word).into_owned());
            }
            b',' => self.value()?,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => {
                self.word = Some(vec![byte]);
                self.within = Within::Word;
            }
        }
        Ok(None)
    }

    fn keep(&mut self, byte: u8) {
        match &mut self.word {
            Some(word) if word.len() < MOST_LETTERS => word.push(byte),
            _ => self.word = None, // a text that is too long to be a name or a number
        }
    }
}

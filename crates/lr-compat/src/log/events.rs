//! TensorBoard's event files: records with checksums, of `tensorflow.Event`
//! (<https://github.com/tensorflow/tensorboard>, `compat/proto/event.proto`, `summary.proto`, `tensor.proto`).

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use prost::Message;

use super::names::Names;
use super::number::{Digits, MOST};
use super::row::{LogError, Row};

/// A record that is longer has no rates in it, and is passed over.
const MOST_BYTES: u64 = 1 << 22;

#[derive(Message)]
struct Event {
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
    #[prost(message, optional, tag = "8")]
    tensor: Option<Tensor>,
}

/// One number: of a `TensorProto`, what `tf.summary.scalar` writes.
#[derive(Message)]
struct Tensor {
    #[prost(int32, tag = "1")]
    dtype: i32,
    #[prost(bytes = "vec", tag = "4")]
    tensor_content: Vec<u8>,
    #[prost(float, repeated, tag = "5")]
    float_val: Vec<f32>,
    #[prost(double, repeated, tag = "6")]
    double_val: Vec<f64>,
}

impl Tensor {
    fn scalar(&self) -> Option<f64> {
        const FLOAT: i32 = 1;
        const DOUBLE: i32 = 2;
        let content = self.tensor_content.as_slice();
        match (self.float_val.first(), self.double_val.first(), self.dtype) {
            (Some(value), ..) => Some(f64::from(*value)),
            (_, Some(value), _) => Some(*value),
            (.., FLOAT) => Some(f64::from(f32::from_le_bytes(content.try_into().ok()?))),
            (.., DOUBLE) => Some(f64::from_le_bytes(content.try_into().ok()?)),
            _ => None,
        }
    }
}

/// The rates of an event file, as a stream.
pub(super) struct Events {
    path: PathBuf,
    from: BufReader<File>,
    names: Names,
    /// The byte at which the next record begins.
    at: u64,
}

/// The checksum as TensorFlow's records have it.
fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

impl Events {
    pub fn new(path: PathBuf, from: BufReader<File>, names: Names) -> Self {
        Self {
            path,
            from,
            names,
            at: 0,
        }
    }

    /// Fills all of `into`; false at the end of the file, which is in the middle of a record where a
    /// training was killed.
    fn fill(&mut self, into: &mut [u8]) -> Result<bool, LogError> {
        match self.from.read_exact(into) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(LogError::read(&self.path, error)),
        }
    }

    fn wrong(&self, problem: &str) -> LogError {
        let place = format!("{}:byte {}", self.path.display(), self.at);
        LogError::invalid(place, format!("a record: {problem}"))
    }

    /// The next record; empty where it is too long to be one of rates.
    fn record(&mut self) -> Result<Option<Vec<u8>>, LogError> {
        let (mut length, mut sum) = ([0; 8], [0; 4]);
        if !(self.fill(&mut length)? && self.fill(&mut sum)?) {
            return Ok(None);
        }
        if masked(&length) != u32::from_le_bytes(sum) {
            return Err(self.wrong("its length doesn't have the checksum that is beside it"));
        }
        let bytes = u64::from_le_bytes(length);
        let is_long = bytes > MOST_BYTES;
        let mut data = Vec::new();
        let mut from = self.from.by_ref().take(bytes);
        let read = match is_long {
            true => io::copy(&mut from, &mut io::sink()),
            false => from.read_to_end(&mut data).map(|read| read as u64),
        };
        let read = read.map_err(|error| LogError::read(&self.path, error))?;
        if read < bytes || !self.fill(&mut sum)? {
            return Ok(None);
        }
        if !is_long && masked(&data) != u32::from_le_bytes(sum) {
            return Err(self.wrong("its data doesn't have the checksum that is beside it"));
        }
        self.at = self.at.saturating_add(bytes).saturating_add(16);
        Ok(Some(data))
    }

    /// The rate of an event, which is one of a step.
    fn rate(&mut self, data: &[u8]) -> Result<Option<Row>, LogError> {
        let event = Event::decode(data).map_err(|error| self.wrong(&error.to_string()))?;
        let mut values = event.summary.unwrap_or_default().value.into_iter();
        let rate = values.find_map(|value| {
            let scalar = value.simple_value.map(f64::from);
            let scalar = scalar.or_else(|| value.tensor?.scalar());
            scalar.filter(|_| self.names.is_rate(&value.tag))
        });
        let Some(rate) = rate else { return Ok(None) };
        let step = u64::try_from(event.step).ok().filter(|step| *step <= MOST);
        let allowed = "its step must be between 0 and 2^53";
        let step = step.ok_or_else(|| self.wrong(allowed))?;
        Ok(Some(Row::new(Some(step), (rate, Digits::ALL))))
    }

    pub fn row(&mut self) -> Result<Option<Row>, LogError> {
        while let Some(data) = self.record()? {
            if let Some(row) = self.rate(&data)? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}

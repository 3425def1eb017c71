use std::fmt::Display;

use lr_schedule::ScheduleError;

/// An error in a file of PyTorch's, with its place there.
///
/// Places are written as in Python, without the quotes:
/// `scheduler._schedulers[1].milestones[0]`. The place of the file's outermost value is empty, and
/// is called "the file".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TorchError {
    /// The file can't be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file that is none of `torch.save`'s, but what the text says.
    #[error("is no file of torch.save: {0}")]
    NotTorch(String),
    /// A file of `torch.save`'s that is shorter than it was.
    #[error("is cut short: {0}; copy or download it again")]
    CutShort(String),
    /// A file of `torch.save`'s that has other bytes than it had.
    #[error("is damaged: {0}; copy or download it again")]
    Damaged(String),
    /// A tar file, which PyTorch wrote before 0.2.
    #[error(
        "is of PyTorch's first format ({0}), which is not read; load it in PyTorch and save it again"
    )]
    OldFormat(&'static str),
    /// A file that was written on a big-endian machine.
    #[error("its byte order is {0:?}, of which only \"little\" is read")]
    ByteOrder(String),
    /// Its pickle is damaged, or holds what `torch.save` doesn't write.
    #[error("byte {offset} of {file}: {why}")]
    Pickle {
        /// The file with the pickle in it: `data.pkl`, or the file itself.
        file: &'static str,
        /// The byte at which the operation begins.
        offset: usize,
        /// The fault.
        why: String,
    },
    /// A file with more than is read.
    #[error("{what} is {size}, and at most {limit} is read")]
    TooLarge {
        /// The quantity.
        what: &'static str,
        /// Its size in the file.
        size: u64,
        /// The largest size that is read.
        limit: u64,
    },
    /// A key that isn't there.
    #[error("{}: has no {key:?}; there are {}", at(place), list(known))]
    Missing {
        /// The place of the dict.
        place: String,
        /// The key.
        key: String,
        /// The first of those that are there.
        known: Vec<String>,
    },
    /// A value of another type, or out of its bounds.
    #[error("{}: must be {allowed}, is {value}", at(place))]
    Invalid {
        /// Its place.
        place: String,
        /// The values that are allowed.
        allowed: String,
        /// A description of the value.
        value: String,
    },
    /// A state that the file doesn't tell in full, or that can't be continued here.
    #[error("{}: {why}", at(place))]
    Unsupported {
        /// Its place.
        place: String,
        /// Why, and what to do.
        why: String,
    },
    /// A scheduler's state that may be of several classes, or of none.
    #[error("{}: {}", at(place), classes(candidates, unknown))]
    Class {
        /// Its place.
        place: String,
        /// The classes whose states have its keys.
        candidates: Vec<&'static str>,
        /// Its keys that the only candidate has not.
        unknown: Vec<String>,
    },
    /// The state makes no schedule.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

impl TorchError {
    /// A value at `place` that is not `allowed` there.
    pub fn invalid(
        place: impl Into<String>,
        value: impl Display,
        allowed: impl Into<String>,
    ) -> Self {
        Self::Invalid {
            place: place.into(),
            allowed: allowed.into(),
            value: value.to_string(),
        }
    }

    /// A value at `place` that can't be used, and the reason in a sentence.
    pub fn unsupported(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Unsupported {
            place: place.into(),
            why: why.into(),
        }
    }
}

/// Checks that no more than `limit` is to be read.
pub(crate) fn at_most(limit: u64, what: &'static str, size: u64) -> Result<(), TorchError> {
    match size <= limit {
        true => Ok(()),
        false => Err(TorchError::TooLarge { what, size, limit }),
    }
}

fn at(place: &str) -> &str {
    match place {
        "" => "the file",
        place => place,
    }
}

fn classes(candidates: &[&str], unknown: &[String]) -> String {
    match candidates {
        [] => "has not the keys of any of PyTorch's schedulers".to_string(),
        [class] if !unknown.is_empty() => format!(
            "has the keys of {class}, and {}, which that has not: give the class by its name if it is one",
            list(unknown)
        ),
        candidates => format!(
            "may be of {}: give the class by its name",
            candidates.join(" or of ")
        ),
    }
}

fn list(known: &[String]) -> String {
    match known {
        [] => "no keys".to_string(),
        known => known.join(", "),
    }
}

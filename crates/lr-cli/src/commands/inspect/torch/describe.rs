//! Values in a few words.

use lr_torch::{TorchError, Value};
use serde_json::{Map, Value as Json, json};

use super::super::report::LISTED;

/// The depth to which dicts and lists are gone into, and the number of their entries that are shown.
const DEPTH: usize = 3;
const ENTRIES: usize = 64;

/// A number as such, a tensor by its type and shape, dicts and lists of these, and anything else in words.
pub fn described(value: &Value<'_>) -> Json {
    at_depth(value, 0)
}

fn at_depth(value: &Value<'_>, depth: usize) -> Json {
    if value.is_none() {
        return Json::Null;
    }
    if value.is_tensor() {
        return tensor(value);
    }
    if let Ok(flag) = value.bool() {
        return json!(flag);
    }
    if let Ok(text) = value.text() {
        return json!(text);
    }
    if let Ok(number) = value.number() {
        return match value.integer() {
            Ok(integer) if !value.is_float() => json!(integer),
            _ if number.is_finite() => json!(number),
            _ => json!(number.to_string()),
        };
    }
    if depth < DEPTH {
        if let Ok(entries) = value.entries()
            && entries.len() <= ENTRIES
        {
            let entries = entries.iter();
            let entries = entries.map(|(key, value)| (key.to_string(), at_depth(value, depth + 1)));
            return entries.collect::<Map<_, _>>().into();
        }
        if let Ok(items) = value.items()
            && items.len() <= LISTED
        {
            return items.iter().map(|item| at_depth(item, depth + 1)).collect();
        }
    }
    json!(value.describe())
}

/// The number that a tensor is, or its type and its shape.
pub fn tensor(value: &Value<'_>) -> Json {
    match value.tensor() {
        Ok(tensor) => match (tensor.shape(), value.number()) {
            ([], Ok(number)) if number.is_finite() => json!(number),
            (shape, _) => json!(format!("{:?} {shape:?}", tensor.dtype()).to_lowercase()),
        },
        Err(TorchError::Unsupported { why, .. }) => {
            json!(why.strip_prefix("is ").unwrap_or(&why))
        }
        Err(_) => json!(value.describe()),
    }
}

/// The beginning of a line about what is at a place.
pub fn label(what: &str, at: &str) -> String {
    match at {
        "" => what.to_string(),
        at => format!("{what} at {at}"),
    }
}

pub fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

/// A text without quotes.
pub fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// Names and values as one line.
pub fn listed(values: &Map<String, Json>) -> String {
    let list = values
        .iter()
        .map(|(name, value)| format!("{name} {}", plain(value)));
    list.collect::<Vec<_>>().join(", ")
}

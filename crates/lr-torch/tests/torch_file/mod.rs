//! Files like those of `torch.save`, made here.

#![allow(dead_code)] // each of the tests uses a part of it

use std::io::{Cursor, Read, Write};

use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// The entries of a file.
pub type Entries = Vec<(String, Vec<u8>)>;

pub fn entries(bytes: &[u8]) -> Entries {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let entries = (0..archive.len()).map(|index| {
        let mut entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.name().unwrap().into_owned(), bytes)
    });
    entries.collect()
}

pub fn packed(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in entries {
        writer.start_file(name.as_str(), stored).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A file of the old format, with a pickle, the keys of its storages, and these.
pub fn old(pickle: &[u8], keys: &[&str], storages: &[u8]) -> Vec<u8> {
    let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
    let mut file = [magic, &b"\x80\x02M\xe9\x03."[..], b"\x80\x02}.", pickle].concat();
    file.extend(b"\x80\x02](");
    for key in keys {
        write(&Value::from(*key), &mut file);
    }
    file.extend(b"e.");
    file.extend(storages);
    file
}

/// A file with a pickle of the protocol 2, of these operations.
pub fn with_pickle(operations: &[u8]) -> Vec<u8> {
    let pickle = [b"\x80\x02", operations, b"."].concat();
    packed(&[("made/data.pkl".to_string(), pickle)])
}

/// A file with what `value` is in Python. A key or a text that begins with `#` is an integer.
pub fn saved(value: &Value) -> Vec<u8> {
    let mut operations = Vec::new();
    write(value, &mut operations);
    with_pickle(&operations)
}

fn write(value: &Value, into: &mut Vec<u8>) {
    match value {
        Value::Null => into.push(b'N'),
        Value::Bool(true) => into.push(0x88),
        Value::Bool(false) => into.push(0x89),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => {
                into.extend([0x8a, 8]);
                into.extend(integer.to_le_bytes());
            }
            None => {
                into.push(b'G');
                into.extend(number.as_f64().unwrap().to_be_bytes());
            }
        },
        Value::String(text) => match text.strip_prefix('#') {
            Some(integer) => write(&Value::from(integer.parse::<i64>().unwrap()), into),
            None => {
                into.push(b'X');
                into.extend((text.len() as u32).to_le_bytes());
                into.extend(text.as_bytes());
            }
        },
        Value::Array(items) => {
            into.extend(b"](");
            items.iter().for_each(|item| write(item, into));
            into.push(b'e');
        }
        Value::Object(pairs) => {
            into.extend(b"}(");
            for (key, value) in pairs {
                write(&Value::String(key.clone()), into);
                write(value, into);
            }
            into.push(b'u');
        }
    }
}

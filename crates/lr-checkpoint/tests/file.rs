//! A file that is written, described, read, and damaged.

#![cfg(feature = "write")]

use std::fs;
use std::path::Path;

use lr_checkpoint::{About, Bytes, Contents, DType, FileFault, Progress, Tensor};

fn parameter<const D: usize>(path: &str, shape: [usize; D], values: Vec<f32>) -> Tensor {
    let id = Some(values.len() as u64);
    let values = Bytes::from_elems(values);
    Tensor::new(path.to_string(), DType::F32, shape, id, values)
}

fn contents() -> Contents {
    Contents {
        model: vec![
            parameter("linear.weight", [2, 2], vec![1.0, 2.0, 3.0, 4.0]),
            parameter("linear.bias", [1], vec![5.0]),
        ],
        optimizer: Bytes::from_elems(vec![6u8; 60]),
        scheduler: Bytes::from_elems(vec![7u8; 7]),
        about: About {
            optimizer_config: r#"{"kind":"SgdConfig"}"#.to_string(),
            schedule: Some(r#"{"constant":{"rate":0.1}}"#.to_string()),
            progress: Progress {
                epoch: 3,
                step: 40,
                seed: u64::MAX,
                metrics: [("loss".to_string(), 0.25), ("odd".to_string(), f64::NAN)].into(),
            },
            notes: [("program".to_string(), "a test".to_string())].into(),
        },
    }
}

fn written(path: &Path) -> Vec<u8> {
    lr_checkpoint::write(&contents(), path).unwrap();
    fs::read(path).unwrap()
}

#[test]
fn what_is_written_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checkpoint.bpk");
    let bytes = written(&path);
    let expected = contents();

    let found = lr_checkpoint::inspect(&path).unwrap();
    assert_eq!(found.version, 3);
    assert_eq!(found.file_size, bytes.len() as u64);
    let sizes = [found.model_size, found.optimizer_size, found.scheduler_size];
    assert_eq!(sizes, [20, 60, 7]);
    let parameters = found.parameters.iter();
    let parameters: Vec<_> = parameters
        .map(|saved| (saved.path.as_str(), saved.dtype, saved.shape.as_slice()))
        .collect();
    let f32 = DType::F32;
    assert_eq!(
        parameters,
        [
            ("linear.weight", f32, [2, 2].as_slice()),
            ("linear.bias", f32, &[1])
        ]
    );
    assert_eq!(found.notes, expected.about.notes);
    assert_eq!(found.schedule, expected.about.schedule);

    let read = lr_checkpoint::read(&path).unwrap();
    assert_eq!(
        format!("{:?}", read.about),
        format!("{:?}", expected.about) // of which a metric is NaN
    );
    assert_eq!(read.optimizer, expected.optimizer);
    assert_eq!(read.scheduler, expected.scheduler);
    for (read, expected) in read.model.iter().zip(&expected.model) {
        assert_eq!(format!("{read:?}"), format!("{expected:?}")); // name, type, shape, id and size
        assert_eq!(read.to_bytes().unwrap(), expected.to_bytes().unwrap());
    }
    // A second writer of the same contents writes the same file.
    let again = directory.path().join("again.bpk");
    lr_checkpoint::write(&read, &again).unwrap();
    assert_eq!(fs::read(again).unwrap(), bytes);
}

/// A model that the disk is told to take while it is still written.
#[test]
fn a_large_model_comes_back_or_is_not_written_at_all() {
    const VALUES: usize = 3 << 19; // 6 MiB
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checkpoint.bpk");
    let values = |n: usize| (0..VALUES).map(|i| (i * n) as f32).collect();
    let layer = |n: usize| parameter(&format!("layers.{n}"), [VALUES], values(n));
    let mut large = contents();
    large.model = (0..5).map(layer).collect();
    lr_checkpoint::write(&large, &path).unwrap();
    let read = lr_checkpoint::read(&path).unwrap();
    assert_eq!(read.model.len(), 5);
    for (read, expected) in read.model.iter().zip(&large.model) {
        assert!(read.to_bytes().unwrap() == expected.to_bytes().unwrap());
    }

    let before = fs::read(&path).unwrap();
    let lost = || Err(burn_pack::Error::IoError("the device is lost".to_string()));
    let lost = Tensor::deferred(
        "layers.5".to_string(),
        DType::F32,
        [VALUES],
        None,
        6 << 20,
        lost,
    );
    large.model.push(lost);
    let error = lr_checkpoint::write(&large, &path).unwrap_err();
    assert!(
        matches!(&error.fault, FileFault::Device(why) if why.contains("the device is lost")),
        "{error}"
    );
    assert!(fs::read(&path).unwrap() == before);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn every_changed_byte_and_every_cut_shows() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checkpoint.bpk");
    let bytes = written(&path);
    let refused = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        _ = lr_checkpoint::inspect(&path); // which may not look there, and never panics
        match lr_checkpoint::read(&path).map_err(|error| error.fault) {
            Err(
                FileFault::Damaged(_) | FileFault::NotACheckpoint(_) | FileFault::Version { .. },
            ) => {}
            Err(fault) => panic!("{fault}"),
            Ok(_) => panic!("was read"),
        }
    };
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        refused(&changed);
        refused(&bytes[..at]);
    }
}

#[test]
fn what_is_no_checkpoint_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    let error = lr_checkpoint::inspect(&path).unwrap_err();
    assert!(matches!(error.fault, FileFault::Read(_)), "{error}");
    fs::write(&path, "notes").unwrap();
    let error = lr_checkpoint::inspect(&path).unwrap_err().to_string();
    let beginning = format!("{}: is not a checkpoint: ", path.display());
    assert!(error.starts_with(&beginning), "{error}");

    let nowhere = directory.path().join("nowhere/checkpoint.bpk");
    let error = lr_checkpoint::write(&contents(), &nowhere).unwrap_err();
    assert!(matches!(error.fault, FileFault::Write(_)), "{error}");
}

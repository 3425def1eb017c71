use std::path::Path;
use std::{fs, io};

/// Removes what burn-train's file logger has written in `directory` about the epochs after `epoch`:
/// call it before a run is resumed from a checkpoint of `epoch`.
///
/// burn-train looks for the best epoch so far among all that are logged in its directory, and
/// remembers each value that it has read there. So a run that had come to epoch 5, and is resumed
/// from epoch 3, would be judged in epoch 5 by what the run that was given up had then: by its
/// checkpointing and early-stopping strategies, and by a scheduler that observes a metric.
///
/// It removes the directories `train/epoch-n` and `valid/epoch-n` for every `n` above `epoch`. What
/// isn't there is no error, and nothing else is touched.
///
/// ```
/// use burn_lr::train::discard_logs_after;
///
/// # fn main() -> std::io::Result<()> {
/// # let directory = tempfile::tempdir()?;
/// # let directory = directory.path();
/// # for epoch in 1..=5 {
/// #     std::fs::create_dir_all(directory.join(format!("valid/epoch-{epoch}")))?;
/// # }
/// discard_logs_after(directory, 3)?;
/// // SupervisedTraining::new(directory, …).checkpoint(3)
///
/// assert!(directory.join("valid/epoch-3").exists());
/// assert!(!directory.join("valid/epoch-4").exists());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Those of the file system.
pub fn discard_logs_after(directory: impl AsRef<Path>, epoch: u64) -> io::Result<()> {
    for split in ["train", "valid"] {
        let epochs = match fs::read_dir(directory.as_ref().join(split)) {
            Ok(epochs) => epochs,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in epochs {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().and_then(|name| name.strip_prefix("epoch-"));
            let of = name.and_then(|number| number.parse::<u64>().ok());
            if of > Some(epoch) && entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_logs_of_later_epochs_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        discard_logs_after(directory.path(), 0).unwrap();
        let others = ["checkpoint/epoch-9", "train/epoch-x", "train/9", "epoch-9"];
        let earlier = ["train/epoch-1", "train/epoch-9", "valid/epoch-9"];
        let later = ["train/epoch-10", "train/epoch-11", "valid/epoch-10"];
        for name in [&others[..], &earlier, &later].concat() {
            fs::create_dir_all(path(name)).unwrap();
            fs::write(path(name).join("Loss.log"), "1").unwrap();
        }
        fs::write(path("valid/epoch-11"), "a file").unwrap();
        for _again in 0..2 {
            discard_logs_after(directory.path(), 9).unwrap();
            assert!(later.iter().all(|name| !path(name).exists()));
            let kept = [&others[..], &earlier, &["valid/epoch-11"]].concat();
            assert!(kept.iter().all(|name| path(name).exists()));
        }
    }
}

//! The scratch files of `burn_pack::AtomicFile`: the destination's name, and `.<pid>-<n>.tmp`.
//! A file that is written in two layers has that twice.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Removes the scratch files in `directory` whose destination is one that `is_ours`, by its name,
/// if no process that may be writing them lives. Returns those that it removed, or the one that it could not.
///
/// The caller has the directory's lock, so that nobody who respects that is writing there. Where
/// the system tells (Linux), a process that lives, and did when the file was last written, is
/// believed to be the writer all the same, lock or not; a later one that got the same number isn't.
pub fn clear_leftovers(
    directory: &Path,
    is_ours: impl Fn(&str) -> bool,
) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let failed = |error| (directory.to_path_buf(), error);
    let mut removed = vec![];
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let Some((destination, pid)) = name.to_str().and_then(parse) else {
            continue;
        };
        // Gone by now, then: not a leftover.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        if !is_ours(destination) || !metadata.is_file() {
            continue;
        }
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        if process::was_there(pid, modified) {
            continue;
        }
        let path = entry.path();
        match fs::remove_file(&path) {
            Ok(()) => removed.push(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err((path, error)),
        }
    }
    Ok(removed)
}

/// The destination of a scratch file, and the process that makes it, by its name.
fn parse(name: &str) -> Option<(&str, u32)> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (destination, ending) = name.strip_suffix(".tmp")?.rsplit_once('.')?;
    let (pid, count) = ending.split_once('-')?;
    if destination.is_empty() || count.is_empty() || !is_number(count) || !is_number(pid) {
        return None;
    }
    let inner = parse(destination).map(|(inner, _)| inner);
    Some((inner.unwrap_or(destination), pid.parse().ok()?))
}

#[cfg(target_os = "linux")]
mod process {
    use std::fs;
    use std::time::{Duration, SystemTime};

    /// The unit of process times, whatever the kernel's own: `USER_HZ`.
    const TICKS_PER_SECOND: f64 = 100.0;
    /// How far the clocks of files and of processes may be apart.
    const SLACK: Duration = Duration::from_millis(100);

    /// Whether the process `pid` lives, and lived at `time`.
    pub fn was_there(pid: u32, time: SystemTime) -> bool {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
            return false;
        };
        // The second field is the program's name in parentheses, which may hold any of them.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        if matches!(fields.first(), Some(&("Z" | "X" | "x"))) {
            return false; // dead, though its parent has not asked yet
        }
        // Of one whose beginning can't be told, the safe side.
        age(&fields)
            .and_then(|age| SystemTime::now().checked_sub(age))
            .is_none_or(|began| began <= time + SLACK)
    }

    /// How long a process has lived, by what stands in its `/proc/<pid>/stat` after its name.
    fn age(fields: &[&str]) -> Option<Duration> {
        let ticks: f64 = fields.get(19)?.parse().ok()?;
        let uptime = fs::read_to_string("/proc/uptime").ok()?;
        let uptime: f64 = uptime.split_ascii_whitespace().next()?.parse().ok()?;
        Duration::try_from_secs_f64((uptime - ticks / TICKS_PER_SECOND).max(0.0)).ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_process_was_there_since_it_began() {
            let mut child = std::process::Command::new("sleep")
                .arg("100")
                .spawn()
                .unwrap();
            let now = SystemTime::now();
            assert!(was_there(child.id(), now));
            assert!(!was_there(child.id(), now - Duration::from_secs(5)));
            child.kill().unwrap();
            let is_zombie = || {
                let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
                stat.contains(") Z ")
            };
            while !is_zombie() {
                std::thread::yield_now();
            }
            assert!(!was_there(child.id(), now));
            child.wait().unwrap();
            assert!(!was_there(child.id(), now));
            assert!(!was_there(u32::MAX, now));
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod process {
    use std::time::SystemTime;

    /// Nobody can tell, so that the directory's lock decides alone.
    pub fn was_there(_pid: u32, _time: SystemTime) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_file_is_told_by_its_name() {
        assert_eq!(parse("a.bpk.12-0.tmp"), Some(("a.bpk", 12)));
        assert_eq!(parse("a.bpk.12-0.tmp.12-1.tmp"), Some(("a.bpk", 12)));
        assert_eq!(parse("a.tmp.12-0.tmp"), Some(("a.tmp", 12)));
        for odd in [
            "a.bpk",
            "a.tmp",
            "a.bpk.12.tmp",
            "a.bpk.-0.tmp",
            "a.bpk.12-.tmp",
            "a.bpk.x-0.tmp",
            "a.bpk.12-0x.tmp",
            "a.bpk.+1-0.tmp",
            ".12-0.tmp",
            "a.bpk.99999999999-0.tmp",
            "",
            ".tmp",
        ] {
            assert_eq!(parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn only_what_is_ours_and_of_the_dead_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let alive = std::process::id();
        let of_a_live_writer = format!("mine.{alive}-0.tmp");
        let kept = [of_a_live_writer.as_str(), "mine", "yours.4294967295-0.tmp"];
        let removed = [
            "mine.4294967295-0.tmp",
            "mine.4294967295-1.tmp.4294967295-2.tmp",
        ];
        for name in kept.iter().chain(&removed) {
            fs::write(path(name), name).unwrap();
        }
        fs::create_dir(path("mine.4294967295-3.tmp")).unwrap();
        // A number that was another's when the file was written.
        let reused = path(&format!("mine.{alive}-1.tmp"));
        let file = fs::File::create(&reused).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();

        let mut cleared = clear_leftovers(directory.path(), |name| name == "mine").unwrap();
        cleared.sort();
        let mut expected: Vec<_> = removed
            .iter()
            .map(|name| path(name))
            .chain([reused])
            .collect();
        expected.sort();
        assert_eq!(cleared, expected);
        assert!(kept.iter().all(|name| path(name).exists()));
        assert!(cleared.iter().all(|path| !path.exists()));
    }
}

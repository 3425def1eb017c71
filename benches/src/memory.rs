//! The memory of this process.

use std::fs;

/// The process's memory now, in MiB. On Linux.
pub fn resident() -> u64 {
    of_status("VmRSS")
}

/// Its largest since [`forget_peak`], in MiB. On Linux.
pub fn peak() -> u64 {
    of_status("VmHWM")
}

/// Lets the peak begin anew.
pub fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// A line of `/proc/self/status`, in MiB.
fn of_status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let line = lines.find(|line| line.starts_with(name)).unwrap_or("");
    let number = line.split_whitespace().nth(1);
    number.map_or(0, |number| number.parse::<u64>().unwrap_or(0) / 1_024)
}

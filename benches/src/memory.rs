//! The memory of this process.

use std::env;
use std::fs;
use std::process::Command;

/// The words that this program prints when it is started with `arguments`: the memory that something takes, where nothing
/// was done before.
pub fn in_a_process_of_its_own(arguments: &[&str]) -> String {
    let program = env::current_exe().unwrap();
    let mut command = Command::new(program);
    // With a fixed limit, memory that is freed goes back to the system, where glibc would keep some of it.
    command.env("MALLOC_MMAP_THRESHOLD_", "131072");
    let output = command.args(arguments).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_string()
}

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

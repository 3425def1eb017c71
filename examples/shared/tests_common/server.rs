//! For the tests of both examples: a process that serves a device.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A process that serves a device, until it is dropped.
pub struct Server {
    pub process: Child,
    /// Its address, as BURN_DEVICE takes it.
    pub address: String,
}

impl Server {
    /// Of the command `serve`, once it serves.
    pub fn start(mut command: Command) -> Self {
        command.env("RUST_LOG", "off").stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next().expect("it says where it serves").unwrap();
        let (_, address) = line.split_once(" on ").unwrap();
        Self {
            process,
            address: address.to_string(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

//! Devices that another process serves.

use std::env;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::panic;
use std::process::{self, Command};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use burn::remote::RemoteHost;
use burn::tensor::Device;

/// The variable that names the server, as Burn itself reads it: `ws://127.0.0.1:3000`.
const ADDRESS: &str = "BURN_REMOTE_ADDRESS";
/// The variable with the token that the server asks for, and the one with the path of a file with it.
pub(crate) const TOKEN: [&str; 2] = ["BURN_REMOTE_TOKEN", "BURN_REMOTE_TOKEN_FILE"];
/// The variable with the seconds for which a server may be silent.
const TIMEOUT: &str = "BURN_REMOTE_TIMEOUT";
const DEFAULT_TIMEOUT: u64 = 30;

/// The address of the server to train on, where there is one.
pub(crate) fn address() -> Option<String> {
    env::var(ADDRESS).ok()
}

/// Starts the program anew where BURN_DEVICE is the address of a server, with that in a variable of its own: Burn asks
/// BURN_DEVICE for the name of a backend whenever it loads an optimizer's state.
pub(crate) fn enter() {
    let Ok(address) = env::var("BURN_DEVICE") else {
        return;
    };
    if !address.contains("://") {
        return;
    }
    let failed = |reason: &dyn std::fmt::Display| -> ! {
        eprintln!("error: the program does not start anew for {address}: {reason}");
        process::exit(2);
    };
    let program = env::current_exe().unwrap_or_else(|error| failed(&error));
    let mut anew = Command::new(program);
    anew.args(env::args_os().skip(1));
    anew.env_remove("BURN_DEVICE").env(ADDRESS, &address);
    #[cfg(unix)]
    failed(&std::os::unix::process::CommandExt::exec(&mut anew));
    #[cfg(not(unix))]
    match anew.status() {
        Ok(status) => process::exit(status.code().unwrap_or(2)),
        Err(error) => failed(&error),
    }
}

/// The token for the server, where there is one.
///
/// # Errors
///
/// An empty one, or a file that can't be read.
pub(crate) fn token() -> Result<Option<String>, String> {
    let [value, file] = TOKEN.map(|name| env::var(name).ok());
    let token = match (value, file) {
        (Some(token), _) => token,
        (None, Some(path)) => fs::read_to_string(&path)
            .map_err(|error| format!("the token's file `{path}` can't be read: {error}"))?,
        (None, None) => return Ok(None),
    };
    match token.trim() {
        "" => Err("the token is empty".to_string()),
        token => Ok(Some(token.to_string())),
    }
}

/// Connects to the server at `address`. From then on, a server that no longer answers ends the program with one line
/// and exit code 2.
///
/// # Errors
///
/// The reason why there is no session with it.
pub(crate) fn connect(address: &str) -> Result<Device, String> {
    let Some(host) = address.strip_prefix("ws://") else {
        return Err("it is no address of the form ws://HOST:PORT".to_string());
    };
    let host = host.trim_end_matches('/').to_string();
    let timeout = timeout()?;
    probe(&host, timeout)?;
    let mut server = RemoteHost::websocket(address);
    if let Some(token) = token()? {
        server = server.with_credential(token);
    }
    let device = Device::remote_options(&server).init();
    let device = device.map_err(|error| error.to_string())?;

    let (name, asked) = (address.to_string(), host.clone());
    panic::set_hook(Box::new(move |info| match probe(&asked, timeout) {
        Err(reason) => end(&format!("the server at {name} is gone: {reason}")),
        Ok(()) => {
            let message = info.payload_as_str().unwrap_or("no reason given");
            let reason = message.lines().next().unwrap_or_default();
            end(&format!(
                "the session with the server at {name} broke: {reason}"
            ));
        }
    }));
    let name = address.to_string();
    thread::spawn(move || {
        loop {
            thread::sleep(timeout / 4);
            if let Err(reason) = probe(&host, timeout) {
                end(&format!("the server at {name} is gone: {reason}"));
            }
        }
    });
    Ok(device)
}

/// Ends the program with this error, once: several threads may see that the server is gone.
fn end(error: &str) -> ! {
    static ENDS: Mutex<()> = Mutex::new(());
    let _first = ENDS.lock();
    eprintln!("error: {error}; a run goes on from its last checkpoint");
    process::exit(2);
}

fn timeout() -> Result<Duration, String> {
    let seconds = match env::var(TIMEOUT) {
        Err(_) => Some(DEFAULT_TIMEOUT),
        Ok(text) => text.parse().ok().filter(|seconds| *seconds > 0),
    };
    let seconds = seconds.ok_or(format!(
        "{TIMEOUT} must be a whole number of seconds above 0"
    ))?;
    Ok(Duration::from_secs(seconds))
}

/// Asks whether anybody answers at `host`: a server that is stopped still has its connections accepted.
fn probe(host: &str, timeout: Duration) -> Result<(), String> {
    let ask = || {
        let mut addresses = host.to_socket_addrs()?;
        let address = addresses.next().ok_or(ErrorKind::AddrNotAvailable)?;
        let mut stream = TcpStream::connect_timeout(&address, timeout)?;
        stream.set_read_timeout(Some(timeout))?;
        write!(
            stream,
            "HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )?;
        stream.read_exact(&mut [0])
    };
    ask().map_err(|error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("it does not answer for {} seconds", timeout.as_secs())
        }
        _ => error.to_string(),
    })
}

//! Devices that another process serves.

use std::env::{self, VarError};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::panic;
use std::process::{self, Command};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use burn::remote::RemoteHost;
use burn::tensor::Device;

/// The variable with the addresses of the servers, which [`enter`] sets.
const SERVERS: &str = "BURN_REMOTE_SERVERS";
/// The backend to which Burn loads an optimizer's state before it goes to the server: one that needs no driver, or else
/// the server itself, by the variable that Burn reads.
const LOADS: &str = if cfg!(feature = "flex") {
    "flex"
} else if cfg!(feature = "ndarray") {
    "ndarray"
} else {
    "remote"
};
/// The variable with the token that the server asks for, and the one with the path of a file with it.
pub(crate) const TOKEN: [&str; 2] = ["BURN_REMOTE_TOKEN", "BURN_REMOTE_TOKEN_FILE"];
/// The variable with the seconds for which a server may be silent.
const TIMEOUT: &str = "BURN_REMOTE_TIMEOUT";
const DEFAULT_TIMEOUT: u64 = 30;

/// The servers that the program trains on, and for how long one may be silent.
static CONNECTED: OnceLock<(Vec<String>, Duration)> = OnceLock::new();

/// The addresses of the servers to train on, if any.
pub(crate) fn addresses() -> Vec<String> {
    let servers = env::var(SERVERS).unwrap_or_default();
    let addresses = servers.split(',').filter(|address| !address.is_empty());
    addresses.map(String::from).collect()
}

/// Starts the program anew where BURN_DEVICE has addresses of servers, with those in a variable of their own: Burn asks
/// BURN_DEVICE for the name of a backend whenever it loads an optimizer's state.
pub(crate) fn enter() {
    let Ok(addresses) = env::var("BURN_DEVICE") else {
        return;
    };
    if !addresses.contains("://") {
        return;
    }
    let failed = |reason: &dyn std::fmt::Display| -> ! {
        eprintln!("error: the program does not start anew for {addresses}: {reason}");
        process::exit(2);
    };
    let first = addresses.split(',').next().unwrap_or_default();
    let program = env::current_exe().unwrap_or_else(|error| failed(&error));
    let mut anew = Command::new(program);
    anew.args(env::args_os().skip(1));
    anew.env(SERVERS, &addresses).env("BURN_DEVICE", LOADS);
    anew.env("BURN_REMOTE_ADDRESS", first);
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
    let [value, file] = TOKEN;
    let token = match (variable(value)?, variable(file)?) {
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

/// Connects to the servers at `addresses`. From then on, one that no longer answers ends the program with one line and exit
/// code 2.
///
/// # Errors
///
/// The reason why there is no session with one of them.
pub(crate) fn connect(addresses: &[String]) -> Result<Vec<Device>, String> {
    let timeout = timeout()?;
    let token = token()?;
    let connect = |address: &String| {
        let (host, index) = parts(address)?;
        probe(host, timeout)?;
        let mut server = RemoteHost::websocket(&format!("ws://{host}"));
        if let Some(token) = &token {
            server = server.with_credential(token);
        }
        let device = Device::remote_options(&server).device_index(index).init();
        device.map_err(|error| error.to_string())
    };
    let named = |address| connect(address).map_err(|reason| format!("{address}: {reason}"));
    let devices = addresses.iter().map(named).collect::<Result<_, _>>()?;

    _ = CONNECTED.set((addresses.to_vec(), timeout));
    let servers = addresses.join(" and ");
    panic::set_hook(Box::new(move |info| {
        let message = info.payload_as_str().unwrap_or("no reason given");
        let reason = message.lines().next().unwrap_or_default();
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        check_all();
        end(&format!("{reason} ({place}), while training on {servers}"));
    }));
    for server in addresses {
        let server = server.clone();
        thread::spawn(move || {
            loop {
                thread::sleep(timeout / 4);
                check(&server, timeout);
            }
        });
    }
    Ok(devices)
}

/// The host with its port in an address, and which of its devices that is: `ws://HOST:PORT` is the first, and
/// `ws://HOST:PORT/1` the next.
fn parts(address: &str) -> Result<(&str, usize), String> {
    let parts = address.strip_prefix("ws://").and_then(|rest| {
        let (host, index) = rest.split_once('/').unwrap_or((rest, ""));
        let index = match index {
            "" => 0,
            index => index.parse().ok()?,
        };
        Some((host, index))
    });
    parts.ok_or_else(|| {
        "it is no address of the form ws://HOST:PORT or ws://HOST:PORT/DEVICE".to_string()
    })
}

/// Ends the program unless all servers that it trains on answer.
pub(crate) fn check_all() {
    if let Some((servers, timeout)) = CONNECTED.get() {
        servers.iter().for_each(|server| check(server, *timeout));
    }
}

/// Ends the program unless the server at `address` answers.
fn check(address: &str, timeout: Duration) {
    if let Err(reason) = parts(address).and_then(|(host, _)| probe(host, timeout)) {
        end(&format!("the server at {address} is gone: {reason}"));
    }
}

/// Ends the program with this error, once: several threads may see that the server is gone.
fn end(error: &str) -> ! {
    static ENDS: Mutex<()> = Mutex::new(());
    let _first = ENDS.lock();
    eprintln!("error: {error}; a run goes on from its last checkpoint");
    process::exit(2);
}

fn timeout() -> Result<Duration, String> {
    let Some(text) = variable(TIMEOUT)? else {
        return Ok(Duration::from_secs(DEFAULT_TIMEOUT));
    };
    match text.parse() {
        Ok(seconds @ 1..) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!(
            "{TIMEOUT} must be a whole number of seconds above 0, got {text}"
        )),
    }
}

/// A variable of the environment.
fn variable(name: &str) -> Result<Option<String>, String> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8")),
    }
}

/// Asks whether anybody answers at `host`: a server that is stopped still has its connections accepted.
fn probe(host: &str, timeout: Duration) -> Result<(), String> {
    let ask = || {
        let connect = |address| TcpStream::connect_timeout(&address, timeout);
        let mut stream = Err(ErrorKind::AddrNotAvailable.into());
        for address in host.to_socket_addrs()? {
            stream = connect(address);
            if stream.is_ok() {
                break;
            }
        }
        let mut stream = stream?;
        stream.set_read_timeout(Some(timeout))?;
        let request = format!("HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?; // at once
        stream.read_exact(&mut [0])
    };
    ask().map_err(|error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("it does not answer for {} seconds", timeout.as_secs())
        }
        _ => error.to_string(),
    })
}

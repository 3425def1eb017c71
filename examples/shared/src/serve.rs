//! Serving the backend's devices to other processes.

use std::io;
use std::net::{SocketAddr, TcpListener};

use burn::server::{RemoteServer, ServeError, TokenAuthorizer, WebSocketTransport};
use burn::tensor::Device;
#[cfg(any(feature = "cuda", feature = "rocm"))]
use burn::tensor::DeviceType;
use clap::Args;

use crate::Backend;
use crate::remote::{self, TOKEN};

/// The address to serve on.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// The address to listen on. Other machines reach no loopback address; for any other one, a token is asked of clients: put it
    /// into the variable BURN_REMOTE_TOKEN, or the path of a file with it into BURN_REMOTE_TOKEN_FILE, here and there.
    /// WebSocket is not encrypted: keep it in a network that you trust.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
}

/// A server that does not start.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ServeFailure {
    #[error("`--listen {0}` is open to other machines: set {first} or {second}", first = TOKEN[0], second = TOKEN[1])]
    NoToken(SocketAddr),
    #[error("{0}")]
    Token(String),
    #[error("can't listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    #[error("can't serve: {0}")]
    Serve(#[from] ServeError),
}

/// Serves until SIGINT or SIGTERM.
pub fn serve(args: &ServeArgs) -> Result<(), ServeFailure> {
    let token = remote::token().map_err(ServeFailure::Token)?;
    if token.is_none() && !args.listen.ip().is_loopback() {
        return Err(ServeFailure::NoToken(args.listen));
    }
    let failed = |error| ServeFailure::Listen(args.listen, error);
    let listener = TcpListener::bind(args.listen).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let backend = Backend::start();
    let name = backend.name.clone();
    let mut server = RemoteServer::new(devices(backend));
    if let Some(token) = token {
        let authorizer = TokenAuthorizer::new(token);
        let authorizer = authorizer.map_err(|error| ServeFailure::Token(error.to_string()))?;
        server = server.with_authorizer(authorizer);
    }
    println!("serving {name} on ws://{address}");
    Ok(server.serve(WebSocketTransport::from_listener(listener))?)
}

/// All NVIDIA and AMD GPUs, and of other backends the one device.
fn devices(backend: Backend) -> Vec<Device> {
    match backend.name.as_str() {
        #[cfg(feature = "cuda")]
        "cuda" => Device::enumerate(DeviceType::Cuda).into_iter().collect(),
        #[cfg(feature = "rocm")]
        "rocm" => Device::enumerate(DeviceType::Rocm).into_iter().collect(),
        _ => vec![backend.device],
    }
}

//! Ports taken before the daemon gives its privileges away: the lowest ones are root's to give.

use std::net::{SocketAddr, TcpListener};

use super::listener::ListenError;
use crate::{config::Config, http::serve::BACKLOG, systemd::Sockets};

/// Binds every service's port, as sockets that the daemon takes over.
pub fn bind(config: &Config) -> Result<Sockets, ListenError> {
    let listen = &config.listen;
    let services = [
        ("auth", "AUTH_PORT", listen.auth_port),
        ("gateway", "GATEWAY_PORT", listen.gateway_port),
        ("install", "INSTALL_PORT", listen.install_port),
    ];
    let mut sockets = Vec::new();
    for (service, variable, port) in services {
        let address = SocketAddr::new(listen.host, port);
        let socket = bound(address).map_err(|error| ListenError::of(service, variable, address, error))?;
        sockets.push((service.to_owned(), socket.into()));
    }
    // Figures are no reason not to serve: whoever serves tries it again, and says what is wrong.
    let metrics = config.metrics.listen.and_then(|address| bound(address).ok());
    sockets.extend(metrics.map(|socket| ("metrics".to_owned(), socket.into())));
    Sockets::sent(sockets).map_err(|error| ListenError::Given { service: "daemon", error })
}

fn bound(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpListener::bind(address)?;
    rustix::net::listen(&socket, BACKLOG.cast_signed())?;
    Ok(socket)
}

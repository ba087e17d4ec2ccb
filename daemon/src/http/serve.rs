//! Our accept loop around warp: slots, TLS under a deadline, a deadline for the first head, a drain.
//!
//! Invariant: whatever a peer does or leaves undone, its connection ends after a known time, and its slot is
//! free again.

use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::task_tracker::TaskTrackerToken};
use tracing::{debug, warn};

use super::{Peer, Route, converse::Server, direct::Direct, tls::Certificates};
use crate::{config, task::Tasks};

/// Connections that may wait to be accepted, as far as the system allows. The usual 128 are fewer than the
/// workstations of one office in the morning; what exceeds them is not refused but lost without a word.
pub const BACKLOG: u32 = 4096;
/// How long to wait before accepting again when the system refuses (too many open files).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often it is told that all slots are taken.
const FULL_AGAIN: Duration = Duration::from_mins(1);

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A bound socket that is not yet owned.
#[derive(Debug)]
pub struct Listener {
    name: &'static str,
    socket: Socket,
    certificates: Option<Arc<Certificates>>,
    cut: CancellationToken,
    succeeded: CancellationToken,
    _open: Option<TaskTrackerToken>,
}

/// A socket that is bound and does not listen yet.
pub fn tcp_socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl Listener {
    /// Binds a TCP socket; port 0 takes a free one.
    #[allow(clippy::unused_async, reason = "it works inside a runtime only, and so says its type")]
    pub async fn tcp(name: &'static str, address: SocketAddr) -> io::Result<Self> {
        Ok(Self::new(name, Socket::Tcp(tcp_socket(address)?.listen(BACKLOG)?)))
    }

    /// Binds a unix socket.
    pub fn unix(name: &'static str, path: &Path) -> io::Result<Self> {
        Ok(Self::new(name, Socket::Unix(UnixListener::bind(path)?)))
    }

    /// A TCP socket that somebody else has bound and listens on.
    pub fn given_tcp(name: &'static str, socket: std::net::TcpListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self::new(name, Socket::Tcp(TcpListener::from_std(socket)?)))
    }

    /// A unix socket that somebody else has bound and listens on.
    pub fn given_unix(name: &'static str, socket: std::os::unix::net::UnixListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self::new(name, Socket::Unix(UnixListener::from_std(socket)?)))
    }

    fn new(name: &'static str, socket: Socket) -> Self {
        let (cut, succeeded) = (CancellationToken::new(), CancellationToken::new());
        Self { name, socket, certificates: None, cut, succeeded, _open: None }
    }

    /// Speaks TLS with these certificates.
    pub fn with_tls(self, certificates: Option<Arc<Certificates>>) -> Self {
        Self { certificates, ..self }
    }

    /// Lets `cut` end a drain before its deadline.
    pub fn with_cut(self, cut: CancellationToken) -> Self {
        Self { cut, ..self }
    }

    /// Once `succeeded` is cancelled, a successor serves this socket: clients are sent to it without being refused.
    pub fn with_successor(self, succeeded: CancellationToken) -> Self {
        Self { succeeded, ..self }
    }

    /// Holds `open` for as long as it listens.
    pub fn with_trace(self, open: TaskTrackerToken) -> Self {
        Self { _open: Some(open), ..self }
    }

    /// The address of a TCP socket.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(socket) => socket.local_addr().ok(),
            Socket::Unix(_) => None,
        }
    }

    /// Serves until `stop`, then drains: idle connections close, requests in flight finish, and whatever still
    /// runs after the drain timeout is cut.
    pub async fn serve(self, routes: Route, limits: config::Http, stop: CancellationToken) {
        let server = Server {
            name: self.name,
            routes,
            connections: Tasks::default(),
            cut: self.cut.child_token(),
            succeeded: self.succeeded.clone(),
            lost: Arc::default(),
            limits: limits.clone(),
        };
        let slots = Arc::new(Semaphore::new(limits.connections));
        stop.run_until_cancelled(self.accept(&server, &slots)).await;
        // Closed at once, so that new clients are told so and don't wait in the backlog.
        drop(self);
        server.drain(limits.drain_timeout).await;
    }

    async fn accept(&self, server: &Server, slots: &Arc<Semaphore>) {
        let mut told = None;
        loop {
            let Some(slot) = self.slot(slots, &mut told).await else { return };
            let accepted = match &self.socket {
                Socket::Tcp(socket) => {
                    socket.accept().await.map(|(stream, peer)| self.greet(server, stream, peer, slot))
                }
                Socket::Unix(socket) => {
                    socket.accept().await.map(|(stream, _)| welcome(server, stream, slot))
                }
            };
            if let Err(error) = accepted {
                warn!(listener = self.name, %error, "connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }

    /// The slot of the next connection. Clients that wait for one are told nothing, so the log is.
    async fn slot(&self, slots: &Arc<Semaphore>, told: &mut Option<Instant>) -> Option<OwnedSemaphorePermit> {
        if slots.available_permits() == 0 && told.is_none_or(|at| at.elapsed() >= FULL_AGAIN) {
            *told = Some(Instant::now());
            warn!(listener = self.name, "as many connections as http.connections allows, new ones wait");
        }
        slots.clone().acquire_owned().await.ok()
    }

    fn greet(&self, server: &Server, stream: TcpStream, peer: SocketAddr, slot: OwnedSemaphorePermit) {
        let _ = stream.set_nodelay(true);
        let owned = server.clone();
        let acceptor = self.certificates.as_ref().map(|certificates| certificates.acceptor());
        server.connections.spawn("connection", async move {
            let _slot = slot;
            let Some(acceptor) = acceptor else {
                let (stream, outbox) = Direct::new(stream);
                return owned.converse(stream, owned.connection(Peer::Tcp(peer), Some(outbox))).await;
            };
            match tokio::time::timeout(owned.limits.header_timeout, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => owned.converse(stream, owned.connection(Peer::Tcp(peer), None)).await,
                Ok(Err(error)) => debug!(listener = owned.name, %peer, %error, "TLS handshake failed"),
                Err(_) => debug!(listener = owned.name, %peer, "TLS handshake timed out"),
            }
        });
    }
}

fn welcome(server: &Server, stream: UnixStream, slot: OwnedSemaphorePermit) {
    let uid = stream.peer_cred().ok().map(|cred| cred.uid());
    let owned = server.clone();
    server.connections.spawn("connection", async move {
        let _slot = slot;
        owned.converse(stream, owned.connection(Peer::Unix { uid }, None)).await;
    });
}

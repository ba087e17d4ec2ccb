//! Our accept loop around warp: slots, TLS under a deadline, a deadline for the first head, a drain.
//!
//! Invariant: whatever a peer does or leaves undone, its connection ends after a known time, and its slot is
//! free again.

use std::{
    io,
    net::SocketAddr,
    path::Path,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{Request, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{
    Connection, Peer, Response, Route,
    direct::{Direct, Outbox},
    head::{Verdict, Watched},
    patience::Patient,
    reply, route,
    tls::Certificates,
};
use crate::{config, task::Tasks};

/// Largest head of a request, and the most hyper keeps of a connection's input: it keeps that buffer for the
/// connection's life.
const HEAD_LIMIT: usize = 32 * 1024;
/// Connections that may wait to be accepted, as far as the system allows. The usual 128 are fewer than the
/// workstations of one office in the morning; what exceeds them is not refused but lost without a word.
const BACKLOG: u32 = 4096;
/// How long to wait before accepting again when the system refuses (too many open files).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long connections may take to notice that they were cut.
const CUT_DEADLINE: Duration = Duration::from_secs(1);

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
}

impl Listener {
    /// Binds a TCP socket; port 0 takes a free one.
    #[allow(clippy::unused_async, reason = "it works inside a runtime only, and so says its type")]
    pub async fn tcp(name: &'static str, address: SocketAddr) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Self::new(name, Socket::Tcp(socket.listen(BACKLOG)?)))
    }

    /// Binds a unix socket.
    pub fn unix(name: &'static str, path: &Path) -> io::Result<Self> {
        Ok(Self::new(name, Socket::Unix(UnixListener::bind(path)?)))
    }

    fn new(name: &'static str, socket: Socket) -> Self {
        Self { name, socket, certificates: None, cut: CancellationToken::new() }
    }

    /// Speaks TLS with these certificates.
    pub fn with_tls(self, certificates: Option<Arc<Certificates>>) -> Self {
        Self { certificates, ..self }
    }

    /// Lets `cut` end a drain before its deadline.
    pub fn with_cut(self, cut: CancellationToken) -> Self {
        Self { cut, ..self }
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
        loop {
            let Ok(slot) = slots.clone().acquire_owned().await else { return };
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

/// What every connection of a listener shares.
#[derive(Clone)]
struct Server {
    name: &'static str,
    routes: Route,
    limits: config::Http,
    connections: Tasks,
    cut: CancellationToken,
    /// How many connections were cut.
    lost: Arc<AtomicUsize>,
}

impl Server {
    async fn drain(&self, deadline: Duration) {
        info!(listener = self.name, "stopped accepting");
        let ended = self.cut.run_until_cancelled(self.connections.stop(deadline)).await;
        if ended != Some(true) {
            self.cut.cancel();
            self.connections.stop(CUT_DEADLINE).await;
        }
        let lost = self.lost.load(Ordering::Relaxed);
        if lost > 0 {
            warn!(listener = self.name, connections = lost, "connections cut");
        }
    }

    fn connection(&self, peer: Peer, outbox: Option<Outbox>) -> Connection {
        Connection { peer, body_timeout: self.limits.body_timeout, outbox }
    }

    /// Serves one connection to its end.
    async fn converse(&self, stream: impl AsyncRead + AsyncWrite + Unpin, made: Connection) {
        let began = Arc::new(AtomicBool::new(false));
        let peer = made.peer;
        let (stream, verdict) = Watched::new(stream);
        let io = TokioIo::new(Patient::new(stream, self.limits.write_timeout));
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(self.limits.idle_timeout)
                .max_buf_size(HEAD_LIMIT)
                .serve_connection(io, self.service(made, began.clone(), verdict))
        );
        let draining = self.connections.stopping();
        let result = tokio::select! {
            // A head that has arrived wins over a deadline that passed while nobody looked.
            biased;
            result = connection.as_mut() => result,
            () = headless(self.limits.header_timeout, &began) => return,
            () = draining.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    result = connection.as_mut() => result,
                    () = headless(self.limits.header_timeout, &began) => return,
                    () = self.cut_off() => return,
                }
            }
        };
        if let Err(error) = result {
            debug!(listener = self.name, ?peer, %error, "connection ended early");
        }
    }

    /// Resolves when connections are cut, and counts one.
    async fn cut_off(&self) {
        self.cut.cancelled().await;
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    fn service(
        &self,
        connection: Connection,
        began: Arc<AtomicBool>,
        verdict: Verdict,
    ) -> impl hyper::service::Service<
        Request<Incoming>,
        Response = Response,
        Error = std::convert::Infallible,
        Future: Send,
    > {
        let routes = warp::service(route::total(self.routes.clone()));
        service_fn(move |mut request: Request<Incoming>| {
            began.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(connection.clone());
            let refused = verdict.is_ambiguous().then(ambiguous);
            let routes = TowerToHyperService::new(routes.clone());
            async move {
                match refused {
                    Some(response) => Ok(response),
                    None => hyper::service::Service::call(&routes, request).await,
                }
            }
        })
    }
}

/// Resolves if no request has begun by the deadline.
async fn headless(deadline: Duration, began: &AtomicBool) {
    tokio::time::sleep(deadline).await;
    if began.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

/// The answer to a request whose end can't be told for sure; nothing after it can be either.
fn ambiguous() -> Response {
    let message = json!({ "message": "the length of the request can be read in two ways" });
    let mut response = reply::json(StatusCode::BAD_REQUEST, &message);
    response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    response
}

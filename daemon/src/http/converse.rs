//! One connection from its first byte to its last.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{HeaderValue, Request, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{
    Connection, Peer, Response, Route,
    direct::Outbox,
    head::{Verdict, Watched},
    patience::Patient,
    reply, route,
};
use crate::{config, task::Tasks};

/// Largest head of a request, and the most hyper keeps of a connection's input: it keeps that buffer for the
/// connection's life.
const HEAD_LIMIT: usize = 32 * 1024;
/// How long connections may take to notice that they were cut.
const CUT_DEADLINE: Duration = Duration::from_secs(1);
/// The part of a drain in which idle connections stay open if a successor serves.
const LINGER: u32 = 2;
const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// What every connection of a listener shares.
#[derive(Clone)]
pub(super) struct Server {
    pub name: &'static str,
    pub routes: Route,
    pub limits: config::Http,
    pub connections: Tasks,
    pub cut: CancellationToken,
    /// Cancelled when a successor serves.
    pub succeeded: CancellationToken,
    /// How many connections were cut.
    pub lost: Arc<AtomicUsize>,
}

impl Server {
    /// Lets connections end.
    pub async fn drain(&self, deadline: Duration) {
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

    pub fn connection(&self, peer: Peer, outbox: Option<Outbox>) -> Connection {
        Connection { peer, body_timeout: self.limits.body_timeout, outbox }
    }

    /// Serves one connection to its end.
    pub async fn converse(&self, stream: impl AsyncRead + AsyncWrite + Unpin, made: Connection) {
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
        let result = tokio::select! {
            // A head that has arrived wins over a deadline that passed while nobody looked.
            biased;
            result = connection.as_mut() => result,
            () = headless(self.limits.header_timeout, &began) => return,
            () = self.farewell() => {
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

    /// Resolves when a connection should close as soon as it is idle. Where a successor serves, that is later: a client
    /// may use an idle connection at the moment in which it is closed, and would be refused. It is told to close it
    /// with its next answer instead.
    async fn farewell(&self) {
        self.connections.stopping().cancelled().await;
        if self.succeeded.is_cancelled() {
            let lingering = tokio::time::sleep(self.limits.drain_timeout / LINGER);
            self.cut.run_until_cancelled(lingering).await;
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
        let (routes, succeeded) = (warp::service(route::total(self.routes.clone())), self.succeeded.clone());
        service_fn(move |mut request: Request<Incoming>| {
            began.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(connection.clone());
            let refused = verdict.is_ambiguous().then(ambiguous);
            let routes = TowerToHyperService::new(routes.clone());
            let succeeded = succeeded.clone();
            async move {
                let mut response = match refused {
                    Some(response) => response,
                    None => hyper::service::Service::call(&routes, request).await?,
                };
                if succeeded.is_cancelled() {
                    response.headers_mut().insert(header::CONNECTION, CLOSE);
                }
                Ok(response)
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
    response.headers_mut().insert(header::CONNECTION, CLOSE);
    response
}

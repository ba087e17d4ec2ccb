//! HTTP/1.1 over a unix socket. A connection is driven by whoever waits for its answer: no task is started, and who stops
//! waiting closes it. Every wait has a deadline, every answer a cap.

use std::{
    future::Future,
    io,
    path::Path,
    pin::{Pin, pin},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    body::Incoming,
    client::conn::http1::{Connection, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{net::UnixStream, time::timeout};

use super::error::ClientError;

/// Largest answer: the largest page has a thousand rows.
const ANSWER_LIMIT: usize = 32 * 1024 * 1024;
/// Between two tries while the daemon's queue of new connections is full.
const BACKLOG_PAUSE: Duration = Duration::from_millis(20);

type Wire = Connection<TokioIo<UnixStream>, Full<Bytes>>;
type Sender = SendRequest<Full<Bytes>>;

/// Where the daemon is, and how long it may take.
pub(super) struct Socket<'a> {
    pub(super) path: &'a Path,
    pub(super) patience: Duration,
}

/// One request.
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Bytes,
}

/// One answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// An answer that goes on.
pub(super) struct Open {
    pub(super) body: Incoming,
    pub(super) driver: Driver,
    // Dropping the sender would close the connection.
    _sender: Sender,
}

/// Moves the bytes of one connection.
pub(super) struct Driver(Option<Pin<Box<Wire>>>);

impl Ask {
    pub(super) fn get(path: String) -> Self {
        Self { method: Method::GET, path, body: Bytes::new() }
    }

    /// The path without its query.
    pub(super) fn route(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    pub(super) fn is_action(&self) -> bool {
        self.method == Method::POST
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, ClientError> {
        let mut request =
            Request::builder().method(&self.method).uri(&self.path).header(header::HOST, "sallyport");
        if self.is_action() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        request.body(Full::new(self.body.clone())).map_err(|error| ClientError::Unsayable(error.to_string()))
    }
}

impl Answer {
    /// Whether it may mean that the daemon has never heard of what it was asked.
    pub(super) fn is_of_unknown(&self) -> bool {
        [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED, StatusCode::BAD_REQUEST]
            .contains(&self.status)
    }
}

impl Socket<'_> {
    /// A whole answer.
    pub(super) async fn exchange(&self, ask: &Ask) -> Result<Answer, ClientError> {
        let whole = async {
            let (response, mut driver, _sender) = self.send(ask).await?;
            let (head, body) = response.into_parts();
            let body = driver.drive(Limited::new(body, ANSWER_LIMIT).collect()).await;
            let body = body.map_err(|error| unread(error.as_ref(), ask))?.to_bytes();
            Ok(Answer { status: head.status, body })
        };
        self.in_time(ask, whole).await
    }

    /// The beginning of an answer that goes on, or a refusal.
    pub(super) async fn open(&self, ask: &Ask) -> Result<Result<Open, Answer>, ClientError> {
        let head = async {
            let (response, mut driver, sender) = self.send(ask).await?;
            let (head, body) = response.into_parts();
            if head.status.is_success() {
                return Ok(Ok(Open { body, driver, _sender: sender }));
            }
            let body = driver.drive(Limited::new(body, ANSWER_LIMIT).collect()).await;
            let body = body.map_err(|error| unread(error.as_ref(), ask))?.to_bytes();
            Ok(Err(Answer { status: head.status, body }))
        };
        self.in_time(ask, head).await
    }

    async fn send(&self, ask: &Ask) -> Result<(Response<Incoming>, Driver, Sender), ClientError> {
        let stream = self.connect().await?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| broken(&error, ask))?;
        let mut driver = Driver(Some(Box::pin(connection)));
        let request = ask.request()?;
        let response = driver.drive(sender.send_request(request)).await;
        Ok((response.map_err(|error| broken(&error, ask))?, driver, sender))
    }

    async fn connect(&self) -> Result<UnixStream, ClientError> {
        loop {
            match UnixStream::connect(self.path).await {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    tokio::time::sleep(BACKLOG_PAUSE).await;
                }
                connected => return connected.map_err(|error| ClientError::unconnected(self.path, error)),
            }
        }
    }

    async fn in_time<T>(
        &self,
        ask: &Ask,
        work: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, ClientError> {
        let late = ClientError::TooSlow { after: self.patience, is_action: ask.is_action() };
        timeout(self.patience, work).await.unwrap_or(Err(late))
    }
}

impl Driver {
    /// Waits for `work` and moves the connection's bytes meanwhile.
    pub(super) async fn drive<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if let Some(connection) = &mut self.0 {
            tokio::select! {
                done = &mut work => return done,
                _ = connection => {}
            }
            // What goes wrong with the connection is told to `work`, too.
            self.0 = None;
        }
        work.await
    }
}

/// Why the connection gave no answer.
pub(super) fn broken(error: &hyper::Error, ask: &Ask) -> ClientError {
    if error.is_parse() {
        return ClientError::NotUnderstood {
            route: ask.route().to_owned(),
            detail: "whoever listens there does not speak HTTP".to_owned(),
            daemon: None,
        };
    }
    ClientError::Cut { is_action: ask.is_action() }
}

fn unread(error: &(dyn std::error::Error + Send + Sync + 'static), ask: &Ask) -> ClientError {
    if error.is::<LengthLimitError>() {
        return ClientError::TooLarge { limit: ANSWER_LIMIT };
    }
    match error.downcast_ref::<hyper::Error>() {
        Some(error) => broken(error, ask),
        None => ClientError::Cut { is_action: ask.is_action() },
    }
}

//! A listener with short limits, and clients that speak bytes.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{HeaderValue, Method, StatusCode};
use sallyportd::{
    app::limit,
    config,
    http::{Call, Response, Route, reply, route, serve::Listener, tls::Certificates},
    task::Tasks,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
    time::{interval, timeout},
};

/// Largest body that `/take` takes.
pub(super) const LIMIT: usize = 32 << 20;
/// Connections served at a time: more than a thousand.
pub(super) const CONNECTIONS: usize = 1500;
const SHORT: Duration = Duration::from_secs(1);
/// Nothing here takes so long, unless it would take for ever.
const NEVER: Duration = Duration::from_mins(1);

pub(super) struct World {
    address: SocketAddr,
    tasks: Tasks,
    dropped: Arc<Semaphore>,
}

/// A client.
pub(super) struct Peer {
    pub(super) socket: TcpStream,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::start(None).await
    }

    pub(super) async fn with_tls() -> Self {
        let files = super::super::certificate::files("localhost");
        let certificates = Certificates::load(files.paths()).unwrap();
        Self::start(Some(Arc::new(certificates))).await
    }

    async fn start(certificates: Option<Arc<Certificates>>) -> Self {
        limit::raise();
        let (tasks, dropped) = (Tasks::default(), Arc::new(Semaphore::new(0)));
        let listener = Listener::tcp("hostile", (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let (address, listener) = (listener.address().unwrap(), listener.with_tls(certificates));
        tasks.spawn("hostile", listener.serve(routes(&dropped), limits(), tasks.stopping()));
        Self { address, tasks, dropped }
    }

    pub(super) async fn connect(&self) -> Peer {
        Peer::connect(self.address).await
    }

    /// Says something and hears everything that comes back.
    pub(super) async fn ask(&self, words: &str) -> String {
        self.connect().await.ask(words).await
    }

    /// Others are served.
    pub(super) async fn assert_serves(&self) {
        let mut peer = self.connect().await;
        peer.say("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert_eq!(peer.hear_answer().await, (200, "hello".to_owned()));
    }

    /// Waits until the server has let go of a stream.
    pub(super) async fn stream_dropped(&self) {
        timeout(NEVER, self.dropped.acquire()).await.expect("the stream is still held").unwrap().forget();
    }

    /// Whether everything ended by itself.
    pub(super) async fn stop(&self) -> bool {
        self.tasks.stop(NEVER).await
    }
}

impl Peer {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self { socket: TcpStream::connect(address).await.unwrap() }
    }

    /// Says something and hears everything that comes back.
    pub(super) async fn ask(&mut self, words: &str) -> String {
        // The server may close before it has read everything.
        let _ = self.socket.write_all(words.as_bytes()).await;
        self.hear_all().await
    }

    pub(super) async fn say(&mut self, words: &str) {
        self.socket.write_all(words.as_bytes()).await.unwrap();
    }

    /// Sends so many bytes.
    pub(super) async fn pour(&mut self, count: usize) {
        let piece = vec![b'z'; 1 << 20];
        for _ in 0..count >> 20 {
            self.socket.write_all(&piece).await.unwrap();
        }
    }

    /// Sends `piece` again and again, slowly, until the server has had enough; returns what it said.
    pub(super) async fn dribble(&mut self, head: &str, piece: &str) -> String {
        self.say(head).await;
        let (mut reader, mut writer) = self.socket.split();
        let mut pace = interval(SHORT / 10);
        let mut words = Vec::new();
        let hearing = timeout(NEVER, reader.read_to_end(&mut words));
        let dribbling = async {
            while writer.write_all(piece.as_bytes()).await.is_ok() {
                pace.tick().await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            // A reset after the answer is an end too.
            ended = hearing => drop(ended.expect("the connection is still open")),
            () = dribbling => {}
        }
        String::from_utf8_lossy(&words).into_owned()
    }

    /// Sends as fast as it can until the server has had enough; returns what it said.
    pub(super) async fn flood(&mut self, head: &str) -> String {
        self.say(head).await;
        let piece = vec![b'z'; 1 << 20];
        let flooding = async { while self.socket.write_all(&piece).await.is_ok() {} };
        timeout(NEVER, flooding).await.expect("the server still reads");
        self.hear_all().await
    }

    /// Everything until the server closes.
    pub(super) async fn hear_all(&mut self) -> String {
        let mut words = Vec::new();
        let read = timeout(NEVER, self.socket.read_to_end(&mut words)).await;
        // A reset is an end too.
        drop(read.expect("the connection is still open"));
        String::from_utf8_lossy(&words).into_owned()
    }

    pub(super) async fn hear_some(&mut self) {
        assert_ne!(self.socket.read(&mut [0; 64]).await.unwrap(), 0);
    }

    /// One answer with a length: its status and its body.
    pub(super) async fn hear_answer(&mut self) -> (u16, String) {
        let mut words = String::new();
        let (head, length) = loop {
            self.read_more(&mut words).await;
            if let Some((head, _)) = words.split_once("\r\n\r\n") {
                let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
                break (head.to_owned(), length.parse::<usize>().unwrap());
            }
        };
        while words.len() < head.len() + 4 + length {
            self.read_more(&mut words).await;
        }
        (head[9..12].parse().unwrap(), words[head.len() + 4..].to_owned())
    }

    async fn read_more(&mut self, words: &mut String) {
        let mut buffer = [0; 4096];
        let read = timeout(NEVER, self.socket.read(&mut buffer)).await.expect("no answer came").unwrap();
        assert_ne!(read, 0, "the connection ended after {words:?}");
        words.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
}

fn routes(dropped: &Arc<Semaphore>) -> Route {
    route::any_of([
        route::exact(Method::GET, "/hello", dropped, hello),
        route::exact(Method::POST, "/take", dropped, take),
        route::exact(Method::GET, "/endless", dropped, endless),
    ])
}

async fn hello(_: Arc<Semaphore>, _: Call) -> Response {
    reply::text(StatusCode::OK, "hello")
}

async fn take(_: Arc<Semaphore>, mut call: Call) -> Response {
    match call.body(LIMIT).await {
        Ok(body) => reply::text(StatusCode::OK, body.len().to_string()),
        Err(refused) => reply::text(refused.status(), refused.to_string()),
    }
}

async fn endless(dropped: Arc<Semaphore>, _: Call) -> Response {
    reply::stream(StatusCode::OK, HeaderValue::from_static("text/plain"), pieces(Guard(dropped)))
}

/// Tells when it is let go of.
struct Guard(Arc<Semaphore>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

fn pieces(guard: Guard) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send + Sync {
    stream::unfold(guard, |guard| async { Some((Ok(Bytes::from_static(&[b'z'; 1 << 14])), guard)) })
}

fn limits() -> config::Http {
    config::Http {
        connections: CONNECTIONS,
        header_timeout: SHORT,
        idle_timeout: SHORT,
        body_timeout: SHORT,
        write_timeout: SHORT,
        drain_timeout: SHORT,
    }
}

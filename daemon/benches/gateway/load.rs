//! The load: connections that send one request over and over, or open a stream and hold it.
//!
//! It speaks just enough HTTP/1.1 to find the end of an answer, so that it costs little beside what it measures.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::answer::{Progress, Reader};

/// What is sent, where and how.
#[derive(Debug, Clone)]
pub struct Load {
    pub target: SocketAddr,
    /// Whole requests, head and body; each connection sends one of them, over and over.
    pub requests: Vec<Bytes>,
    pub connections: usize,
    pub span: Duration,
}

impl Load {
    /// What a connection sends.
    fn request(&self, connection: usize) -> Bytes {
        self.requests.iter().cycle().nth(connection).cloned().unwrap_or_default()
    }
}

/// A request for an answer of a model, with a body of about this size.
pub fn request(target: SocketAddr, path: &str, token: &str, body: usize) -> Bytes {
    let filler = "x".repeat(body.saturating_sub(100));
    let body = json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 64,
        "messages": [{ "role": "user", "content": filler }],
    });
    let body = body.to_string();
    Bytes::from(format!(
        "POST {path} HTTP/1.1\r\nhost: {target}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len(),
    ))
}

/// What came back.
#[derive(Debug, Default)]
pub struct Outcome {
    /// From the first byte sent to the last byte received, sorted.
    pub latencies: Vec<Duration>,
    /// From the first byte sent to the first byte received, sorted.
    pub first_bytes: Vec<Duration>,
    pub elapsed: Duration,
}

impl Outcome {
    /// Answers a second.
    #[allow(clippy::cast_precision_loss, reason = "a count of answers is far below 2^52")]
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// The value below which `share` (0 to 1) of the sorted samples lie.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index"
)]
pub fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let at = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}

/// Sends on all connections for the span; any answer but a 200 is an error.
pub async fn run(load: &Load) -> io::Result<Outcome> {
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for number in 0..load.connections {
        workers.spawn(work(load.target, load.request(number), began + load.span));
    }
    let mut outcome = Outcome::default();
    while let Some(samples) = workers.join_next().await {
        for (latency, first) in samples?? {
            outcome.latencies.push(latency);
            outcome.first_bytes.push(first);
        }
    }
    outcome.elapsed = began.elapsed();
    outcome.latencies.sort_unstable();
    outcome.first_bytes.sort_unstable();
    Ok(outcome)
}

async fn work(target: SocketAddr, request: Bytes, until: Instant) -> io::Result<Vec<(Duration, Duration)>> {
    let mut stream = connect(target).await?;
    let mut samples = Vec::new();
    let mut buffer = BytesMut::with_capacity(64 * 1024);
    while Instant::now() < until {
        samples.push(exchange(&mut stream, &request, &mut buffer).await?);
    }
    Ok(samples)
}

async fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut BytesMut,
) -> io::Result<(Duration, Duration)> {
    let began = Instant::now();
    stream.write_all(request).await?;
    let mut first = None;
    let mut reader = Reader::default();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        first.get_or_insert_with(|| began.elapsed());
        if reader.read(buffer)? == Progress::Whole {
            return Ok((began.elapsed(), first.unwrap_or_default()));
        }
    }
}

/// Opens streams and holds them; each has had its first bytes.
pub async fn open(load: &Load) -> io::Result<Vec<TcpStream>> {
    let mut held = Vec::with_capacity(load.connections);
    while held.len() < load.connections {
        let mut openers = JoinSet::new();
        for number in held.len()..load.connections.min(held.len() + 50) {
            openers.spawn(open_one(load.target, load.request(number)));
        }
        while let Some(opened) = openers.join_next().await {
            held.push(opened??);
        }
    }
    Ok(held)
}

async fn open_one(target: SocketAddr, request: Bytes) -> io::Result<TcpStream> {
    let mut stream = connect(target).await?;
    stream.write_all(&request).await?;
    let mut buffer = BytesMut::with_capacity(4096);
    let mut reader = Reader::default();
    while !reader.has_content() {
        if stream.read_buf(&mut buffer).await? == 0 || reader.read(&mut buffer)? == Progress::Whole {
            return Err(io::Error::other("a stream that should stay open ended"));
        }
    }
    Ok(stream)
}

async fn connect(target: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(target).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

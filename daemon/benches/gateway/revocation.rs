//! How long it takes to end a user's sessions while many work.

use std::{
    io,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use sallyportd::sandbox::entra::{SimulatedEntra, User};
use serde_json::json;
use shared::api::admin::Effect;
use tokio::{io::AsyncReadExt, net::TcpStream, task::JoinSet, time::timeout};

use crate::{
    daemon::Daemon,
    load::{self, Load, request},
    report,
};

/// Of each of two users.
const SESSIONS: usize = 500;
const STREAMS: usize = 100;
/// How long the streams of the other user are watched.
const WATCH: Duration = Duration::from_millis(500);

/// What clients and operator saw of it.
struct Seen {
    effect: Effect,
    answered: Duration,
    /// When the last stream that had to end did.
    last: Duration,
    /// Streams of others that went on.
    spared: usize,
}

/// Revokes a user with half of 1,000 sessions and of 200 open streams.
pub async fn measure(daemon: &Daemon, entra: &SimulatedEntra) -> Result<()> {
    let hers = daemon.sign_in(entra, User::ADA, SESSIONS).await?;
    let others = daemon.sign_in(entra, User::GRACE, SESSIONS).await?;
    let (cut, spared) = (open(daemon, &hers).await?, open(daemon, &others).await?);
    // Whoever was first is fine.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder().unix_socket(daemon.socket.clone()).no_proxy().build()?;
    let order = client
        .post(format!("http://localhost/users/{}/revoke", User::ADA.oid))
        .json(&json!({ "reason": "benchmark" }));
    let began = Instant::now();
    let mut ends = JoinSet::new();
    for stream in cut {
        ends.spawn(async move { end(stream).await.map(|()| began.elapsed()) });
    }
    let effect = order.send().await?.error_for_status()?.json().await?;
    let (answered, mut last) = (began.elapsed(), Duration::ZERO);
    while let Some(end) = ends.join_next().await {
        last = last.max(end??);
    }
    let open = try_join_all(spared.into_iter().map(is_open)).await?;
    let spared = open.into_iter().filter(|is_open| *is_open).count();
    tell(&Seen { effect, answered, last, spared });
    Ok(())
}

fn tell(Seen { effect, answered, last, spared }: &Seen) {
    let millis = |span: Duration| span.as_secs_f64() * 1e3;
    report::say(&format!(
        "\nrevoking one of two users, {} sessions and {} of {} open streams: {:.1} ms by the daemon's own count",
        effect.sessions,
        effect.requests,
        2 * STREAMS,
        millis(Duration::from_micros(effect.took_microseconds)),
    ));
    report::say(&format!(
        "  answered after {:.1} ms, the last client saw its stream end after {:.1} ms, {spared} of {STREAMS} streams of \
         the other user go on",
        millis(*answered),
        millis(*last),
    ));
}

async fn open(daemon: &Daemon, tokens: &[String]) -> Result<Vec<TcpStream>> {
    let target = daemon.program.address;
    let path = "/model/sandbox.paced.600000/invoke-with-response-stream";
    let requests = tokens.iter().map(|token| request(target, path, token, 1 << 10)).collect();
    let load = Load { target, requests, connections: STREAMS, span: Duration::ZERO };
    load::open(&load).await.context("streams to revoke")
}

/// Reads to the end of the answer, which its last chunk tells.
async fn end(mut stream: TcpStream) -> io::Result<()> {
    let mut tail = Vec::new();
    while !tail.ends_with(b"0\r\n\r\n") {
        if stream.read_buf(&mut tail).await? == 0 {
            return Ok(());
        }
    }
    Ok(())
}

/// A stream that goes on is silent for now.
async fn is_open(stream: TcpStream) -> Result<bool> {
    Ok(timeout(WATCH, end(stream)).await.is_err())
}

//! A socket that answers as a daemon of a large company would, and as cheaply as it can.

use std::{
    fmt::Write,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    task::JoinSet,
};

use super::company;

/// 500 events a second, in twenty handfuls.
const HANDFULS: u64 = 20;
const HANDFUL: u64 = 25;

pub struct Server {
    state: Arc<State>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct State {
    is_busy: AtomicBool,
    turn: AtomicU64,
    /// What a reader of changes was told last.
    told: AtomicU64,
}

#[allow(clippy::disallowed_methods, reason = "the console compares it with its own clock")]
fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

impl Server {
    pub fn start(socket: &Path) -> Self {
        let state = Arc::new(State::default());
        let (listener, shared) = (UnixListener::bind(socket).unwrap(), state.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                let state = shared.clone();
                connections.spawn(async move { drop(serve(connection, &state).await) });
                while connections.try_join_next().is_some() {}
            }
        });
        Self { state, _tasks: tasks }
    }

    /// Whether something happens.
    pub fn set_busy(&self, is_busy: bool) {
        self.state.is_busy.store(is_busy, Ordering::Relaxed);
    }
}

async fn serve(mut connection: UnixStream, state: &State) -> std::io::Result<()> {
    let mut path = String::new();
    let mut lines = BufReader::new(&mut connection).lines();
    while let Some(line) = lines.next_line().await?.filter(|line| !line.is_empty()) {
        if path.is_empty() {
            line.split(' ').nth(1).unwrap_or_default().clone_into(&mut path);
        }
    }
    if path.starts_with("/events") {
        return events(connection, state).await;
    }
    let body = answer(&path, state).to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await?;
    connection.write_all(body.as_bytes()).await?;
    connection.shutdown().await
}

fn answer(path: &str, state: &State) -> Value {
    let (route, query) = path.split_once('?').unwrap_or((path, ""));
    let number = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).and_then(|(_, value)| value.parse::<u64>().ok())
    };
    match route {
        "/status" => company::status(),
        "/traffic" => company::traffic(number("after"), now()),
        "/sessions" if number("changed_since").is_some() => changed(state),
        "/sessions" => company::page(number("skip").unwrap_or_default(), now()),
        _ => json!({"items": [], "next": null}),
    }
}

/// What changed since the last time it was asked for.
fn changed(state: &State) -> Value {
    let turn = state.turn.load(Ordering::Relaxed);
    let told = state.told.swap(turn, Ordering::Relaxed).max(turn.saturating_sub(1000));
    let items: Vec<Value> =
        (told..turn).map(|turn| company::session(turn % company::SESSIONS, turn, now())).collect();
    json!({"items": items, "next": null})
}

async fn events(mut connection: UnixStream, state: &State) -> std::io::Result<()> {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n: watching\n\n";
    connection.write_all(head.as_bytes()).await?;
    let mut pauses = tokio::time::interval(Duration::from_millis(1000 / HANDFULS));
    loop {
        pauses.tick().await;
        if !state.is_busy.load(Ordering::Relaxed) {
            continue;
        }
        let turn = state.turn.fetch_add(HANDFUL, Ordering::Relaxed);
        let mut told = String::new();
        for turn in turn..turn + HANDFUL {
            let event = company::event(turn, now());
            let _ = write!(told, "event: {}\ndata: {event}\n\n", event["event"].as_str().unwrap());
        }
        connection.write_all(told.as_bytes()).await?;
    }
}

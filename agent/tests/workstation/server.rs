//! An install server that does as a test tells it, in place of the daemon's, which never serves what is not verified.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How a path is answered.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Bytes(Vec<u8>),
    /// The connection breaks after so many bytes, but for the last part of the whole.
    Cut(Vec<u8>, usize),
    Page,
    /// An empty answer, at this time by the server's clock.
    Dated(SystemTime),
    Redirect(String),
}

#[derive(Debug, Default)]
struct State {
    answers: HashMap<String, Answer>,
    log: Vec<String>,
}

pub(crate) struct Server {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        #[allow(clippy::disallowed_methods, reason = "it ends with the server that owns it")]
        let task = tokio::task::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away is none of the server's business.
                let _ = serve(stream, &shared).await;
            }
        });
        Self { url, state, task }
    }

    pub(crate) fn put(&self, path: &str, answer: Answer) {
        self.state.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    /// What has been asked for: paths, and from which byte on.
    pub(crate) fn log(&self) -> Vec<String> {
        self.state.lock().unwrap().log.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let (path, from) = asked(&mut stream).await?;
    let answer = {
        let mut state = state.lock().unwrap();
        state.log.push(if from > 0 { format!("{path} from {from}") } else { path.clone() });
        state.answers.get(&path).cloned()
    };
    let (status, header, body, sent) = match answer {
        None => ("404 Not Found", String::new(), Vec::new(), 0),
        Some(Answer::Page) => ("200 OK", "content-type: text/html\r\n".to_owned(), b"<html>".to_vec(), 6),
        Some(Answer::Dated(now)) => {
            ("200 OK", format!("date: {}\r\n", httpdate::fmt_http_date(now)), Vec::new(), 0)
        }
        Some(Answer::Redirect(to)) => ("302 Found", format!("location: {to}\r\n"), Vec::new(), 0),
        Some(Answer::Bytes(bytes)) => part(bytes, from, usize::MAX),
        Some(Answer::Cut(bytes, after)) => part(bytes, from, after),
    };
    let head =
        format!("HTTP/1.1 {status}\r\n{header}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body[..sent.min(body.len())]).await?;
    stream.shutdown().await
}

/// What is left of a file from a byte on, and how much of that is sent.
fn part(bytes: Vec<u8>, from: usize, after: usize) -> (&'static str, String, Vec<u8>, usize) {
    if from == 0 {
        return ("200 OK", String::new(), bytes, after);
    }
    let range = format!("content-range: bytes {from}-{}/{}\r\n", bytes.len() - 1, bytes.len());
    ("206 Partial Content", range, bytes[from..].to_vec(), after)
}

/// The path of a request, and the byte from which on it is wanted.
async fn asked(stream: &mut TcpStream) -> std::io::Result<(String, usize)> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next_line().await?.unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut from = 0;
    while let Some(line) = lines.next_line().await?.filter(|line| !line.is_empty()) {
        if let Some(range) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().unwrap();
        }
    }
    Ok((path, from))
}

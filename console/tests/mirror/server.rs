//! A server of releases that does as it is told.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// What the server answers for one path.
#[derive(Clone)]
pub(super) enum Answer {
    Bytes(Bytes),
    /// Some bytes after others, that many answers may share.
    Joined(Bytes, Bytes),
    /// So many bytes, and the connection ends.
    Cut(Bytes, usize),
    /// So many bytes, and nothing more while the client waits.
    Held(Bytes, usize),
    /// The bytes, whatever range was asked for.
    Whole(Bytes),
    Status(u16),
    Redirect(String),
    Page(&'static str),
}

#[derive(Default)]
struct Shelf {
    answers: BTreeMap<String, Answer>,
    /// Paths that were asked for, with their ranges.
    log: Vec<String>,
}

pub(super) struct Server {
    pub(super) address: SocketAddr,
    shelf: Arc<Mutex<Shelf>>,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shelf) = (listener.local_addr().unwrap(), Arc::<Mutex<Shelf>>::default());
        let (mut tasks, shared) = (JoinSet::new(), shelf.clone());
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, shared.clone()));
            }
        });
        Self { address, shelf, _tasks: tasks }
    }

    pub(super) fn put(&self, path: &str, answer: Answer) {
        self.shelf.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    pub(super) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.shelf.lock().unwrap().log)
    }
}

async fn serve(mut stream: TcpStream, shelf: Arc<Mutex<Shelf>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let path = head.split(' ').nth(1).unwrap().trim_start_matches('/').to_owned();
    let from = head.split("range: bytes=").nth(1).and_then(|rest| rest.split('-').next()?.parse().ok());
    let answer = {
        let mut shelf = shelf.lock().unwrap();
        let range = from.map(|from: usize| format!(" from {from}")).unwrap_or_default();
        shelf.log.push(format!("{path}{range}"));
        shelf.answers.get(&path).cloned().unwrap_or(Answer::Status(404))
    };
    let reply = reply(answer, from);
    let mut left = reply.sent;
    let _ = stream.write_all(reply.head.as_bytes()).await;
    for piece in reply.body {
        let piece = piece.slice(..piece.len().min(left));
        left -= piece.len();
        if stream.write_all(&piece).await.is_err() {
            return;
        }
    }
    if reply.is_held {
        let _ = stream.read_u8().await;
    }
    let _ = stream.shutdown().await;
}

struct Reply {
    head: String,
    body: Vec<Bytes>,
    /// Bytes of the body that are sent.
    sent: usize,
    is_held: bool,
}

impl Reply {
    fn new(status: u16, headers: &str, body: Vec<Bytes>, sent: usize) -> Self {
        let length: usize = body.iter().map(Bytes::len).sum();
        let head =
            format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n");
        Self { head, body, sent, is_held: false }
    }

    /// A file from some byte on.
    fn file(parts: Vec<Bytes>, from: Option<usize>, sent: usize) -> Self {
        let length: usize = parts.iter().map(Bytes::len).sum();
        let Some(from) = from else { return Self::new(200, "", parts, sent) };
        if from >= length {
            return Self::new(416, "", Vec::new(), 0);
        }
        let mut skip = from;
        let rest = parts.into_iter().map(|part| {
            let skipped = skip.min(part.len());
            skip -= skipped;
            part.slice(skipped..)
        });
        let range = format!("content-range: bytes {from}-{}/{length}\r\n", length - 1);
        Self::new(206, &range, rest.collect(), sent)
    }
}

fn reply(answer: Answer, from: Option<usize>) -> Reply {
    match answer {
        Answer::Bytes(bytes) => Reply::file(vec![bytes], from, usize::MAX),
        Answer::Joined(first, second) => Reply::file(vec![first, second], from, usize::MAX),
        Answer::Cut(bytes, sent) => Reply::file(vec![bytes], from, sent),
        Answer::Held(bytes, sent) => Reply { is_held: true, ..Reply::file(vec![bytes], from, sent) },
        Answer::Whole(bytes) => Reply::file(vec![bytes], None, usize::MAX),
        Answer::Status(status) => Reply::new(status, "", Vec::new(), 0),
        Answer::Redirect(to) => Reply::new(302, &format!("location: {to}\r\n"), Vec::new(), 0),
        Answer::Page(page) => Reply::new(200, "content-type: text/html\r\n", vec![page.into()], usize::MAX),
    }
}

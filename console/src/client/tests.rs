//! The client against a small server on a socket of its own.

use std::{convert::Infallible, fs, sync::Arc, sync::Mutex};

use bytes::Bytes;
use futures_util::{StreamExt, pin_mut};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    task::JoinSet,
};

use super::*;
use shared::exit::Exit;

/// Longer than any test.
const LONG: Duration = Duration::from_mins(5);

/// A server that ends with the test, and what it was asked.
struct Server {
    folder: TempDir,
    tasks: JoinSet<()>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new() -> (Self, UnixListener) {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("admin.sock")).unwrap();
        (Self { folder, tasks: JoinSet::new(), asked: Arc::default() }, listener)
    }

    /// Answers every path by a table; what is not in it is at no path.
    fn of(table: &'static [(&'static str, u16, &'static str)]) -> Self {
        let (mut server, listener) = Self::new();
        let asked = server.asked.clone();
        server.tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let asked = asked.clone();
                let service = service_fn(move |request| answer(table, request, asked.clone()));
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            }
        });
        server
    }

    /// Does something with every connection, after the request's head.
    fn raw<F, Fut>(then: F) -> Self
    where
        F: Fn(UnixStream) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send,
    {
        let (mut server, listener) = Self::new();
        server.tasks.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                then(stream).await;
            }
        });
        server
    }

    fn client(&self) -> Client {
        Client::new(self.folder.path().join("admin.sock")).with_patience(LONG)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(
    table: &[(&str, u16, &'static str)],
    request: hyper::Request<Incoming>,
    asked: Arc<Mutex<Vec<String>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let target = head.uri.path_and_query().unwrap();
    asked.lock().unwrap().push(format!("{} {target} {}", head.method, String::from_utf8_lossy(&body)));
    let row = table.iter().find(|(path, ..)| *path == head.uri.path());
    let (status, text) = row.map_or((404, r#"{"message":"there is nothing"}"#), |row| (row.1, row.2));
    let response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    Ok(response.body(Full::new(text.into())).unwrap())
}

const STATUS: &str = r#"{"version":"0.0.9","uptime_seconds":5,"ready":true,"addresses":{},"sessions_in_use":0,
    "requests_in_flight":0,"usage_lost":0,"new_in_some_later_version":[1],
    "machine":{"cpus":2,"cpu_percent":1.5,"memory_total_bytes":1,"memory_used_bytes":1,"load":[0,0,0]},
    "process":{"id":1,"cpu_percent":0,"memory_bytes":1}}"#;
const EFFECT: &str = r#"{"sessions":1,"requests":2,"lingering":0,"took_microseconds":5}"#;

#[tokio::test]
async fn an_older_daemon_is_read_as_far_as_it_goes() {
    let server = Server::of(&[("/status", 200, STATUS)]);
    let status = server.client().status().await.unwrap();
    assert_eq!((status.version.as_str(), status.role, status.health.len()), ("0.0.9", None, 0));
    let error = server.client().traffic(None).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the daemon does not know `/traffic`: the daemon is version 0.0.9, this console is {}",
            env!("CARGO_PKG_VERSION")
        )
    );
    assert_eq!(error.exit_code(), Exit::Failed);
}

#[tokio::test]
async fn what_an_action_says_arrives() {
    let server = Server::of(&[("/users/a%2Fb/revoke", 200, EFFECT), ("/users/a%2Fb/lock", 200, EFFECT)]);
    let subject = Subject::User(UserId::new("a/b"));
    let effect = server.client().revoke(&subject, "left").await.unwrap();
    assert_eq!((effect.sessions, effect.requests), (1, 2));
    let order =
        Action { reason: "odd".to_owned(), duration_seconds: Some(60.0), message: Some("wait".to_owned()) };
    server.client().lock(&subject, &order).await.unwrap();
    assert_eq!(
        server.asked(),
        [
            r#"POST /users/a%2Fb/revoke {"reason":"left"}"#,
            r#"POST /users/a%2Fb/lock {"reason":"odd","duration_seconds":60.0,"message":"wait"}"#,
        ]
    );
}

#[tokio::test]
async fn a_refusal_keeps_its_words_and_its_hint() {
    let server = Server::of(&[
        ("/status", 403, r#"{"error":"forbidden","message":"you may not; hint: ask","request_id":"req_1"}"#),
        (
            "/reload",
            422,
            r#"{"error":"configuration","message":"2 problems","request_id":"req_2",
            "problems":[{"place":"sallyport.toml:3","message":"no","hint":null}]}"#,
        ),
    ]);
    let error = server.client().status().await.unwrap_err();
    assert_eq!((error.to_string(), error.hint()), ("you may not".to_owned(), Some("ask".to_owned())));
    assert_eq!(error.exit_code(), Exit::Refused);
    let ClientError::Refused(refusal) = server.client().reload("x").await.unwrap_err() else {
        panic!("not refused")
    };
    assert_eq!((refusal.code.as_str(), refusal.problems.len()), ("configuration", 1));
}

#[tokio::test]
async fn a_parameter_that_an_older_daemon_refuses_is_told_with_both_versions() {
    const REFUSED: &str =
        r#"{"error":"invalid_request","message":"not a parameter; hint: x","request_id":"r"}"#;
    let server = Server::of(&[("/status", 200, STATUS), ("/sessions", 400, REFUSED)]);
    let error = server.client().sessions(&SessionQuery::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "not a parameter");
    assert!(error.hint().unwrap().starts_with("the daemon is version 0.0.9, this console is"));
}

#[tokio::test]
async fn nonsense_is_not_understood() {
    let server = Server::of(&[("/status", 200, r#"{"version":"9.0.0","shape":"new"}"#)]);
    let error = server.client().status().await.unwrap_err();
    assert!(matches!(&error, ClientError::NotUnderstood { daemon: Some(version), .. } if version == "9.0.0"));
    let server = Server::raw(|mut stream| async move {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await;
    });
    let error = server.client().status().await.unwrap_err();
    assert!(matches!(error, ClientError::NotUnderstood { daemon: None, .. }), "{error}");
}

#[tokio::test]
async fn a_missing_daemon_is_told_by_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let client = Client::new(path.clone());
    let nothing = client.status().await.unwrap_err();
    assert!(matches!(nothing, ClientError::NoSocket(_)) && nothing.exit_code() == Exit::Unreachable);
    drop(UnixListener::bind(&path).unwrap());
    let nobody = client.status().await.unwrap_err();
    assert!(matches!(nobody, ClientError::NobodyListens(_)) && nobody.exit_code() == Exit::Unreachable);
    fs::remove_file(&path).unwrap();
    let long = Client::new(folder.path().join("x".repeat(200)));
    assert!(matches!(long.status().await.unwrap_err(), ClientError::Socket { .. }));
}

#[tokio::test]
async fn a_daemon_that_dies_in_its_answer_is_cut() {
    for said in ["", "HTTP/1.1 200 OK\r\ncontent-le", "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"ver"]
    {
        let server = Server::raw(move |mut stream| async move {
            let _ = stream.write_all(said.as_bytes()).await;
        });
        let error = server.client().status().await.unwrap_err();
        assert!(matches!(error, ClientError::Cut { is_action: false }), "{said}: {error:?}");
        let subject = Subject::User(UserId::new("ada"));
        let error = server.client().revoke(&subject, "x").await.unwrap_err();
        assert!(error.hint().unwrap().contains("may have been done"), "{error:?}");
    }
}

#[tokio::test]
async fn a_silent_daemon_is_left_after_a_while() {
    let server = Server::raw(|stream| async move {
        tokio::time::sleep(LONG).await;
        drop(stream);
    });
    let client = server.client().with_patience(Duration::from_millis(20));
    let error = client.status().await.unwrap_err();
    assert_eq!(error.to_string(), "the daemon did not answer within 0.02 s");
    assert_eq!(error.exit_code(), Exit::Unreachable);
    assert!(matches!(client.events().await.err().unwrap(), ClientError::TooSlow { .. }));
}

#[tokio::test]
async fn an_answer_without_end_is_left() {
    let server = Server::raw(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let blanks = vec![b' '; 1 << 16];
        while stream.write_all(&blanks).await.is_ok() {}
    });
    assert!(matches!(server.client().status().await.unwrap_err(), ClientError::TooLarge { .. }));
}

#[tokio::test]
async fn events_are_told_one_by_one_until_the_daemon_dies() {
    let server = Server::raw(|mut stream| async move {
        let told = "event: sign_in\ndata: {\"event\":\"sign_in\",\"at\":1}\n\n";
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let _ = stream.write_all(format!("{head}{:x}\r\n{told}\r\n", told.len()).as_bytes()).await;
    });
    let events = server.client().events().await.unwrap();
    pin_mut!(events);
    let Some(Ok(Happening::Event(event))) = events.next().await else { panic!("no event") };
    assert_eq!(event.event, "sign_in");
    assert!(matches!(events.next().await, Some(Err(ClientError::Cut { .. }))));
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn events_end_when_the_daemon_ends_them() {
    let server = Server::of(&[("/events", 200, "event: lagged\ndata: {\"missed\":9}\n\n")]);
    let events = server.client().events().await.unwrap();
    pin_mut!(events);
    assert!(matches!(events.next().await, Some(Ok(Happening::Lagged(9)))));
    assert!(events.next().await.is_none());
}

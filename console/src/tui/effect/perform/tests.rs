//! The performer against a socket of its own.

use shared::id::UserId;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    sync::mpsc::{Receiver, channel},
};

use super::*;

struct Stage {
    _folder: TempDir,
    listener: UnixListener,
    performer: Performer,
    replies: Receiver<Msg>,
}

fn stage() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let (sender, replies) = channel(8);
    Stage {
        _folder: folder,
        listener,
        performer: Performer::new(Client::new(path), Settings::default(), sender),
        replies,
    }
}

/// Takes the next connection; says the first line of what it asked.
async fn accept(listener: &UnixListener) -> (UnixStream, String) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = vec![0; 4096];
    let length = stream.read(&mut head).await.unwrap();
    let head = String::from_utf8_lossy(&head[..length]).into_owned();
    (stream, head.lines().next().unwrap_or_default().to_owned())
}

fn revoke() -> Order {
    Order::Revoke { subjects: vec![Subject::User(UserId::new("ada"))], reason: "left the firm".to_owned() }
}

#[tokio::test]
async fn an_order_ends_before_the_program_does() {
    let Stage { _folder, listener, mut performer, replies } = stage();
    performer.carry(revoke());
    drop(replies);
    let finished = performer.finish();
    let daemon = async {
        let (mut stream, asked) = accept(&listener).await;
        let body = r#"{"sessions":1,"requests":1,"lingering":0,"took_microseconds":5}"#;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
        asked
    };
    let ((), asked) = tokio::join!(finished, daemon);
    assert_eq!(asked, "POST /users/ada/revoke HTTP/1.1");
}

#[tokio::test]
async fn events_that_come_together_are_one_message() {
    let Stage { _folder, listener, mut performer, mut replies } = stage();
    performer.follow();
    let (mut stream, _) = accept(&listener).await;
    let event = "event: sign_in\ndata: {\"event\":\"sign_in\",\"at\":7}\n\n".repeat(3);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    stream.write_all(format!("{head}{event}").as_bytes()).await.unwrap();
    assert!(matches!(replies.recv().await, Some(Msg::Following)));
    let Some(Msg::Happened(events)) = replies.recv().await else { panic!("no events") };
    assert_eq!(events.len(), 3);
    drop(stream);
    assert!(matches!(replies.recv().await, Some(Msg::Unfollowed(None))));
}

#[tokio::test]
async fn when_the_daemon_is_gone_the_rest_of_a_series_is_not_tried() {
    let Stage { _folder, listener, mut performer, mut replies } = stage();
    let subjects = (0..5).map(|user| Subject::User(UserId::new(format!("user-{user}")))).collect();
    performer.carry(Order::Unlock { subjects, reason: "found again".to_owned() });
    drop(accept(&listener).await);
    drop(listener);
    let Some(Msg::Carried { outcome: Outcome::Subjects(results), .. }) = replies.recv().await else {
        panic!("nothing was carried out")
    };
    assert_eq!(results.len(), 1, "{results:?}");
}

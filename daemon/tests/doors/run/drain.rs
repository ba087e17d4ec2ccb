//! Being told to stop while streams run.

use reqwest::Response;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::{
    client_of,
    daemon::{Daemon, World, client},
};

/// A stream that has begun, and whose upstream now says nothing more.
pub(super) async fn held_stream(world: &World, daemon: &Daemon) -> (Response, String) {
    let tokens = daemon.sign_in(&client(&[]), world).await;
    held(world, &daemon.url("gateway"), tokens.access_token.expose()).await
}

/// The same at this gateway, with this token.
pub(super) async fn held(world: &World, gateway: &str, token: &str) -> (Response, String) {
    let body = json!({ "model": "sandbox.slow.20", "max_tokens": 64, "stream": true,
        "messages": [{ "role": "user", "content": "say: one two three four five six seven" }] });
    let request = client(&[]).post(format!("{gateway}/v1/messages"));
    let mut stream = request.bearer_auth(token).json(&body).send().await.unwrap();
    let begun = stream.chunk().await.unwrap().unwrap();
    world.bedrock.pause();
    (stream, String::from_utf8_lossy(&begun).into_owned())
}

/// What is left of a stream, whether it ends well or not.
pub(super) async fn rest(mut stream: Response, mut so_far: String) -> String {
    while let Ok(Some(piece)) = stream.chunk().await {
        so_far.push_str(&String::from_utf8_lossy(&piece));
    }
    so_far
}

#[tokio::test]
async fn a_stream_outlives_the_signal_to_stop() {
    let world = World::new().await;
    let daemon = world.start().await;
    let (stream, begun) = held_stream(&world, &daemon).await;
    let gateway = daemon.url("gateway");
    daemon.signal(Signal::TERM);
    daemon.until("stopped accepting listener=gateway").await;
    assert!(TcpStream::connect(gateway.trim_start_matches("http://")).await.is_err());
    let unready = client_of(&world).get("http://admin/readyz").send().await.unwrap();
    assert_eq!(unready.status(), 503);
    let unready: Value = unready.json().await.unwrap();
    assert_eq!(unready, json!({ "status": "unready", "reason": "the daemon is stopping" }));
    world.bedrock.resume();
    let whole = rest(stream, begun).await;
    assert!(whole.contains("seven") && whole.contains("event: message_stop"), "{whole}");
    let (code, written) = daemon.end().await;
    assert_eq!(code, Some(0), "{written}");
    assert!(!written.contains("cut"), "{written}");
}

#[tokio::test]
async fn a_second_signal_cuts_at_once() {
    let world = World::new().await;
    let daemon = world.start().await;
    let (stream, begun) = held_stream(&world, &daemon).await;
    daemon.signal(Signal::TERM);
    daemon.until("stopped accepting listener=gateway").await;
    daemon.signal(Signal::INT);
    let whole = rest(stream, begun).await;
    assert!(!whole.contains("message_stop"), "{whole}");
    let (code, written) = daemon.end().await;
    assert_eq!(code, Some(0), "{written}");
    assert!(written.contains("connections cut listener=gateway"), "{written}");
}

#[tokio::test]
async fn a_stream_is_cut_when_the_drain_ends() {
    let world = World::new().await;
    world.write("sallyport.toml", "[http]\ndrain_timeout = '100ms'\n");
    let daemon = world.start().await;
    let (stream, begun) = held_stream(&world, &daemon).await;
    daemon.signal(Signal::TERM);
    let whole = rest(stream, begun).await;
    assert!(!whole.contains("message_stop"), "{whole}");
    assert_eq!(daemon.end().await.0, Some(0));
}

#[tokio::test]
async fn usage_of_a_cut_stream_reaches_the_store() {
    let world = World::new().await;
    let daemon = world.start().await;
    let (stream, _) = held_stream(&world, &daemon).await;
    daemon.signal(Signal::TERM);
    daemon.until("stopped accepting listener=gateway").await;
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.end().await.0, Some(0));
    drop(stream);
    let store = sallyportd::store::SqliteStore::open(&world.path("state")).unwrap();
    let sums = usage(&store).await;
    assert_eq!(sums.len(), 1);
    assert!(sums[0].tokens.input > 0, "{sums:?}");
}

async fn usage(store: &dyn sallyportd::store::Store) -> Vec<sallyportd::store::query::UsageSum> {
    use sallyportd::store::query::{UsageBy, UsageQuery};
    use shared::time::Timestamp;
    let ever = Timestamp(0)..Timestamp(i64::MAX.unsigned_abs());
    store.usage(UsageQuery { by: UsageBy::Session, ended: ever, limit: 10 }).await.unwrap()
}

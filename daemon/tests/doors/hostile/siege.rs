//! The whole daemon under attack while somebody works.

use std::{io::Write, net::SocketAddr, time::Duration};

use flate2::{Compression, write::GzEncoder};
use futures_util::future::join_all;
use sallyportd::{
    app::limit,
    sandbox::{Options, Sandbox, entra::User},
};
use serde_json::{Value, json};

use super::world::Peer;
use crate::gateway::SURFACES;

async fn sandbox() -> Sandbox {
    limit::raise();
    let changed = Sandbox::start_with(Options::default(), |config| {
        config.http.header_timeout = Duration::from_secs(2);
        config.http.body_timeout = Duration::from_secs(5);
    });
    changed.await.unwrap()
}

fn address(sandbox: &Sandbox) -> SocketAddr {
    sandbox.gateway().trim_start_matches("http://").parse().unwrap()
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_in_the_callers_own_words() {
    let sandbox = sandbox().await;
    let token = sandbox.token(User::ADA).await.unwrap();
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    bomb.write_all(&vec![b' '; 33 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    for path in SURFACES {
        let post = || sandbox.client().post(format!("{}{path}", sandbox.gateway())).bearer_auth(&token);
        let large = post().body(vec![b' '; 33 << 20]);
        let packed = post().header("content-encoding", "gzip").body(bomb.clone());
        for request in [large, packed] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 413, "{path}");
            assert!(answer.headers().contains_key("x-request-id"));
            let answer: Value = answer.json().await.unwrap();
            let message = answer["error"]["message"].as_str().or(answer["message"].as_str());
            assert!(message.is_some_and(|message| message.contains("larger than")), "{path}: {answer}");
        }
    }
    assert_eq!(sandbox.bedrock.counts().seen, 0);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_stream_does_not_notice_a_siege() {
    let sandbox = sandbox().await;
    let token = sandbox.token(User::ADA).await.unwrap();
    let body = json!({ "model": "sandbox.slow.20", "max_tokens": 64, "stream": true,
        "messages": [{ "role": "user", "content": "say: one two three four five six seven eight" }] });
    let request = sandbox.client().post(format!("{}/v1/messages", sandbox.gateway()));
    let stream = request.bearer_auth(&token).json(&body).send().await.unwrap();
    let (whole, ()) = tokio::join!(stream.text(), besiege(address(&sandbox)));
    let whole = whole.unwrap();
    assert!(whole.contains("eight") && whole.contains("event: message_stop"), "{whole}");
    assert_eq!(sandbox.bedrock.counts().seen, 1);
    sandbox.stop().await;
}

/// Everything at once, until the daemon has had enough of each.
async fn besiege(gateway: SocketAddr) {
    let headers = (0..10_000).map(|n| format!("x-{n}: y\r\n")).collect::<Vec<_>>().concat();
    let headers = format!("GET /health HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    let silence = join_all((0..1000).map(|_| async { Peer::connect(gateway).await.hear_all().await }));
    let halves = join_all((0..50).map(|_| async {
        let mut peer = Peer::connect(gateway).await;
        peer.say("POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthor").await;
        peer.hear_all().await
    }));
    let dribbles =
        join_all((0..50).map(|_| async {
            Peer::connect(gateway).await.dribble("GET /health HTTP/1.1\r\nx: ", "z").await
        }));
    let floods = join_all((0..4).map(|_| async {
        let head = format!("POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", u64::MAX);
        Peer::connect(gateway).await.flood(&head).await
    }));
    let crowds = join_all((0..20).map(|_| async { Peer::connect(gateway).await.ask(&headers).await }));
    let (silence, halves, dribbles, floods, crowds) = tokio::join!(silence, halves, dribbles, floods, crowds);
    assert!(silence.iter().chain(&halves).chain(&dribbles).all(String::is_empty));
    assert!(floods.iter().all(|answer| answer.is_empty() || answer.starts_with("HTTP/1.1 4")), "{floods:?}");
    assert!(
        crowds.iter().all(|answer| answer.is_empty() || answer.starts_with("HTTP/1.1 431 ")),
        "{crowds:?}"
    );
}

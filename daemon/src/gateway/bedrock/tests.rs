//! The upstream against a scripted peer, which does what a real one does at its worst.

mod health;
mod peer;
mod reference;

use std::{sync::atomic::Ordering, time::Duration};

use futures_util::StreamExt;
use http::HeaderMap;

use self::peer::{peer, request, say};
use super::*;
use crate::http::Body;

pub(super) fn config() -> config::Bedrock {
    config::Bedrock {
        region: "us-east-1".into(),
        endpoint: None,
        profile: None,
        credentials_file: None,
        fips: false,
        dual_stack: false,
        api_key: None,
        model_id: ModelId::new("anthropic.claude-test"),
        anthropic_version: "bedrock-2023-05-31".into(),
        connect_timeout: Duration::from_secs(5),
        first_byte_timeout: Duration::from_mins(1),
        idle_timeout: Duration::from_mins(1),
        pool_size: 4,
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

fn ask() -> Ask {
    let body = Body::from(Bytes::from_static(b"{}"));
    Ask::model(&ModelId::new("anthropic.claude-test"), Action::Invoke, HeaderMap::new(), body)
}

async fn said(bedrock: &Bedrock) -> Bytes {
    bedrock.send(ask()).await.unwrap().body.collect(100).await.unwrap()
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let tasks = Tasks::default();
    let (bedrock, accepted) = peer(&tasks, |mut stream, _| async move {
        while let Some(request) = request(&mut stream).await {
            assert!(
                request.starts_with("POST /model/anthropic.claude-test/invoke HTTP/1.1\r\n"),
                "{request}"
            );
            assert!(
                request
                    .contains("authorization: AWS4-HMAC-SHA256 Credential=KEY0/20270115/us-east-1/bedrock/"),
                "{request}"
            );
            say(&mut stream, OK).await;
        }
    })
    .await;
    for _ in 0..3 {
        assert_eq!(said(&bedrock).await, "hi");
    }
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_connection_that_the_peer_closed_is_not_used() {
    let tasks = Tasks::default();
    let (bedrock, accepted) = peer(&tasks, |mut stream, _| async move {
        request(&mut stream).await;
        say(&mut stream, OK).await;
    })
    .await;
    for _ in 0..20 {
        assert_eq!(said(&bedrock).await, "hi");
        // The close travels through the kernel; without it there would be nothing to notice.
        tokio::task::yield_now().await;
    }
    assert_eq!(accepted.load(Ordering::SeqCst), 20);
}

#[tokio::test]
async fn nothing_is_sent_twice_once_bytes_may_have_been_processed() {
    let tasks = Tasks::default();
    let (bedrock, accepted) = peer(&tasks, |mut stream, _| async move {
        request(&mut stream).await;
    })
    .await;
    assert!(matches!(bedrock.send(ask()).await, Err(UpstreamError::Cut(_))));
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_5xx_is_not_tried_again() {
    let tasks = Tasks::default();
    let (bedrock, accepted) = peer(&tasks, |mut stream, _| async move {
        request(&mut stream).await;
        let body = r#"{"message":"later"}"#;
        say(
            &mut stream,
            &format!("HTTP/1.1 503 x\r\nretry-after: 3\r\ncontent-length: {}\r\n\r\n{body}", body.len()),
        )
        .await;
        request(&mut stream).await;
    })
    .await;
    let Err(UpstreamError::Refused(refused)) = bedrock.send(ask()).await else {
        panic!("it was not refused")
    };
    assert_eq!((refused.status.as_u16(), refused.message.as_str()), (503, "later"));
    assert_eq!(
        (refused.retry_after.unwrap(), accepted.load(Ordering::SeqCst)),
        (HeaderValue::from_static("3"), 1)
    );
}

#[tokio::test]
async fn expired_credentials_are_replaced_and_the_request_sent_again() {
    let tasks = Tasks::default();
    let (bedrock, accepted) = peer(&tasks, |mut stream, _| async move {
        while let Some(request) = request(&mut stream).await {
            if request.contains("Credential=KEY0/") {
                say(&mut stream, "HTTP/1.1 403 x\r\nx-amzn-errortype: ExpiredTokenException\r\ncontent-length: 2\r\n\r\n{}").await;
            } else {
                say(&mut stream, OK).await;
            }
        }
    })
    .await;
    assert_eq!(said(&bedrock).await, "hi");
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_ready_comes_as_one_piece() {
    let tasks = Tasks::default();
    let (bedrock, _) = peer(&tasks, |mut stream, _| async move {
        request(&mut stream).await;
        say(&mut stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n").await;
    })
    .await;
    let mut body = bedrock.send(ask()).await.unwrap().body;
    assert_eq!(body.next().await.unwrap().unwrap(), "onetwothree");
    assert!(body.next().await.is_none());
}

#[tokio::test]
async fn an_answer_that_is_cut_is_an_error_after_what_came() {
    let tasks = Tasks::default();
    let (bedrock, _) = peer(&tasks, |mut stream, _| async move {
        request(&mut stream).await;
        say(&mut stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n").await;
    })
    .await;
    let mut body = bedrock.send(ask()).await.unwrap().body;
    assert_eq!(body.next().await.unwrap().unwrap(), "one");
    assert!(matches!(body.next().await, Some(Err(UpstreamError::Cut(_)))));
    assert!(body.next().await.is_none());
}

#[tokio::test]
async fn a_silent_peer_is_given_up() {
    let tasks = Tasks::default();
    let (mut bedrock, _) = peer(&tasks, |mut stream, number| async move {
        request(&mut stream).await;
        if number > 0 {
            say(&mut stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n").await;
        }
        request(&mut stream).await;
    })
    .await;
    bedrock.first_byte_timeout = Duration::from_millis(1);
    bedrock.idle_timeout = Duration::from_millis(1);
    assert!(matches!(bedrock.send(ask()).await, Err(UpstreamError::FirstByteTimeout(_))));
    bedrock.first_byte_timeout = Duration::from_mins(1);
    let mut body = bedrock.send(ask()).await.unwrap().body;
    assert_eq!(body.next().await.unwrap().unwrap(), "one");
    assert!(matches!(body.next().await, Some(Err(UpstreamError::IdleTimeout(_)))));
}

#[tokio::test]
async fn a_dropped_body_closes_its_connection() {
    let tasks = Tasks::default();
    let (told, mut closed) = tokio::sync::mpsc::channel(1);
    let (bedrock, _) = peer(&tasks, move |mut stream, _| {
        let told = told.clone();
        async move {
            request(&mut stream).await;
            say(&mut stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n").await;
            told.send(request(&mut stream).await).await.unwrap();
        }
    })
    .await;
    let mut body = bedrock.send(ask()).await.unwrap().body;
    body.next().await.unwrap().unwrap();
    drop(body);
    assert_eq!(closed.recv().await, Some(None));
}

#[tokio::test]
async fn tokens_are_counted_by_the_sdk_on_the_same_configuration() {
    let tasks = Tasks::default();
    let (bedrock, _) = peer(&tasks, |mut stream, _| async move {
        let asked = request(&mut stream).await.unwrap();
        assert!(asked.starts_with("POST /model/anthropic.claude-test/count-tokens"), "{asked}");
        assert!(
            asked.contains("Credential=KEY0/")
                && asked.contains(r#"{"input":{"invokeModel":{"body":"e30="}}}"#),
            "{asked}"
        );
        let body = r#"{"inputTokens":42}"#;
        say(
            &mut stream,
            &format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ),
        )
        .await;
    })
    .await;
    let counted =
        bedrock.count_tokens(&ModelId::new("anthropic.claude-test"), Bytes::from_static(b"{}")).await;
    assert_eq!(counted.unwrap(), 42);
}

#[tokio::test]
async fn an_api_key_is_sent_in_place_of_a_signature() {
    let tasks = Tasks::default();
    let key = Some(Secret::new("bedrock-key".to_owned()));
    let bedrock =
        Bedrock::connect(&config::Bedrock { api_key: key, ..config() }, Clock::System, &tasks).await.unwrap();
    let proof = bedrock.proof().await.unwrap();
    let request = bedrock.request(&bedrock.runtime.endpoint, &ask(), &proof).unwrap();
    assert_eq!(request.headers()["authorization"], "Bearer bedrock-key");
    assert!(!request.headers().contains_key("x-amz-date"));
    assert!(!format!("{bedrock:?} {request:?}").contains("bedrock-key"));
}

//! What callers are told, in every dialect.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use shared::{
    id::UserId,
    time::Timestamp,
    usage::{Money, Tokens},
};

use super::*;
use crate::{
    domain::{
        limit::{Estimate, Limits, Used},
        policy::{Caps, Policy, SpendCaps},
    },
    gateway::{bedrock::UpstreamRefusal, wire::Frames},
};

const ALL: [Dialect; 4] = [Dialect::Bedrock, Dialect::Messages, Dialect::Chat, Dialect::Invoke];

async fn said(refusal: &Refusal, dialect: Dialect) -> (u16, HeaderMap, Value) {
    let id = RequestId::new("req_1");
    let (head, body) = refusal.answer(dialect, &id).into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), head.headers, serde_json::from_slice(&body).unwrap())
}

fn bedrock_says(status: u16, kind: &'static str, message: &str) -> Refusal {
    let mut headers = HeaderMap::new();
    headers.insert("x-amzn-errortype", HeaderValue::from_static(kind));
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("7"));
    let body = Bytes::from(json!({ "message": message, "originalStatusCode": 1 }).to_string());
    let refused = UpstreamRefusal::from_answer(StatusCode::from_u16(status).unwrap(), &headers, body);
    Refusal::Upstream(refused.into())
}

#[tokio::test]
async fn a_dead_token_is_401_and_never_tells_the_client_to_stop_trying() {
    for dialect in ALL {
        let (status, headers, body) = said(&Refusal::Unauthenticated("expired".into()), dialect).await;
        assert_eq!(status, 401);
        assert!(!headers.contains_key("x-should-retry"));
        assert!(body.to_string().contains("expired"));
    }
}

#[tokio::test]
async fn a_denial_by_policy_is_shaped_for_one_request() {
    let (status, _, body) =
        said(&Refusal::Policy { code: "model_denied", sentence: "no".into() }, Dialect::Bedrock).await;
    assert_eq!(status, 400);
    assert_eq!(body["error"], json!({ "type": "policy_blocked", "message": "no" }));
    let (_, _, body) =
        said(&Refusal::Policy { code: "model_denied", sentence: "no".into() }, Dialect::Chat).await;
    assert_eq!(body["error"]["code"], "policy_blocked");
}

#[tokio::test]
async fn the_upstreams_status_and_sentence_reach_every_dialect() {
    let refusal = bedrock_says(429, "ThrottlingException", "Too many requests");
    let (status, headers, body) = said(&refusal, Dialect::Bedrock).await;
    assert_eq!(
        (status, &headers["x-amzn-errortype"], &headers["retry-after"]),
        (429, &"ThrottlingException".parse().unwrap(), &"7".parse().unwrap())
    );
    assert_eq!(body, json!({ "message": "Too many requests", "originalStatusCode": 1 }));
    let (status, headers, body) = said(&refusal, Dialect::Messages).await;
    assert_eq!((status, &headers["retry-after"]), (429, &"7".parse().unwrap()));
    assert_eq!(body["error"], json!({ "type": "rate_limit_error", "message": "Too many requests" }));
    let (_, _, body) = said(&refusal, Dialect::Chat).await;
    assert_eq!(body["error"]["message"], "Too many requests");
}

#[tokio::test]
async fn a_403_of_the_upstream_never_arrives_as_one() {
    let denied =
        "User: arn:aws:sts::123456789012:assumed-role/gw is not authorized to perform: bedrock:InvokeModel";
    for dialect in ALL {
        let (status, _, body) = said(&bedrock_says(403, "AccessDeniedException", denied), dialect).await;
        assert_eq!(status, 400);
        assert!(!body.to_string().contains("123456789012"), "{body}");
        let (status, _, body) = said(&bedrock_says(403, "ExpiredTokenException", "expired"), dialect).await;
        assert_eq!(status, 500);
        assert!(body.to_string().contains("req_1") && !body.to_string().contains("expired"), "{body}");
    }
}

#[tokio::test]
async fn what_broke_on_our_side_is_not_told() {
    let secret = Refusal::Upstream(UpstreamError::Connect("10.0.0.1 refused".into()));
    for dialect in ALL {
        let (status, _, body) = said(&secret, dialect).await;
        assert_eq!(status, 502);
        assert!(body.to_string().contains("req_1") && !body.to_string().contains("10.0.0.1"), "{body}");
    }
    let silent = Refusal::Upstream(UpstreamError::FirstByteTimeout(Duration::from_secs(9)));
    assert_eq!(said(&silent, Dialect::Messages).await.0, 504);
}

#[tokio::test]
async fn the_field_at_fault_is_named() {
    let refusal = Refusal::from(BadRequest::wrong("temperature", "a number"));
    let (status, _, body) = said(&refusal, Dialect::Chat).await;
    assert_eq!((status, body["error"]["param"].as_str()), (400, Some("temperature")));
    let (_, _, body) = said(&refusal, Dialect::Messages).await;
    assert_eq!(body["error"]["message"], "`temperature` must be a number");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413() {
    let refusal = Refusal::Body(BodyError::TooLarge { limit: 9 });
    let (status, _, body) = said(&refusal, Dialect::Messages).await;
    assert_eq!((status, body["error"]["type"].as_str()), (413, Some("request_too_large")));
}

#[test]
fn a_stream_is_ended_in_its_own_shape() {
    let id = RequestId::new("req_1");
    let mut frames = Frames::default();
    frames.push(Refusal::SessionOver.in_stream(Dialect::Bedrock, &id));
    let frame = frames.next_frame().unwrap().unwrap();
    assert_eq!(frame.exception_type(), Some("validationException"));
    let event = Refusal::SessionOver.in_stream(Dialect::Messages, &id);
    assert!(event.starts_with(b"event: error\ndata: {\"") && event.ends_with(b"}\n\n"));
}

/// What the limits say to the second request of somebody who may make one, and who has spent everything.
fn exceeded(caps: Caps) -> Refusal {
    let (limits, user) = (Arc::new(Limits::default()), UserId::new("ada"));
    let policy = Policy { caps, message: Some("ask in #ai".into()), ..Policy::unlimited("contractors") };
    // Sunday, 9 August 2026, 23:59 UTC.
    let now = Timestamp::from_seconds(1_786_319_940);
    let first = limits.reserve(&user, &policy, Estimate::default(), now).unwrap();
    first.settle(Used { tokens: Tokens::default(), cost: Money::from_dollars(20), at: now });
    Refusal::from(Box::new(limits.reserve(&user, &policy, Estimate::default(), now).unwrap_err()))
}

const SPENT: &str = "spend limit reached (daily; resets 2026-08-10 00:00 UTC): $20.00 of $20.00 spent, policy \
                     `contractors` · ask in #ai";

fn spent() -> Refusal {
    let spend = SpendCaps { day: Some(Money::from_dollars(20)), ..SpendCaps::default() };
    exceeded(Caps { spend, ..Caps::default() })
}

#[tokio::test]
async fn a_spent_budget_is_429_and_asks_not_to_be_tried_again() {
    for dialect in ALL {
        let (status, headers, body) = said(&spent(), dialect).await;
        assert_eq!((status, &headers["x-should-retry"]), (429, &"false".parse().unwrap()));
        assert_eq!(headers["retry-after"], "60");
        assert!(body.to_string().contains(SPENT), "{body}");
    }
}

#[tokio::test]
async fn a_spent_budget_is_shaped_by_each_protocol() {
    let (_, headers, body) = said(&spent(), Dialect::Bedrock).await;
    assert_eq!(headers["x-amzn-errortype"], "ServiceQuotaExceededException");
    assert_eq!(body, json!({ "message": SPENT }));
    assert!(!headers.contains_key("anthropic-ratelimit-unified-status"));
    let (_, headers, body) = said(&spent(), Dialect::Messages).await;
    assert_eq!(body["error"], json!({ "type": "billing_error", "message": SPENT }));
    let header = |name: &str| headers[format!("anthropic-ratelimit-unified-{name}")].to_str().unwrap();
    assert_eq!((header("status"), header("overage-period")), ("rejected", "daily"));
    assert_eq!(header("overage-reset"), "1786320000");
    assert!(!headers.contains_key("anthropic-ratelimit-unified-representative-claim"));
    let (_, _, body) = said(&spent(), Dialect::Chat).await;
    let (kind, code) = (&body["error"]["type"], &body["error"]["code"]);
    assert_eq!((kind, code), (&json!("insufficient_quota"), &json!("insufficient_quota")));
}

#[tokio::test]
async fn a_reached_rate_is_429_and_says_when_to_try_again() {
    let refusal = exceeded(Caps { requests_per_minute: Some(1), ..Caps::default() });
    for dialect in ALL {
        let (status, headers, body) = said(&refusal, dialect).await;
        assert_eq!((status, &headers["retry-after"]), (429, &"60".parse().unwrap()));
        assert!(!headers.contains_key("x-should-retry"));
        assert!(body.to_string().contains("1 of 1 requests in a minute, policy `contractors`"), "{body}");
    }
    let (_, headers, _) = said(&refusal, Dialect::Bedrock).await;
    assert_eq!(headers["x-amzn-errortype"], "ThrottlingException");
    let (_, _, body) = said(&refusal, Dialect::Messages).await;
    assert_eq!(body["error"]["type"], "rate_limit_error");
}

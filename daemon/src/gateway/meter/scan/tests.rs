//! What a scan sees of streams, whole and broken.

use bytes::Bytes;
use http::HeaderValue;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn stream(events: &[serde_json::Value]) -> Vec<u8> {
    events.iter().map(|event| wire::chunk(event.to_string().as_bytes())).collect::<Vec<Bytes>>().concat()
}

/// The events of a whole answer, written as Bedrock writes them: the type comes first.
fn answer() -> Vec<u8> {
    let events = [
        r#"{"type":"message_start","message":{"usage":{"input_tokens":7,"cache_read_input_tokens":5,"cache_creation_input_tokens":3,"cache_creation":{"ephemeral_5m_input_tokens":1,"ephemeral_1h_input_tokens":2},"output_tokens":1}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello, this is some text of the answer"}}"#,
        r#"{"type":"ping"}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":42}}"#,
        r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":7,"outputTokenCount":42}}"#,
    ];
    events.iter().map(|event| wire::chunk(event.as_bytes())).collect::<Vec<Bytes>>().concat()
}

const TOKENS: Tokens = Tokens { input: 7, output: 42, cache_read: 5, cache_write: 3, cache_write_hour: 2 };

fn seen(bytes: &[u8]) -> Scan {
    let mut scan = Scan::default();
    scan.see(bytes);
    scan
}

#[test]
fn a_whole_answer_is_counted() {
    let scan = seen(&answer());
    assert_eq!(scan.tokens(), TOKENS);
    assert!(scan.is_complete() && scan.is_final() && !scan.is_midway() && !scan.has_failed());
}

#[test]
fn content_is_told_by_its_first_bytes() {
    let frame = wire::chunk(br#"{"type":"content_block_delta","index":0}"#);
    let (_, payload) = wire::split(&frame).unwrap();
    assert!(payload.starts_with(CONTENT));
}

#[test]
fn an_answer_that_breaks_off_is_estimated_from_its_text() {
    let delta = json!({ "delta": { "text": "x".repeat(4000) } }).to_string();
    let delta = format!("{{\"type\":\"content_block_delta\",{}", &delta[1..]);
    let start =
        json!({ "type": "message_start", "message": { "usage": { "input_tokens": 7, "output_tokens": 1 } } });
    let mut bytes = stream(&[start]);
    bytes.extend_from_slice(&wire::chunk(delta.as_bytes()));
    let scan = seen(&bytes);
    assert!(!scan.is_final() && !scan.is_complete() && scan.has_begun());
    assert_eq!(scan.tokens().input, 7);
    assert!((900..1100).contains(&scan.tokens().output), "{:?}", scan.tokens());
}

#[test]
fn the_metrics_of_other_models_are_counted() {
    let last = json!({ "generation": "", "amazon-bedrock-invocationMetrics": { "inputTokenCount": 9, "outputTokenCount": 8 } });
    let scan = seen(&stream(&[json!({ "generation": "hi" }), last]));
    assert_eq!((scan.tokens().input, scan.tokens().output, scan.is_final()), (9, 8, true));
}

#[test]
fn an_exception_is_noticed() {
    assert!(seen(&wire::exception("throttlingException", "slow down")).has_failed());
}

#[test]
fn what_is_no_stream_is_left_alone() {
    let mut scan = seen(b"<html>this is no event stream</html>");
    assert!(scan.is_midway());
    scan.see(&answer());
    assert_eq!(scan.tokens(), Tokens::default());
}

#[test]
fn an_answer_that_is_no_stream_tells_its_usage_in_body_or_headers() {
    let mut scan = Scan::default();
    let body = br#"{"content":[{"type":"tool_use","input":{"usage":1}}],"usage":{"input_tokens":7,"output_tokens":42,"cache_read_input_tokens":5,"cache_creation_input_tokens":3,"cache_creation":{"ephemeral_1h_input_tokens":2}}}"#;
    scan.see_answer(&HeaderMap::new(), body);
    assert_eq!((scan.tokens(), scan.is_final()), (TOKENS, true));
    let mut headers = HeaderMap::new();
    headers.insert("x-amzn-bedrock-input-token-count", HeaderValue::from_static("7"));
    headers.insert("x-amzn-bedrock-output-token-count", HeaderValue::from_static("42"));
    let mut scan = Scan::default();
    scan.see_answer(&headers, br#"{"generation":"hi"}"#);
    assert_eq!((scan.tokens().input, scan.tokens().output, scan.is_final()), (7, 42, true));
}

proptest! {
    #[test]
    fn any_split_is_counted_the_same(cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let bytes = answer();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut scan = Scan::default();
        for cut in cuts.windows(2) {
            scan.see(&bytes[cut[0]..cut[1]]);
        }
        prop_assert_eq!(scan.tokens(), TOKENS);
        prop_assert!(scan.is_complete() && !scan.is_midway());
    }
}

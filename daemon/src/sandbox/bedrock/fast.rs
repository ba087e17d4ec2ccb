//! Prepared answers for benchmarks: the upstream must not be what is measured.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use serde_json::{Value, json};

/// Events of a stream when nothing else is asked for.
pub(super) const EVENTS: usize = 55;
/// Events of a stream that are not deltas.
const OTHERS: usize = 5;

/// The answers that have been asked for so far.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    streams: Mutex<HashMap<usize, Arc<[Bytes]>>>,
}

impl Prepared {
    /// The frames of a stream of `events` events.
    pub(super) fn frames(&self, events: usize) -> Arc<[Bytes]> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.entry(events).or_insert_with(|| frames(events)).clone()
    }
}

/// The answer to `InvokeModel`.
pub(super) fn message() -> Bytes {
    Bytes::from_static(
        br#"{"model":"claude-fast","id":"msg_bdrk_fast","type":"message","role":"assistant","content":[{"type":"text","text":"as fast as it gets"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":50}}"#,
    )
}

fn frames(events: usize) -> Arc<[Bytes]> {
    let deltas = events.saturating_sub(OTHERS).max(1);
    let usage = json!({ "input_tokens": 12, "output_tokens": 1 });
    let start: [Value; 2] = [
        json!({ "type": "message_start", "message": {
            "model": "claude-fast", "id": "msg_bdrk_fast", "type": "message", "role": "assistant", "content": [],
            "stop_reason": null, "stop_sequence": null, "usage": usage,
        }}),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
    ];
    let delta = json!({
        "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "word after " },
    });
    let end: [Value; 3] = [
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({
            "type": "message_delta", "delta": { "stop_reason": "end_turn", "stop_sequence": null },
            "usage": { "output_tokens": deltas },
        }),
        json!({ "type": "message_stop", "amazon-bedrock-invocationMetrics": {
            "inputTokenCount": 12, "outputTokenCount": deltas, "invocationLatency": 9, "firstByteLatency": 1,
        }}),
    ];
    let events = start.into_iter().chain(std::iter::repeat_n(delta, deltas)).chain(end);
    events.enumerate().map(|(index, event)| super::stream::frame(&event, index)).collect()
}

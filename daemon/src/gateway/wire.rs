//! What Bedrock's response stream says: frames of `application/vnd.amazon.eventstream`, each a `chunk` that holds
//! one Messages event in base64, or an exception.

pub mod frame;

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

pub use frame::{Frame, FrameError, Frames, encode, header, split};

/// The content type of the stream.
pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// How a chunk's payload starts when Bedrock writes it.
const CHUNK_START: &[u8] = br#"{"bytes":""#;

/// A chunk that carries one Messages event, given as JSON.
pub fn chunk(event: &[u8]) -> Bytes {
    let encoded = base64_simd::STANDARD.encode_to_string(event);
    let payload = [CHUNK_START, encoded.as_bytes(), br#""}"#].concat();
    encode(
        &[(":event-type", "chunk"), (":content-type", "application/json"), (":message-type", "event")],
        &payload,
    )
}

/// A chunk that carries a Messages `ping`, to be sent in a silence and between frames only.
pub fn ping() -> Bytes {
    chunk(br#"{"type":"ping"}"#)
}

/// An exception inside the stream; `kind` is `throttlingException`, `internalServerException` and the like.
pub fn exception(kind: &str, message: &str) -> Bytes {
    let payload = json!({ "message": message }).to_string();
    encode(
        &[(":exception-type", kind), (":content-type", "application/json"), (":message-type", "exception")],
        payload.as_bytes(),
    )
}

/// The base64 text of the event in a chunk's payload: a slice of it, if it is written the way Bedrock does.
pub fn encoded_event(payload: &[u8]) -> Option<Cow<'_, [u8]>> {
    if let Some(rest) = payload.strip_prefix(CHUNK_START) {
        let end = memchr::memchr(b'"', rest)?;
        return rest.get(..end).map(Cow::Borrowed);
    }
    let chunk: Chunk<'_> = serde_json::from_slice(payload).ok()?;
    Some(match chunk.bytes {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    })
}

/// The Messages event, as JSON, in a chunk's payload.
pub fn event(payload: &[u8]) -> Option<Vec<u8>> {
    base64_simd::STANDARD.decode_to_vec(encoded_event(payload)?).ok()
}

/// The sentence of an exception's payload.
pub fn exception_message(payload: &[u8]) -> Option<String> {
    serde_json::from_slice::<Exception>(payload).ok().map(|exception| exception.message)
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    bytes: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(alias = "Message")]
    message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(bytes: Bytes) -> Frame {
        let mut frames = Frames::default();
        frames.push(bytes);
        frames.next_frame().unwrap().unwrap()
    }

    #[test]
    fn a_chunk_gives_its_event_back() {
        let frame = only(chunk(br#"{"type":"message_stop"}"#));
        assert_eq!(frame.event_type(), Some("chunk"));
        assert_eq!(event(frame.payload()).unwrap(), br#"{"type":"message_stop"}"#);
    }

    #[test]
    fn an_event_is_found_wherever_it_stands() {
        let payload = br#"{ "p": "abc", "bytes": "e30=" }"#;
        assert_eq!(event(payload).unwrap(), b"{}");
        assert_eq!(event(br#"{"bytes":"e30=","p":"abcdef"}"#).unwrap(), b"{}");
        assert_eq!(event(b"{}"), None);
    }

    #[test]
    fn an_exception_names_its_kind_and_says_its_sentence() {
        let frame = only(exception("throttlingException", "Too many \"requests\"."));
        assert_eq!(frame.exception_type(), Some("throttlingException"));
        assert_eq!(exception_message(frame.payload()).as_deref(), Some("Too many \"requests\"."));
    }
}

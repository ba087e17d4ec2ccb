//! Bedrock's event stream → the events of a dialect, as the bytes arrive.
//!
//! Invariant: however the bytes are cut into pieces, the same text comes out, and only whole events of it.

use super::{Fault, object::Text};
use crate::gateway::{
    meter::Scan,
    stream::Shape,
    wire::{self, Frame, Frames},
};
use bytes::Bytes;
use serde::Deserialize;

/// How a dialect writes one event of a Messages stream.
pub trait WriteEvent {
    /// What is sent in a silence.
    const PING: &'static str;

    /// Appends what `event` becomes: whole events of the dialect, or nothing.
    fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) -> Result<(), Fault>;
}

/// One event of a Messages stream.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// `message_start` and the like.
    pub kind: &'a str,
    /// The event, as JSON on one line.
    pub json: &'a [u8],
}

/// The translation of one stream.
#[derive(Debug)]
pub struct Stream<W> {
    writer: W,
    frames: Frames,
    /// The event being read; kept to use its memory again.
    event: Vec<u8>,
    is_finished: bool,
}

impl<W: WriteEvent> Stream<W> {
    pub fn new(writer: W) -> Self {
        Self { writer, frames: Frames::default(), event: Vec::new(), is_finished: false }
    }

    /// Appends to `out` what became whole with this piece. After a fault the stream is over.
    pub(super) fn push(&mut self, piece: Bytes, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.frames.push(piece);
        while let Some(frame) = self.frames.next_frame() {
            self.frame(&frame?, out)?;
        }
        Ok(())
    }

    /// Whether the upstream may end here.
    pub(super) fn check_end(&self) -> Result<(), Fault> {
        if self.is_finished { Ok(()) } else { Err(Fault::Unfinished) }
    }

    fn frame(&mut self, frame: &Frame, out: &mut Vec<u8>) -> Result<(), Fault> {
        match frame.message_type() {
            Some("exception" | "error") => return Err(exception(frame)),
            _ if frame.event_type() != Some("chunk") => return Ok(()),
            _ => {}
        }
        self.event.clear();
        let encoded = wire::encoded_event(frame.payload()).ok_or(Fault::Event)?;
        base64_simd::STANDARD.decode_append(encoded, &mut self.event).map_err(|_| Fault::Event)?;
        unwrap_lines(&mut self.event);
        let kind = kind(&self.event).ok_or(Fault::Event)?;
        self.is_finished |= kind.0 == "message_stop";
        self.writer.write(Event { kind: &kind.0, json: &self.event }, out)
    }
}

impl<W: WriteEvent> Shape for Stream<W> {
    fn piece(&mut self, piece: Bytes) -> (Bytes, Result<(), Fault>) {
        let mut out = Vec::with_capacity(piece.len());
        let outcome = self.push(piece, &mut out);
        (out.into(), outcome)
    }

    fn end(&mut self, _: &Scan) -> Result<Bytes, Fault> {
        self.check_end().map(|()| Bytes::new())
    }

    fn ping(&self) -> Bytes {
        Bytes::from_static(W::PING.as_bytes())
    }
}

/// A newline in valid JSON stands between tokens, where a space says the same; in SSE it would end the line.
fn unwrap_lines(json: &mut [u8]) {
    if memchr::memchr2(b'\n', b'\r', json).is_some() {
        json.iter_mut().filter(|byte| matches!(**byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    }
}

/// The event's type: at its start, where Anthropic writes it, or anywhere.
fn kind(json: &[u8]) -> Option<Text<'_>> {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "type")]
        kind: Text<'a>,
    }
    let is_name = |kind: &str| kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let at_start = json.strip_prefix(br#"{"type":""#).and_then(|rest| {
        let end = memchr::memchr(b'"', rest)?;
        std::str::from_utf8(rest.get(..end)?).ok().filter(|kind| is_name(kind))
    });
    if let Some(kind) = at_start {
        return Some(Text(kind.into()));
    }
    let typed: Typed<'_> = serde_json::from_slice(json).ok()?;
    is_name(&typed.kind).then_some(typed.kind)
}

fn exception(frame: &Frame) -> Fault {
    let kind = frame.exception_type().or_else(|| frame.header(":error-code")).unwrap_or("unknown");
    let said = wire::exception_message(frame.payload());
    let message = said.or_else(|| frame.header(":error-message").map(str::to_owned)).unwrap_or_default();
    Fault::Exception { kind: kind.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::wire::FrameError;

    /// Writes `kind json` lines.
    #[derive(Debug)]
    struct Lines;

    impl WriteEvent for Lines {
        const PING: &'static str = "ping\n";

        fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
            out.extend([event.kind.as_bytes(), b" ", event.json, b"\n"].concat());
            Ok(())
        }
    }

    fn read(pieces: impl IntoIterator<Item = Bytes>) -> Result<String, Fault> {
        let mut stream = Stream::new(Lines);
        let mut out = Vec::new();
        for piece in pieces {
            stream.push(piece, &mut out)?;
        }
        stream.check_end()?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn an_event_stays_on_one_line_wherever_its_type_stands() {
        let pretty = wire::chunk(b"{\r\n  \"a\": \"\\n\",\n  \"type\": \"x\"\n}");
        let read = read([pretty, wire::chunk(br#"{"type":"message_stop"}"#)]).unwrap();
        assert_eq!(
            read,
            "x {    \"a\": \"\\n\",   \"type\": \"x\" }\nmessage_stop {\"type\":\"message_stop\"}\n"
        );
    }

    #[test]
    fn a_stream_without_its_last_event_is_unfinished() {
        let cut = [wire::chunk(br#"{"type":"message_start"}"#)];
        assert_eq!(read(cut), Err(Fault::Unfinished));
        assert_eq!(read([]), Err(Fault::Unfinished));
    }

    #[test]
    fn what_is_no_event_ends_the_stream() {
        for json in
            [&b"{}"[..], b"[]", b"", br#"{"type":1}"#, br#"{"type":"a\nb"}"#, br#"{"type":"a\u000ab"}"#]
        {
            assert_eq!(read([wire::chunk(json)]), Err(Fault::Event), "{json:?}");
        }
        let header = [(":message-type", "event"), (":event-type", "chunk")];
        assert_eq!(read([wire::encode(&header, br#"{"bytes":"*"}"#)]), Err(Fault::Event));
        assert_eq!(read([Bytes::from_static(&[7; 64])]), Err(Fault::Frame(FrameError::Checksum)));
    }

    #[test]
    fn an_exception_ends_the_stream_in_its_own_words() {
        let thrown = Fault::Exception { kind: "throttlingException".into(), message: "slow down".into() };
        assert_eq!(read([wire::exception("throttlingException", "slow down")]), Err(thrown));
        let header = [(":message-type", "error"), (":error-code", "gone"), (":error-message", "no more")];
        let thrown = Fault::Exception { kind: "gone".into(), message: "no more".into() };
        assert_eq!(read([wire::encode(&header, b"")]), Err(thrown));
    }

    #[test]
    fn frames_of_other_kinds_are_passed_over() {
        let header = [(":message-type", "event"), (":event-type", "initial-response")];
        let stop = wire::chunk(br#"{"type":"message_stop"}"#);
        assert_eq!(read([wire::encode(&header, b"{}"), stop]).unwrap().lines().count(), 1);
    }
}

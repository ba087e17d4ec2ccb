//! Reads usage from an event stream as it passes. Events of content blocks are told by their first bytes and not
//! even decoded; of the others, only those that name usage are parsed.
//!
//! Invariant: however the bytes are cut into pieces, the same is seen.

use http::HeaderMap;
use serde::Deserialize;
use shared::usage::Tokens;

use super::count::{self, Metrics, Usage};
use crate::gateway::wire;

/// The lengths at the start of a frame, and the least and most that a frame has.
const LENGTHS: usize = 8;
const SMALLEST: usize = 16;
const LARGEST: usize = 16 << 20;
/// How a chunk starts whose event is `{"type":"content_bloc…`, which never has usage.
const CONTENT: &[u8] = br#"{"bytes":"eyJ0eXBlIjoiY29udGVudF9ibG9j"#;
/// What events name that are worth parsing.
const TELLING: [&[u8]; 4] =
    [br#""usage""#, b"invocationMetrics", br#""message_start""#, br#""message_stop""#];
/// What an event of content has around its text, in bytes.
const WRAPPING: usize = 80;
/// Bytes of text that make a token, roughly; used only where the upstream never said.
const BYTES_PER_TOKEN: u64 = 4;

/// What a stream has said so far.
#[derive(Debug, Default)]
pub struct Scan {
    /// The start of a frame whose end has not come.
    begun: Vec<u8>,
    tokens: Tokens,
    /// Bytes of content, for an estimate.
    content: u64,
    progress: Progress,
    has_final: bool,
    has_failed: bool,
    /// The bytes are no frames: nothing more is read.
    is_broken: bool,
}

/// How far a message has come.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Progress {
    #[default]
    Nothing,
    Started,
    Stopped,
}

/// What is read of an event.
#[derive(Deserialize)]
struct Event {
    #[serde(default, rename = "type")]
    kind: Kind,
    message: Option<Message>,
    usage: Option<Usage>,
    #[serde(rename = "amazon-bedrock-invocationMetrics")]
    metrics: Option<Metrics>,
}

#[derive(Deserialize, Default, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    MessageStart,
    MessageDelta,
    MessageStop,
    #[default]
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Message {
    usage: Option<Usage>,
}

impl Scan {
    /// Whether the next byte belongs to a frame that has begun, or nobody knows: nothing may be put in between.
    pub fn is_midway(&self) -> bool {
        self.is_broken || !self.begun.is_empty()
    }

    /// Whether a message has started.
    pub fn has_begun(&self) -> bool {
        self.progress >= Progress::Started
    }

    /// Whether the message came to its end.
    pub fn is_complete(&self) -> bool {
        self.progress == Progress::Stopped
    }

    /// Whether the upstream sent an exception.
    pub fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Whether the final counts have come.
    pub fn is_final(&self) -> bool {
        self.has_final
    }

    /// The counts; of the output an estimate, as long as the upstream has not told it.
    pub(super) fn tokens(&self) -> Tokens {
        let estimate = self.content / BYTES_PER_TOKEN;
        let output = if self.has_final { self.tokens.output } else { self.tokens.output.max(estimate) };
        Tokens { output, ..self.tokens }
    }

    pub(super) fn see(&mut self, bytes: &[u8]) {
        if !self.is_broken {
            self.is_broken = self.read(bytes).is_err();
        }
    }

    pub(super) fn see_answer(&mut self, headers: &HeaderMap, body: &[u8]) {
        self.progress = Progress::Stopped;
        self.has_final = count::from_headers(headers, &mut self.tokens);
        if let Ok(Message { usage: Some(usage) }) = serde_json::from_slice(body) {
            self.has_final |= usage.has_output();
            usage.apply(&mut self.tokens);
        }
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(), NoFrame> {
        let mut rest = self.finish_begun(bytes)?;
        while let Some((frame, after)) = total(rest)?.and_then(|total| rest.split_at_checked(total)) {
            self.frame(frame);
            rest = after;
        }
        self.begun.extend_from_slice(rest);
        Ok(())
    }

    /// Adds what is missing of the frame that has begun, and returns the bytes after it.
    fn finish_begun<'a>(&mut self, rest: &'a [u8]) -> Result<&'a [u8], NoFrame> {
        if self.begun.is_empty() {
            return Ok(rest);
        }
        let rest = self.fill(LENGTHS, rest);
        let Some(total) = total(&self.begun)? else { return Ok(rest) };
        let rest = self.fill(total, rest);
        if self.begun.len() == total {
            let mut frame = std::mem::take(&mut self.begun);
            self.frame(&frame);
            frame.clear();
            self.begun = frame;
        }
        Ok(rest)
    }

    fn fill<'a>(&mut self, len: usize, rest: &'a [u8]) -> &'a [u8] {
        let missing = len.saturating_sub(self.begun.len());
        let (part, after) = rest.split_at(missing.min(rest.len()));
        self.begun.extend_from_slice(part);
        after
    }

    fn frame(&mut self, frame: &[u8]) {
        let Some((headers, payload)) = wire::split(frame) else { return };
        if payload.starts_with(CONTENT) {
            self.content += content_len(payload);
            return;
        }
        match wire::header(headers, ":message-type") {
            Some("exception" | "error") => self.has_failed = true,
            _ => self.event(payload),
        }
    }

    fn event(&mut self, payload: &[u8]) {
        let Some(event) = wire::event(payload) else { return };
        if !TELLING.iter().any(|name| memchr::memmem::find(&event, name).is_some()) {
            self.content += (event.len().saturating_sub(WRAPPING)) as u64;
            return;
        }
        let Ok(event) = serde_json::from_slice::<Event>(&event) else { return };
        match event.kind {
            Kind::MessageStart => self.progress = Progress::Started,
            Kind::MessageStop => self.progress = Progress::Stopped,
            Kind::MessageDelta | Kind::Other => {}
        }
        let in_message = event.message.and_then(|message| message.usage);
        if let Some(usage) = in_message {
            usage.apply(&mut self.tokens);
        }
        if let Some(usage) = event.usage {
            self.has_final |= event.kind == Kind::MessageDelta && usage.has_output();
            usage.apply(&mut self.tokens);
        }
        if let Some(metrics) = event.metrics {
            self.has_final = true;
            metrics.apply(&mut self.tokens);
        }
    }
}

/// The bytes are not those of frames.
#[derive(Debug)]
struct NoFrame;

/// The length of the frame that starts here, once it is known.
fn total(start: &[u8]) -> Result<Option<usize>, NoFrame> {
    let Some([a, b, c, d, _, _, _, _]) = start.first_chunk::<LENGTHS>() else { return Ok(None) };
    let total = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
    if (SMALLEST..=LARGEST).contains(&total) { Ok(Some(total)) } else { Err(NoFrame) }
}

/// The bytes of text in a content event, roughly.
fn content_len(payload: &[u8]) -> u64 {
    let encoded = wire::encoded_event(payload).map_or(0, |encoded| encoded.len());
    (encoded / 4 * 3).saturating_sub(WRAPPING) as u64
}

#[cfg(test)]
mod tests;

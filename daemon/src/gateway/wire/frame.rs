//! Frames of `application/vnd.amazon.eventstream`: a prelude of two lengths and its CRC, headers, a payload, and
//! the CRC of it all.
//!
//! Invariant: however the bytes are cut into pieces, the same frames come out.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use thiserror::Error;

/// The two lengths and their CRC.
const PRELUDE: usize = 12;
/// The prelude and the CRC at the end: the smallest frame.
const OVERHEAD: usize = PRELUDE + 4;
/// The largest frame that is accepted.
const LIMIT: usize = 16 << 20;
/// The header value type of text.
const TEXT: u8 = 7;

/// Why bytes are not a frame. Nothing after them can be read.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
    #[error("a frame of {0} bytes is larger than {LIMIT}")]
    TooLarge(usize),
    #[error("the lengths in a frame contradict each other")]
    Length,
    #[error("the checksum of a frame is wrong")]
    Checksum,
}

/// One whole frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    whole: Bytes,
    headers: usize,
}

impl Frame {
    /// The frame as it came.
    pub fn bytes(&self) -> &Bytes {
        &self.whole
    }

    pub fn payload(&self) -> &[u8] {
        let end = self.whole.len().saturating_sub(4);
        self.whole.get(PRELUDE + self.headers..end).unwrap_or_default()
    }

    /// `event`, `exception` or `error`.
    pub fn message_type(&self) -> Option<&str> {
        self.header(":message-type")
    }

    /// `chunk`, for what a model says.
    pub fn event_type(&self) -> Option<&str> {
        self.header(":event-type")
    }

    /// `throttlingException` and the like.
    pub fn exception_type(&self) -> Option<&str> {
        self.header(":exception-type")
    }

    /// A header whose value is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(self.whole.get(PRELUDE..PRELUDE + self.headers)?, name)
    }
}

/// The headers and the payload of a whole frame, whose checksums are not looked at.
pub fn split(whole: &[u8]) -> Option<(&[u8], &[u8])> {
    let headers = whole.get(4..).and_then(word)? as usize;
    whole.get(PRELUDE..whole.len().checked_sub(4)?)?.split_at_checked(headers)
}

/// A header, among a frame's headers, whose value is text.
pub fn header<'a>(headers: &'a [u8], name: &str) -> Option<&'a str> {
    let (_, value) = Headers(headers).find(|(key, _)| *key == name.as_bytes())?;
    std::str::from_utf8(value?).ok()
}

/// Walks through names and values; a value is `None` if it is not text.
struct Headers<'a>(&'a [u8]);

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let (&len, rest) = self.0.split_first()?;
        let (name, rest) = rest.split_at_checked(len.into())?;
        let (&kind, rest) = rest.split_first()?;
        let (len, rest) = match kind {
            0 | 1 => (0, rest),
            2 => (1, rest),
            3 => (2, rest),
            4 => (4, rest),
            5 | 8 => (8, rest),
            6 | TEXT => {
                let (len, rest) = rest.split_first_chunk::<2>()?;
                (u16::from_be_bytes(*len).into(), rest)
            }
            9 => (16, rest),
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some((name, (kind == TEXT).then_some(value)))
    }
}

/// Writes a frame. Headers longer than the format allows are left out.
pub fn encode(headers: &[(&str, &str)], payload: &[u8]) -> Bytes {
    let mut written = Vec::with_capacity(128);
    for (name, value) in headers {
        let (Ok(name_len), Ok(value_len)) = (u8::try_from(name.len()), u16::try_from(value.len())) else {
            continue;
        };
        written.put_u8(name_len);
        written.put_slice(name.as_bytes());
        written.put_u8(TEXT);
        written.put_u16(value_len);
        written.put_slice(value.as_bytes());
    }
    let mut frame = BytesMut::with_capacity(OVERHEAD + written.len() + payload.len());
    frame.put_u32(length(OVERHEAD + written.len() + payload.len()));
    frame.put_u32(length(written.len()));
    frame.put_u32(crc32fast::hash(&frame));
    frame.put_slice(&written);
    frame.put_slice(payload);
    frame.put_u32(crc32fast::hash(&frame));
    frame.freeze()
}

fn length(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Splits a stream of bytes into frames. A frame that lies within one piece is not copied.
#[derive(Debug, Default)]
pub struct Frames {
    /// The piece being read.
    piece: Bytes,
    /// A frame whose end has not arrived.
    begun: BytesMut,
    failed: Option<FrameError>,
}

impl Frames {
    /// Adds the next piece. All frames of the previous one must have been taken.
    pub fn push(&mut self, piece: Bytes) {
        if self.piece.is_empty() {
            self.piece = piece;
        } else {
            let mut both = BytesMut::from(std::mem::take(&mut self.piece));
            both.extend_from_slice(&piece);
            self.piece = both.freeze();
        }
    }

    /// The next frame that has arrived whole. After an error nothing but that error comes.
    pub fn next_frame(&mut self) -> Option<Result<Frame, FrameError>> {
        if let Some(error) = self.failed {
            return Some(Err(error));
        }
        let frame = self.split().and_then(|whole| whole.map(check).transpose());
        self.failed = frame.as_ref().err().copied();
        frame.transpose()
    }

    /// Whether bytes of an unfinished frame are held: the stream must not end here.
    pub fn is_midway(&self) -> bool {
        !self.piece.is_empty() || !self.begun.is_empty()
    }

    fn split(&mut self) -> Result<Option<Bytes>, FrameError> {
        if self.begun.is_empty() {
            return match total(&self.piece)? {
                Some(total) if total <= self.piece.len() => Ok(Some(self.piece.split_to(total))),
                _ => {
                    self.take(self.piece.len());
                    Ok(None)
                }
            };
        }
        if total(&self.begun)?.is_none() {
            self.take(PRELUDE - self.begun.len());
        }
        let Some(total) = total(&self.begun)? else { return Ok(None) };
        self.take(total.saturating_sub(self.begun.len()));
        Ok((self.begun.len() == total).then(|| self.begun.split().freeze()))
    }

    /// Moves up to `len` bytes of the piece to the unfinished frame.
    fn take(&mut self, len: usize) {
        let len = len.min(self.piece.len());
        self.begun.extend_from_slice(self.piece.get(..len).unwrap_or_default());
        self.piece.advance(len);
    }
}

/// The length of the frame that starts here, once its prelude has arrived.
fn total(start: &[u8]) -> Result<Option<usize>, FrameError> {
    let Some(prelude) = start.first_chunk::<PRELUDE>() else { return Ok(None) };
    let (lengths, crc) = prelude.split_at(8);
    if word(crc) != Some(crc32fast::hash(lengths)) {
        return Err(FrameError::Checksum);
    }
    let total = word(lengths).unwrap_or_default() as usize;
    if total > LIMIT {
        return Err(FrameError::TooLarge(total));
    }
    if total < OVERHEAD { Err(FrameError::Length) } else { Ok(Some(total)) }
}

fn check(whole: Bytes) -> Result<Frame, FrameError> {
    let (content, crc) = whole.split_at_checked(whole.len() - 4).ok_or(FrameError::Length)?;
    if word(crc) != Some(crc32fast::hash(content)) {
        return Err(FrameError::Checksum);
    }
    let headers = whole.get(4..).and_then(word).ok_or(FrameError::Length)? as usize;
    if headers > whole.len() - OVERHEAD {
        return Err(FrameError::Length);
    }
    Ok(Frame { whole, headers })
}

/// The first four bytes as a number.
fn word(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().copied().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests;

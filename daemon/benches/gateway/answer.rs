//! Finds the end of an HTTP/1.1 answer: `content-length` or chunked (RFC 9112, section 6).

use std::io;

use bytes::{Buf, BytesMut};
use memchr::memmem;

#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    More,
    Whole,
}

/// Reads one answer, consuming what it has understood.
#[derive(Debug, Default)]
pub struct Reader {
    state: State,
    content: usize,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Head,
    /// Bytes of the body still to come.
    Length(usize),
    ChunkSize,
    /// Bytes of the chunk and its line end still to come.
    Chunk(usize),
    /// The empty line after the last chunk.
    Last,
}

impl Reader {
    /// Whether any byte of the body has been read.
    pub fn has_content(&self) -> bool {
        self.content > 0
    }

    pub fn read(&mut self, buffer: &mut BytesMut) -> io::Result<Progress> {
        loop {
            let before = buffer.len();
            self.state = match self.state {
                State::Head => match head(buffer)? {
                    Some(next) => next,
                    None => return Ok(Progress::More),
                },
                State::Length(left) => State::Length(self.skip(buffer, left)),
                State::Chunk(left) => match self.skip(buffer, left) {
                    0 => State::ChunkSize,
                    left => State::Chunk(left),
                },
                State::ChunkSize => match line(buffer) {
                    Some(size) => after_size(&size)?,
                    None => return Ok(Progress::More),
                },
                State::Last => match line(buffer) {
                    Some(_) => State::Length(0),
                    None => return Ok(Progress::More),
                },
            };
            match self.state {
                State::Length(0) => return Ok(Progress::Whole),
                State::Length(_) | State::Chunk(_) if buffer.is_empty() => return Ok(Progress::More),
                _ if buffer.len() == before => return Ok(Progress::More),
                _ => {}
            }
        }
    }

    fn skip(&mut self, buffer: &mut BytesMut, left: usize) -> usize {
        let skipped = left.min(buffer.len());
        buffer.advance(skipped);
        self.content += skipped;
        left - skipped
    }
}

fn head(buffer: &mut BytesMut) -> io::Result<Option<State>> {
    let Some(end) = memmem::find(buffer, b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(&buffer.split_to(end + 4)).to_ascii_lowercase();
    if !head.starts_with("http/1.1 200") {
        return Err(io::Error::other(head.lines().next().unwrap_or("no status line").to_owned()));
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    match length.map(|text| text.trim().parse()) {
        Some(Ok(length)) => Ok(Some(State::Length(length))),
        _ => Ok(Some(State::ChunkSize)),
    }
}

fn after_size(size: &str) -> io::Result<State> {
    match usize::from_str_radix(size, 16) {
        Ok(0) => Ok(State::Last),
        Ok(size) => Ok(State::Chunk(size + 2)),
        Err(_) => Err(io::Error::other("not a chunk size")),
    }
}

fn line(buffer: &mut BytesMut) -> Option<String> {
    let end = memmem::find(buffer, b"\r\n")?;
    let line = buffer.split_to(end + 2);
    Some(String::from_utf8_lossy(line.get(..end).unwrap_or_default()).into_owned())
}

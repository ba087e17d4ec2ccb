//! Watches the heads of requests for a length that can be read in two ways (RFC 9112, section 6.3).
//!
//! hyper reads such a request in one of the ways and hides the other: equal lengths become one, and a chunked
//! body makes a length disappear. A proxy in front may have read it differently, and then the two disagree on
//! where the next request begins. So the bytes are looked at before hyper gets them.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const LENGTH: &[u8] = b"content-length:";
const ENCODING: &[u8] = b"transfer-encoding:";
/// What must be kept of a line to know its name.
const NAME: usize = ENCODING.len();

/// What was found in the head that was read last.
#[derive(Debug, Clone, Default)]
pub(super) struct Verdict(Arc<AtomicBool>);

impl Verdict {
    pub(super) fn is_ambiguous(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Wraps a connection; bytes pass through. A head is looked for at the beginning and after every write: a client
/// that awaits each answer sends nothing else then.
#[derive(Debug)]
pub(super) struct Watched<T> {
    inner: T,
    head: Head,
    verdict: Verdict,
}

impl<T> Watched<T> {
    pub(super) fn new(inner: T) -> (Self, Verdict) {
        let verdict = Verdict::default();
        (Self { inner, head: Head::default(), verdict: verdict.clone() }, verdict)
    }

    fn expect_head(&mut self) {
        if self.head.is_untouched() {
            return;
        }
        self.head = Head::default();
        self.verdict.0.store(false, Ordering::Relaxed);
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        if let Some(arrived) = buf.filled().get(before..)
            && self.head.read(arrived)
        {
            self.verdict.0.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.expect_head();
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.expect_head();
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// A head that is being read, line by line.
#[derive(Debug, Default)]
struct Head {
    /// The beginning of the current line.
    name: [u8; NAME],
    /// Length of the current line so far.
    len: usize,
    /// Lines that are complete.
    lines: usize,
    lengths: usize,
    encodings: usize,
    is_complete: bool,
}

impl Head {
    fn is_untouched(&self) -> bool {
        self.len == 0 && self.lines == 0 && !self.is_complete
    }

    /// Takes the next bytes, and says whether they complete a head that is ambiguous.
    fn read(&mut self, mut bytes: &[u8]) -> bool {
        while !self.is_complete && !bytes.is_empty() {
            let end = memchr::memchr(b'\n', bytes);
            let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            self.extend(line);
            if end.is_some() {
                self.end_line();
            }
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.is_complete && (self.lengths > 1 || self.lengths > 0 && self.encodings > 0)
    }

    fn extend(&mut self, part: &[u8]) {
        if let Some(room) = self.name.get_mut(self.len..) {
            room.iter_mut().zip(part).for_each(|(to, from)| *to = from.to_ascii_lowercase());
        }
        self.len += part.len();
    }

    fn end_line(&mut self) {
        let is_empty = self.len == 0 || (self.len == 1 && self.name.first() == Some(&b'\r'));
        // Empty lines before the first one are skipped (RFC 9112, section 2.2).
        self.is_complete = is_empty && self.lines > 0;
        self.lines += usize::from(!is_empty);
        let name = self.name.get(..self.len.min(NAME)).unwrap_or_default();
        self.lengths += usize::from(name.starts_with(LENGTH));
        self.encodings += usize::from(name.starts_with(ENCODING));
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const TWO_LENGTHS: &str = "POST / HTTP/1.1\r\nContent-Length: 3\r\nHost: x\r\ncontent-length: 3\r\n\r\n";
    const LENGTH_AND_CHUNKS: &str =
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nCONTENT-LENGTH: 3\r\n\r\n";
    const FINE: &str = "\r\nPOST / HTTP/1.1\r\nx: content-length: 1\r\ncontent-length: 3\r\n\r\n";
    const BODY: &str = "content-length: 1\r\ncontent-length: 1\r\ntransfer-encoding: x\r\n\r\n";

    #[test]
    fn one_length_is_enough() {
        assert!(Head::default().read(TWO_LENGTHS.as_bytes()));
        assert!(Head::default().read(LENGTH_AND_CHUNKS.as_bytes()));
        assert!(!Head::default().read(format!("{FINE}{BODY}").as_bytes()));
    }

    #[tokio::test]
    async fn every_head_of_a_connection_is_watched_and_no_body() {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        let (mut watched, verdict) = Watched::new(ours);
        let mut buffer = [0; 1 << 12];
        for (request, is_ambiguous) in
            [(format!("{FINE}{BODY}"), false), (TWO_LENGTHS.to_owned(), true), (FINE.to_owned(), false)]
        {
            theirs.write_all(request.as_bytes()).await.unwrap();
            assert_eq!(watched.read(&mut buffer).await.unwrap(), request.len());
            assert_eq!(verdict.is_ambiguous(), is_ambiguous, "{request}");
            watched.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        }
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_a_head_is_split(cuts in proptest::collection::vec(0_usize..80, 0..9)) {
            for (text, is_ambiguous) in [(TWO_LENGTHS, true), (LENGTH_AND_CHUNKS, true), (FINE, false)] {
                let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % text.len()).collect();
                cuts.extend([0, text.len()]);
                cuts.sort_unstable();
                let mut head = Head::default();
                let found = cuts.windows(2).fold(false, |_, cut| head.read(&text.as_bytes()[cut[0]..cut[1]]));
                prop_assert_eq!(found, is_ambiguous);
            }
        }
    }
}

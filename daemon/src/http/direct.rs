//! A connection over which the kernel sends files by itself (sendfile(2)): their bytes never pass through us.
//!
//! hyper knows bodies of bytes only. So the body of a file is made of blanks, each standing for the next bytes that wait
//! in the connection's outbox. Here, where all that hyper writes comes by, blanks are known by where they lie in memory.
//!
//! Invariant: there are as many blanks on their way as bytes in the outbox, in the same order.

use std::{
    collections::VecDeque,
    fs::File,
    io,
    ops::Range,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use rustix::fs::sendfile;
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::TcpStream,
};

/// What is sent at a time.
pub(super) const PIECE: usize = 128 << 10;
/// Never read, so that they cost no memory.
static BLANKS: [u8; PIECE] = [0; PIECE];

/// Parts of files that are to be sent over one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Outbox(Arc<Mutex<VecDeque<Part>>>);

#[derive(Debug)]
struct Part {
    file: Arc<File>,
    range: Range<u64>,
}

impl Outbox {
    /// Takes the first bytes of a range, as many as fit into one piece. Returns the blanks that stand for them.
    pub(super) fn put(&self, file: &Arc<File>, range: &Range<u64>) -> Bytes {
        let len = usize::try_from(range.end - range.start).unwrap_or(usize::MAX).min(BLANKS.len());
        let part = Part { file: file.clone(), range: range.start..range.start + len as u64 };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(part);
        Bytes::from_static(BLANKS.get(..len).unwrap_or_default())
    }

    /// Sends what blanks of this length stand for, as much as the socket takes.
    fn send(&self, socket: &TcpStream, blanks: usize) -> io::Result<usize> {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Part { file, range }) = parts.front_mut() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let left = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let sent = sendfile(socket, &*file, Some(&mut range.start), blanks.min(left))?;
        if sent == 0 {
            // The file has become shorter.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if range.is_empty() {
            parts.pop_front();
        }
        Ok(sent)
    }
}

fn is_blank(bytes: &[u8]) -> bool {
    !bytes.is_empty() && BLANKS.as_ptr_range().contains(&bytes.as_ptr())
}

/// A socket and its outbox.
#[derive(Debug)]
pub(super) struct Direct {
    socket: TcpStream,
    outbox: Outbox,
}

impl Direct {
    pub(super) fn new(socket: TcpStream) -> (Self, Outbox) {
        let outbox = Outbox::default();
        (Self { socket, outbox: outbox.clone() }, outbox)
    }

    fn poll_send(&self, cx: &mut Context<'_>, blanks: usize) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.socket.poll_write_ready(cx))?;
            let send = || self.outbox.send(&self.socket, blanks);
            match self.socket.try_io(Interest::WRITABLE, send) {
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }
}

impl AsyncRead for Direct {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl AsyncWrite for Direct {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if is_blank(buf) {
            return self.poll_send(cx, buf.len());
        }
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match bufs.iter().find(|buf| !buf.is_empty()) {
            Some(first) if is_blank(first) => self.poll_send(cx, first.len()),
            _ => {
                let end = bufs.iter().position(|buf| is_blank(buf)).unwrap_or(bufs.len());
                let before = bufs.get(..end).unwrap_or_default();
                Pin::new(&mut self.socket).poll_write_vectored(cx, before)
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

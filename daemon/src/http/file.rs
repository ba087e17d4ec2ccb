//! A part of an open file as a body, as fast as the peer takes it: by the kernel where the connection allows it, else read
//! piece by piece.
//!
//! Invariant: no thread of the runtime waits for a disk, and a download holds one piece at most.

use std::{
    fs::File,
    io::{self, ErrorKind, IoSliceMut},
    ops::Range,
    os::unix::fs::FileExt,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use rustix::io::{ReadWriteFlags, preadv2};
use tokio::time::Instant;

use super::{
    Connection,
    direct::{Outbox, PIECE},
};

/// The slowest that a peer may read on the whole, in bytes a second, and the time that it has in any case: a download
/// that is slower is cut, and can be resumed.
const SLOWEST: u64 = 16 << 10;
const IN_ANY_CASE: Duration = Duration::from_mins(5);

/// What is left to be sent.
struct Rest {
    file: Arc<File>,
    range: Range<u64>,
    outbox: Option<Outbox>,
    deadline: Instant,
}

/// The bytes of a range. A file that has become shorter ends it with an error.
pub fn pieces(
    file: Arc<File>,
    range: Range<u64>,
    connection: &Connection,
) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + use<> {
    let seconds = (range.end - range.start) / SLOWEST;
    let deadline = Instant::now() + IN_ANY_CASE + Duration::from_secs(seconds);
    let rest = Rest { file, range, outbox: connection.outbox.clone(), deadline };
    stream::try_unfold(rest, |mut rest| async move {
        if rest.range.is_empty() {
            return Ok(None);
        }
        if rest.deadline <= Instant::now() {
            return Err(ErrorKind::TimedOut.into());
        }
        let piece = rest.next().await?;
        rest.range.start += piece.len() as u64;
        Ok(Some((piece, rest)))
    })
}

impl Rest {
    async fn next(&self) -> io::Result<Bytes> {
        if let Some(outbox) = &self.outbox {
            if !is_at_hand(&self.file, &self.range) {
                self.read_from_disk().await?;
            }
            return Ok(outbox.put(&self.file, &self.range));
        }
        let mut piece = vec![0; self.len()];
        let read =
            preadv2(&self.file, &mut [IoSliceMut::new(&mut piece)], self.range.start, ReadWriteFlags::NOWAIT);
        match read {
            Ok(read) if read > 0 => {
                piece.truncate(read);
                Ok(piece.into())
            }
            _ => self.read_from_disk().await,
        }
    }

    /// Reads the next piece, and so brings it into the kernel's memory.
    async fn read_from_disk(&self) -> io::Result<Bytes> {
        let (file, start, len) = (self.file.clone(), self.range.start, self.len());
        let reading = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; len];
            match file.read_at(&mut piece, start)? {
                0 => Err(ErrorKind::UnexpectedEof.into()),
                read => {
                    piece.truncate(read);
                    Ok(piece.into())
                }
            }
        });
        reading.await.map_err(io::Error::other)?
    }

    fn len(&self) -> usize {
        usize::try_from(self.range.end - self.range.start).unwrap_or(usize::MAX).min(PIECE)
    }
}

/// Whether the kernel need not wait for a disk to send the next piece, as far as its ends tell.
fn is_at_hand(file: &File, range: &Range<u64>) -> bool {
    let last = range.end.min(range.start + PIECE as u64).saturating_sub(1);
    [range.start, last].into_iter().all(|at| {
        let mut byte = [0];
        preadv2(file, &mut [IoSliceMut::new(&mut byte)], at, ReadWriteFlags::NOWAIT).is_ok()
    })
}

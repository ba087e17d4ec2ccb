//! A part of an open file as a body: read piece by piece, as fast as the peer takes it.

use std::{
    fs::File,
    io::{self, ErrorKind},
    ops::Range,
    os::unix::fs::FileExt,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::time::Instant;

/// What is read at a time, and held for each download.
const PIECE: usize = 128 << 10;
/// The slowest that a peer may read on the whole, in bytes a second, and the time that it has in any case: a download
/// that is slower is cut, and can be resumed.
const SLOWEST: u64 = 16 << 10;
const IN_ANY_CASE: Duration = Duration::from_mins(5);

/// What is left to be sent.
struct Rest {
    file: Arc<File>,
    range: Range<u64>,
    deadline: Instant,
}

/// The bytes of a range. A file that has become shorter ends it with an error.
pub fn pieces(file: Arc<File>, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync {
    let seconds = (range.end - range.start) / SLOWEST;
    let deadline = Instant::now() + IN_ANY_CASE + Duration::from_secs(seconds);
    stream::try_unfold(Rest { file, range, deadline }, |mut rest| async move {
        if rest.range.is_empty() {
            return Ok(None);
        }
        if rest.deadline <= Instant::now() {
            return Err(ErrorKind::TimedOut.into());
        }
        let (file, range) = (rest.file.clone(), rest.range.clone());
        let read = tokio::task::spawn_blocking(move || read(&file, range)).await;
        let piece = read.map_err(|_| io::Error::from(ErrorKind::Other))??;
        rest.range.start += piece.len() as u64;
        Ok(Some((piece, rest)))
    })
}

fn read(file: &File, range: Range<u64>) -> io::Result<Bytes> {
    let wanted = usize::try_from(range.end - range.start).unwrap_or(PIECE).min(PIECE);
    let mut piece = vec![0; wanted];
    match file.read_at(&mut piece, range.start)? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        read => {
            piece.truncate(read);
            Ok(piece.into())
        }
    }
}

//! The watchdog: the service manager kills a daemon that does not say in time that it lives.
//!
//! It is said only when a request to our own admin socket has been answered and the store has answered, be it with an
//! error: a full disk is no reason to cut streams, a daemon that hangs is.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Notify;
use crate::{
    live::LiveSessions,
    store::{Store, StoreError},
};

const INTERVAL: &str = "WATCHDOG_USEC";
/// Beats that fit into the time in which one is expected.
const BEATS: u32 = 4;
const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: sallyport\r\nconnection: close\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 ";

/// Looks whether the daemon lives.
#[derive(Debug)]
pub struct Watchdog {
    pub notify: Notify,
    pub socket: PathBuf,
    pub store: Arc<dyn Store>,
    pub live: Arc<LiveSessions>,
}

/// How often a beat is due, if anybody listens.
pub fn interval(environment: &BTreeMap<String, String>) -> Option<Duration> {
    let micros = environment.get(INTERVAL)?.parse().ok().filter(|micros| *micros > 0)?;
    Some(Duration::from_micros(micros) / BEATS)
}

impl Watchdog {
    /// Beats until `stop`.
    pub async fn run(self, every: Duration, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
            match timeout(every, self.look()).await {
                Ok(Ok(())) => self.notify.alive(&self.status()),
                Ok(Err(error)) => warn!(%error, "the service manager is not told that we live"),
                Err(_) => warn!("no answer in time, the service manager is not told that we live"),
            }
        }
    }

    async fn look(&self) -> io::Result<()> {
        answers(&self.socket).await?;
        match self.store.check().await {
            Err(error @ (StoreError::Overloaded(_) | StoreError::Stopped)) => Err(io::Error::other(error)),
            _ => Ok(()),
        }
    }

    fn status(&self) -> String {
        let lives = self.live.lives();
        let requests: usize = lives.iter().map(|life| life.in_flight()).sum();
        format!("serving, sessions in use: {}, requests in flight: {requests}", lives.len())
    }
}

/// Whether something at a unix socket answers requests.
async fn answers(socket: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(REQUEST).await?;
    let mut head = [0; ANSWER.len()];
    stream.read_exact(&mut head).await?;
    if head == *ANSWER { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::*;

    fn given(micros: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(INTERVAL.to_owned(), micros.to_owned())])
    }

    #[test]
    fn a_beat_comes_four_times_as_often_as_it_is_expected() {
        assert_eq!(interval(&given("20000000")), Some(Duration::from_secs(5)));
        assert_eq!((interval(&given("0")), interval(&given("soon"))), (None, None));
        assert_eq!(interval(&BTreeMap::new()), None);
    }

    #[tokio::test]
    async fn a_socket_that_accepts_and_says_nothing_does_not_live() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        assert!(answers(&path).await.is_err());
        let listener = UnixListener::bind(&path).unwrap();
        let silent = async {
            let (stream, _) = listener.accept().await.unwrap();
            drop(stream);
        };
        let (answered, ()) = tokio::join!(answers(&path), silent);
        assert!(answered.is_err());
        let healthy = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut vec![0; REQUEST.len()]).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        };
        let (answered, ()) = tokio::join!(answers(&path), healthy);
        answered.unwrap();
    }
}

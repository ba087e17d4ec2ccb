//! What was downloaded: counted, put on record, and told to whoever watches.
//!
//! Invariant: a bounded number of records and events a minute, whatever is downloaded.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use shared::{id::RequestId, platform::Platform};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::index::What;
use crate::{
    clock::Clock,
    domain::audit::{AuditEvent, AuditRecord, Origin},
    event::{self, Events},
    http::{Call, Peer},
    store::Store,
};

/// Records that are put down in a minute, one by one.
const MOST_A_MINUTE: usize = 60;
const MINUTE: Duration = Duration::from_mins(1);
/// Records that may wait for the store.
const WAITING: usize = 256;

/// Counts, and what waits to be put on record.
#[derive(Debug)]
pub(super) struct Downloads {
    pub counts: Arc<Counts>,
    done: mpsc::Sender<Done>,
}

/// What was downloaded since the daemon began.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub programs: ByPlatform,
    pub agents: ByPlatform,
    pub bytes: AtomicU64,
    pub under_way: AtomicU64,
}

#[derive(Debug, Default)]
pub(super) struct ByPlatform([AtomicU64; Platform::ALL.len()]);

/// A download that came to its end.
#[derive(Debug)]
struct Done {
    what: What,
    request: RequestId,
    address: Option<IpAddr>,
}

/// A download that is under way.
pub(super) struct UnderWay {
    counts: Arc<Counts>,
    done: mpsc::Sender<Done>,
    /// Taken at the end; none if the end of the file is not part of it.
    record: Option<Done>,
    left: u64,
}

impl ByPlatform {
    fn count(&self, platform: Platform) {
        if let Some(count) = self.0.get(platform as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn of(&self, platform: Platform) -> u64 {
        self.0.get(platform as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

impl Downloads {
    /// The second one must be run.
    pub fn new(clock: Clock, store: Arc<dyn Store>, events: Events) -> (Self, Recorder) {
        let (done, waiting) = mpsc::channel(WAITING);
        let recorder = Recorder { waiting, store, events, clock, this_minute: 0, unrecorded: 0 };
        (Self { counts: Arc::default(), done }, recorder)
    }

    /// A download of `left` bytes begins. Of several parts of one file, the one that reaches its end tells that it was
    /// downloaded.
    pub fn begin(&self, what: &What, call: &Call, left: u64, reaches_end: bool) -> UnderWay {
        self.counts.under_way.fetch_add(1, Ordering::Relaxed);
        let address = match call.connection.peer {
            Peer::Tcp(address) => Some(address.ip()),
            Peer::Unix { .. } => None,
        };
        let record = reaches_end.then(|| Done { what: what.clone(), request: call.id.clone(), address });
        UnderWay { counts: self.counts.clone(), done: self.done.clone(), record, left }
    }
}

impl UnderWay {
    /// Watches its pieces.
    pub fn watch<E: 'static>(
        mut self,
        pieces: impl Stream<Item = Result<Bytes, E>> + Send + Sync + 'static,
    ) -> impl Stream<Item = Result<Bytes, E>> + Send + Sync + 'static {
        pieces.inspect_ok(move |piece| self.sent(piece.len() as u64))
    }

    fn sent(&mut self, bytes: u64) {
        self.counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.left = self.left.saturating_sub(bytes);
        if self.left > 0 {
            return;
        }
        if let Some(done) = self.record.take() {
            match &done.what {
                What::Claude { platform, .. } => self.counts.programs.count(*platform),
                What::Agent { platform } => self.counts.agents.count(*platform),
            }
            // A full queue is a flood: the recorder is far behind already.
            let _ = self.done.try_send(done);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.counts.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Puts downloads on record.
#[derive(Debug)]
pub(super) struct Recorder {
    waiting: mpsc::Receiver<Done>,
    store: Arc<dyn Store>,
    events: Events,
    clock: Clock,
    this_minute: usize,
    unrecorded: u64,
}

impl Recorder {
    /// Records until `stop`, and then what waits.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut minutes = interval_at(Instant::now() + MINUTE, MINUTE);
        minutes.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = minutes.tick() => self.turn().await,
                done = self.waiting.recv() => match done {
                    Some(done) => self.record(done).await,
                    None => break,
                },
            }
        }
        while let Ok(done) = self.waiting.try_recv() {
            self.record(done).await;
        }
        self.turn().await;
    }

    async fn record(&mut self, done: Done) {
        if self.this_minute >= MOST_A_MINUTE {
            self.unrecorded += 1;
            return;
        }
        self.this_minute += 1;
        let detail = match &done.what {
            What::Claude { version, platform } => format!("claude {version} {platform}"),
            What::Agent { platform } => format!("claude-agent {platform}"),
        };
        self.put(done.request, done.address, detail).await;
    }

    /// A minute is over. What exceeded it is put down together.
    async fn turn(&mut self) {
        self.this_minute = 0;
        let unrecorded = std::mem::take(&mut self.unrecorded);
        if unrecorded > 0 {
            self.put(RequestId::generate(), None, format!("{unrecorded} more in a minute")).await;
        }
    }

    async fn put(&self, request: RequestId, address: Option<IpAddr>, detail: String) {
        let origin = Origin { at: self.clock.now(), request, address };
        self.events.tell(|| event::of_download(&detail, origin.at));
        let record = AuditRecord { detail: Some(detail), ..AuditRecord::new(origin, AuditEvent::Download) };
        if let Err(error) = self.store.add_audit(record).await {
            warn!(%error, "download not put on record");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SqliteStore;

    fn done() -> Done {
        let what = What::Agent { platform: Platform::LinuxX64 };
        Done { what, request: RequestId::generate(), address: None }
    }

    #[tokio::test]
    async fn a_flood_is_put_down_in_one_line() {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir.path()).unwrap());
        let events = Events::default();
        let mut watcher = events.watch();
        let (_downloads, mut recorder) = Downloads::new(Clock::System, store.clone(), events);
        for _ in 0..MOST_A_MINUTE + 3 {
            recorder.record(done()).await;
        }
        recorder.turn().await;
        recorder.record(done()).await;
        let trail = store.audit(0, 1000).await.unwrap();
        let details: Vec<_> = trail.into_iter().map(|entry| entry.record.detail.unwrap()).collect();
        assert_eq!(details.len(), MOST_A_MINUTE + 2);
        assert_eq!(details[MOST_A_MINUTE..], ["3 more in a minute", "claude-agent linux-x64"]);
        let told = std::iter::from_fn(|| watcher.try_recv().ok()?.subject.clone());
        assert_eq!(told.collect::<Vec<_>>(), details);
    }
}

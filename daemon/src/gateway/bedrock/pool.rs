//! Idle connections to one endpoint, the latest used first.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{UpstreamError, connection::Connection, dial::Dialer};

/// How long an idle connection is kept: less than the upstream keeps it, so that it is not closed under a request.
const IDLE_LIFE: Duration = Duration::from_secs(50);

#[derive(Debug)]
pub(super) struct Pool {
    dialer: Dialer,
    size: usize,
    idle: Mutex<VecDeque<Idle>>,
    opened: AtomicU64,
    failed: AtomicU64,
    open: Arc<AtomicU64>,
}

/// How many connections there are, and were.
#[derive(Debug, Clone, Copy)]
pub(super) struct Census {
    pub(super) open: u64,
    pub(super) idle: u64,
    pub(super) opened: u64,
    pub(super) failed: u64,
}

/// A connection that is open, as long as this lives.
#[derive(Debug)]
pub(super) struct Counted(Arc<AtomicU64>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

impl Pool {
    pub(super) fn new(dialer: Dialer, size: usize) -> Self {
        let (opened, failed, open) = (AtomicU64::default(), AtomicU64::default(), Arc::default());
        Self { dialer, size, idle: Mutex::default(), opened, failed, open }
    }

    /// An idle connection that is still open, or a new one.
    pub(super) async fn checkout(&self) -> Result<Connection, UpstreamError> {
        while let Some(mut connection) = self.pop() {
            if connection.is_reusable() {
                return Ok(connection);
            }
        }
        self.fresh().await
    }

    /// A new connection.
    pub(super) async fn fresh(&self) -> Result<Connection, UpstreamError> {
        let opened = async { Connection::open(self.dialer.dial().await?, self.counted()).await };
        let opened = opened.await;
        let tally = if opened.is_ok() { &self.opened } else { &self.failed };
        tally.fetch_add(1, Ordering::Relaxed);
        opened
    }

    pub(super) fn census(&self) -> Census {
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        let idle = u64::try_from(self.lock().len()).unwrap_or(u64::MAX);
        Census { open: count(&self.open), idle, opened: count(&self.opened), failed: count(&self.failed) }
    }

    fn counted(&self) -> Counted {
        self.open.fetch_add(1, Ordering::Relaxed);
        Counted(self.open.clone())
    }

    /// Keeps a connection for the next request, if it is fit for one.
    pub(super) fn put_back(&self, mut connection: Connection) {
        if !connection.is_reusable() {
            return;
        }
        let mut idle = self.lock();
        let surplus = if idle.len() >= self.size { idle.pop_front() } else { None };
        if self.size > 0 {
            idle.push_back(Idle { connection, since: Instant::now() });
        }
        drop(idle);
        drop(surplus);
    }

    /// Closes connections that were idle for too long, until `stop`.
    pub(super) async fn sweep(&self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(IDLE_LIFE / 2)).await.is_some() {
            let stale: Vec<Idle> = {
                let mut idle = self.lock();
                let stale = idle.partition_point(|idle| idle.since.elapsed() > IDLE_LIFE);
                idle.drain(..stale).collect()
            };
            drop(stale);
        }
        self.lock().clear();
    }

    fn pop(&self) -> Option<Connection> {
        let idle = self.lock().pop_back()?;
        (idle.since.elapsed() <= IDLE_LIFE).then_some(idle.connection)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Idle connections to one endpoint, the latest used first.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
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
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

impl Pool {
    pub(super) fn new(dialer: Dialer, size: usize) -> Self {
        Self { dialer, size, idle: Mutex::default() }
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
        Connection::open(self.dialer.dial().await?).await
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

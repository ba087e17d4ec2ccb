//! Usage on its way to the store.
//!
//! Invariant: recording never waits, and what was recorded is written within a second, or when the daemon stops.
//! While the store fails, records are kept; those that no longer fit are counted and the loss is logged.

mod health;
mod metric;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::mpsc::{self, error::TrySendError},
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::{clock::Clock, domain::usage::UsageRecord, part::Pulse, store::Store, task::Tasks};

/// Records of one batch.
const BATCH: usize = 1_000;
/// The pause after a failed write doubles up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How much waits, and for how long.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Records that may wait for a batch.
    queue: usize,
    /// The longest that a record waits for others.
    interval: Duration,
    /// The first pause after a failed write.
    pause: Duration,
    /// How long the last records may take when the daemon stops.
    last_call: Duration,
}

/// The queue holds minutes of a busy gateway whose store fails, in about 40 MB. The interval leaves the rest of
/// the second to the write.
const PACE: Pace = Pace {
    queue: 65_536,
    interval: Duration::from_millis(800),
    pause: Duration::from_millis(250),
    last_call: Duration::from_secs(5),
};

/// Takes usage records.
#[derive(Debug)]
pub struct Ledger {
    queue: mpsc::Sender<UsageRecord>,
    lost: Arc<AtomicU64>,
    pulse: Arc<Pulse>,
}

impl Ledger {
    /// Starts the task that writes. `tasks` must be stopped after the last request has ended: a record that
    /// comes later is lost.
    pub fn start(tasks: &Tasks, store: Arc<dyn Store>, clock: Clock) -> Self {
        Self::with_pace(tasks, store, clock, PACE)
    }

    fn with_pace(tasks: &Tasks, store: Arc<dyn Store>, clock: Clock, pace: Pace) -> Self {
        let (queue, records) = mpsc::channel(pace.queue);
        let (lost, pulse) = (Arc::new(AtomicU64::new(0)), Arc::new(Pulse::default()));
        let scribe = Scribe {
            store,
            clock,
            records,
            pace,
            batch: Vec::new(),
            lost: lost.clone(),
            reported: 0,
            pulse: pulse.clone(),
        };
        tasks.spawn("ledger", scribe.write_until(tasks.stopping()));
        Self { queue, lost, pulse }
    }

    /// Records usage. Never waits.
    pub fn record(&self, record: UsageRecord) {
        let Err(refused) = self.queue.try_send(record) else { return };
        let total = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        if let TrySendError::Closed(record) = refused {
            error!(request = %record.request, total, "usage lost, it came after the ledger had stopped");
        }
    }

    /// Records that wait for a batch.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity().saturating_sub(self.queue.capacity())
    }

    /// Records that were lost since the daemon began.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// The other end of the queue.
struct Scribe {
    store: Arc<dyn Store>,
    clock: Clock,
    records: mpsc::Receiver<UsageRecord>,
    pace: Pace,
    /// Taken from the queue and not yet written. It is kept here, not in a future, so that stopping at any
    /// moment drops none of it.
    batch: Vec<UsageRecord>,
    lost: Arc<AtomicU64>,
    reported: u64,
    pulse: Arc<Pulse>,
}

impl Scribe {
    async fn write_until(mut self, stop: CancellationToken) {
        let forever = async {
            while self.gather().await {
                self.write().await;
                self.report();
            }
        };
        stop.run_until_cancelled(forever).await;
        self.finish().await;
    }

    /// Fills the batch until it is full, or for a moment after its first record came. False when nobody is left
    /// to record and everything is written.
    async fn gather(&mut self) -> bool {
        if self.batch.is_empty() && self.records.recv_many(&mut self.batch, BATCH).await == 0 {
            return false;
        }
        let close = Instant::now() + self.pace.interval;
        while let room @ 1.. = BATCH.saturating_sub(self.batch.len()) {
            match timeout_at(close, self.records.recv_many(&mut self.batch, room)).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
        }
        true
    }

    /// Writes the batch, however often it takes.
    async fn write(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let batch: Arc<[_]> = self.batch.as_slice().into();
        let mut pause = self.pace.pause;
        while let Err(error) = self.store.add_usage(batch.clone(), self.clock.now()).await {
            warn!(%error, records = batch.len(), waiting = self.records.len(), "usage not written, kept for later");
            self.pulse.miss(self.clock.now(), error.to_string());
            self.report();
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.pulse.beat(self.clock.now());
        self.batch.clear();
    }

    /// Writes what is left, if the store lets us.
    async fn finish(mut self) {
        self.records.close();
        let last_call = self.pace.last_call;
        let rest = async {
            self.write().await;
            while self.records.recv_many(&mut self.batch, BATCH).await > 0 {
                self.write().await;
            }
        };
        if timeout(last_call, rest).await.is_err() {
            let left = self.batch.len() + self.records.len();
            self.lost.fetch_add(u64::try_from(left).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
        self.report();
    }

    fn report(&mut self) {
        let total = self.lost.load(Ordering::Relaxed);
        if total > self.reported {
            error!(records = total - self.reported, total, "usage lost, the store did not take it in time");
            self.reported = total;
        }
    }
}

#[cfg(test)]
mod tests;

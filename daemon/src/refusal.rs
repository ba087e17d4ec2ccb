//! Refusals on their way to the audit trail: whoever is refused in a loop fills it with one record a minute.
//!
//! Invariant: noting a refusal never waits for the store.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::{
    clock::Clock,
    domain::audit::{AuditRecord, Tally},
    store::{Store, carry_through},
    task::Tasks,
};

/// How often it looks for what has been counted for long enough.
const INTERVAL: Duration = Duration::from_secs(10);

/// Takes refusals.
#[derive(Debug)]
pub struct Refusals {
    store: Arc<dyn Store>,
    tasks: Tasks,
    clock: Clock,
    tally: Mutex<Tally>,
}

impl Refusals {
    /// Starts the task that writes what was counted. `tasks` must be stopped after the last request has ended.
    pub fn start(tasks: &Tasks, store: Arc<dyn Store>, clock: Clock) -> Arc<Self> {
        let refusals = Arc::new(Self { store, tasks: tasks.clone(), clock, tally: Mutex::default() });
        tasks.spawn("refusals", refusals.clone().write_until(tasks.stopping()));
        refusals
    }

    /// Notes a refusal. The first of its kind is written by and by.
    pub fn note(&self, record: AuditRecord) {
        let Some(record) = self.tally().count(record) else { return };
        let store = self.store.clone();
        self.tasks.spawn("refusal", async move {
            write(store.as_ref(), record).await;
        });
    }

    /// Notes a refusal, and waits until the first of its kind is written.
    pub async fn noted(&self, record: AuditRecord) {
        let Some(record) = self.tally().count(record) else { return };
        let (store, request) = (self.store.clone(), record.origin.request.clone());
        let written = carry_through(&self.tasks, "refusal", async move { store.add_audit(record).await });
        if let Err(error) = written.await {
            error!(%request, %error, "refusal not audited");
        }
    }

    async fn write_until(self: Arc<Self>, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
            let due = self.tally().due(self.clock.now());
            self.write_all(due).await;
        }
        let rest = self.tally().rest();
        self.write_all(rest).await;
    }

    async fn write_all(&self, records: Vec<AuditRecord>) {
        for record in records {
            write(self.store.as_ref(), record).await;
        }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(store: &dyn Store, record: AuditRecord) {
    let (request, code, detail) = (record.origin.request.clone(), record.code.clone(), record.detail.clone());
    if let Err(error) = store.add_audit(record).await {
        error!(%request, code, detail, %error, "refusal not audited");
    }
}

#[cfg(test)]
mod tests {
    use shared::{id::RequestId, time::Timestamp};

    use super::*;
    use crate::{
        domain::audit::{AuditEvent, Origin},
        store::SqliteStore,
    };

    fn record() -> AuditRecord {
        let origin = Origin { at: Timestamp(5), request: RequestId::generate(), address: None };
        AuditRecord { code: Some("locked".to_owned()), ..AuditRecord::new(origin, AuditEvent::Refusal) }
    }

    #[tokio::test]
    async fn a_thousand_refusals_of_one_client_are_two_records_once_the_daemon_has_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(dir.path()).unwrap());
        let tasks = Tasks::default();
        let refusals = Refusals::start(&tasks, store.clone(), Clock::manual(Timestamp(5)));
        refusals.noted(record()).await;
        assert_eq!(store.audit(0, 9).await.unwrap().len(), 1, "the first is written when it is answered");
        for _ in 1..1_000 {
            refusals.note(record());
        }
        assert!(tasks.stop(Duration::from_mins(1)).await);
        let trail = store.audit(1, 9).await.unwrap();
        assert_eq!(trail.len(), 1);
        assert!(trail[0].record.detail.as_ref().unwrap().starts_with("999 more since"), "{trail:?}");
    }
}

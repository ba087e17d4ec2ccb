//! What operators do to sessions, devices and users: the store first, then the index, then whatever is in flight ends.

use std::{sync::Arc, time::Duration};

use shared::{api::admin::Event, time::Timestamp};
use tokio::time::Instant;
use tracing::{info, warn};

use super::Sessions;
use crate::{
    domain::{
        audit::{AuditEvent, Origin},
        session::{EndReason, Ended, Lock, Subject},
    },
    event,
    live::request::{LiveRequest, lingering},
    store::{Order, StoreError, carry_through},
};

/// How long an operator waits for requests in flight to end. One that takes longer has a client that does not read.
const PATIENCE: Duration = Duration::from_secs(1);

/// What an order did, for the operator who gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// Sessions that were ended, or are in use and locked now.
    pub sessions: usize,
    /// Requests in flight that ended, streams among them.
    pub requests: usize,
    /// Requests that are still ending: their clients do not read.
    pub lingering: usize,
    /// From the order to the end of the last of them.
    pub took: Duration,
}

impl Sessions {
    /// Ends every session of a subject. None if it never had one.
    pub async fn revoke(&self, order: Order) -> Result<Option<Effect>, StoreError> {
        let began = Instant::now();
        let (store, live) = (self.store.clone(), self.live.clone());
        let cut = carry_through(&self.tasks, "revocation", async move {
            let (subject, at) = (order.subject.clone(), order.origin.at);
            let told = event::of_operator(AuditEvent::Revocation, &subject, order.operator, &order.reason);
            let Some(revoked) = store.revoke(order).await? else { return Ok(None) };
            live.events().tell(|| Event { at, ..told });
            let ended = Ended { at, reason: EndReason::Revoked };
            let requests: Vec<_> = revoked.sessions.iter().flat_map(|id| live.end(*id, ended)).collect();
            info!(%subject, sessions = revoked.sessions.len(), requests = requests.len(), "revoked");
            Ok(Some((revoked.sessions.len(), requests)))
        });
        let Some((sessions, requests)) = cut.await? else { return Ok(None) };
        Ok(Some(effect(sessions, &requests, began).await))
    }

    /// Locks a subject in place of the lock it had. None if it is a session that nobody knows.
    pub async fn lock(&self, lock: Lock, origin: Origin) -> Result<Option<Effect>, StoreError> {
        let began = Instant::now();
        let (store, live) = (self.store.clone(), self.live.clone());
        let cut = carry_through(&self.tasks, "lock", async move {
            let (subject, now) = (lock.subject.clone(), origin.at);
            if !store.lock(lock.clone(), origin).await? {
                return Ok(None);
            }
            let told = event::of_operator(AuditEvent::Lock, &subject, lock.by, &lock.reason);
            live.events().tell(|| Event { at: now, ..told });
            let requests = live.lock(lock, now);
            let in_use = live.lives().iter().filter(|life| subject.covers(life.identity())).count();
            info!(%subject, sessions = in_use, requests = requests.len(), "locked");
            Ok(Some((in_use, requests)))
        });
        let Some((sessions, requests)) = cut.await? else { return Ok(None) };
        Ok(Some(effect(sessions, &requests, began).await))
    }

    /// Takes the lock of a subject away. False if it has none.
    pub async fn unlock(&self, order: Order) -> Result<bool, StoreError> {
        let (store, live) = (self.store.clone(), self.live.clone());
        carry_through(&self.tasks, "unlock", async move {
            let (subject, now) = (order.subject.clone(), order.origin.at);
            let told = event::of_operator(AuditEvent::Unlock, &subject, order.operator, &order.reason);
            let was_locked = store.unlock(order).await?;
            if was_locked {
                live.events().tell(|| Event { at: now, ..told });
            }
            live.unlock(&subject, now);
            info!(%subject, was_locked, "unlocked");
            Ok(was_locked)
        })
        .await
    }

    /// The locks that hold.
    pub fn locks(&self, now: Timestamp) -> Vec<Lock> {
        self.live.locks(now)
    }

    /// The lock of exactly this subject.
    pub fn lock_on(&self, subject: &Subject, now: Timestamp) -> Option<Lock> {
        self.locks(now).into_iter().find(|lock| lock.subject == *subject)
    }
}

async fn effect(sessions: usize, requests: &[Arc<LiveRequest>], began: Instant) -> Effect {
    let lingering = lingering(requests, PATIENCE).await;
    if lingering > 0 {
        warn!(requests = lingering, "requests of revoked or locked sessions are still ending");
    }
    Effect { sessions, requests: requests.len() - lingering, lingering, took: began.elapsed() }
}

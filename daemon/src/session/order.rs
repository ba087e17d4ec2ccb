//! What operators do to sessions, devices and users: the store first, then the index, then whatever is in flight ends.

use std::{sync::Arc, time::Duration};

use shared::time::Timestamp;
use tokio::time::Instant;
use tracing::{info, warn};

use super::Sessions;
use crate::{
    domain::{
        audit::Origin,
        session::{EndReason, Ended, Lock, Subject},
    },
    live::request::{LiveRequest, lingering},
    store::{Order, StoreError},
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
        let cut = self.carry_through("revocation", async move {
            let (subject, at) = (order.subject.clone(), order.origin.at);
            let Some(revoked) = store.revoke(order).await? else { return Ok(None) };
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
        let cut = self.carry_through("lock", async move {
            let (subject, now) = (lock.subject.clone(), origin.at);
            if !store.lock(lock.clone(), origin).await? {
                return Ok(None);
            }
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
        self.carry_through("unlock", async move {
            let (subject, now) = (order.subject.clone(), order.origin.at);
            let was_locked = store.unlock(order).await?;
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

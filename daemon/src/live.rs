//! Which sessions are over, in memory: the gateway asks here, never the store.
//!
//! Invariant: a session is ended in the store first and here second, so that what is refused stays refused
//! after a restart.

mod follow;
mod life;
mod metric;
pub mod request;
mod upkeep;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use shared::{id::SessionId, time::Timestamp};

use crate::{
    domain::session::{Ended, Identity, Lock, Locks, Subject},
    event::Events,
};
pub use follow::Following;
pub use life::{Bar, Life};
use request::LiveRequest;
pub use upkeep::{Retention, Upkeep};

/// Every session that is ended but may still have valid access tokens, every lock, and every session that is in use.
#[derive(Debug, Default)]
pub struct LiveSessions {
    index: Mutex<Index>,
    events: Events,
}

#[derive(Debug, Default)]
struct Index {
    in_use: HashMap<SessionId, Weak<Life>>,
    ended: HashMap<SessionId, Ended>,
    locks: Locks,
}

impl LiveSessions {
    /// The life of a session: the same for everyone who holds it at the same time.
    pub fn life(&self, identity: &Identity, now: Timestamp) -> Arc<Life> {
        let mut index = self.lock_index();
        if let Some(life) = index.in_use.get(&identity.session).and_then(Weak::upgrade) {
            return life;
        }
        let life = Arc::new(Life::new(identity.clone(), self.events.clone()));
        if let Some(ended) = index.ended.get(&identity.session) {
            life.end(*ended);
        } else if let Some(lock) = index.locks.of(identity, now) {
            life.lock(Some(lock.clone()));
        }
        index.in_use.insert(identity.session, Arc::downgrade(&life));
        life
    }

    /// Ends a session: its next request is refused, and its requests in flight, which are returned, end.
    pub fn end(&self, session: SessionId, ended: Ended) -> Vec<Arc<LiveRequest>> {
        let life = {
            let mut index = self.lock_index();
            index.ended.insert(session, ended);
            index.in_use.get(&session).and_then(Weak::upgrade)
        };
        life.map(|life| life.end(ended)).unwrap_or_default()
    }

    /// Locks a subject in place of the lock it had. Returns the requests in flight that end.
    pub fn lock(&self, lock: Lock, now: Timestamp) -> Vec<Arc<LiveRequest>> {
        let mut index = self.lock_index();
        let subject = lock.subject.clone();
        index.locks.set(lock);
        index.settle(&subject, now)
    }

    /// Takes the lock of a subject away; another one may still hold.
    pub fn unlock(&self, subject: &Subject, now: Timestamp) {
        let mut index = self.lock_index();
        index.locks.unlock(subject, now);
        index.settle(subject, now);
    }

    /// The lock that keeps an identity out.
    pub fn lock_of(&self, identity: &Identity, now: Timestamp) -> Option<Lock> {
        self.lock_index().locks.of(identity, now).cloned()
    }

    /// The locks that hold.
    pub fn locks(&self, now: Timestamp) -> Vec<Lock> {
        self.lock_index().locks.all(now).cloned().collect()
    }

    /// The sessions whose life somebody holds: a verified token or a request in flight.
    pub fn lives(&self) -> Vec<Arc<Life>> {
        self.lock_index().in_use.values().filter_map(Weak::upgrade).collect()
    }

    /// How many they are.
    pub fn in_use(&self) -> usize {
        self.lock_index().in_use.values().filter(|life| life.strong_count() > 0).count()
    }

    /// Forgets what can no longer matter: lives that nobody holds, locks that have ended, and ends whose access tokens
    /// have expired.
    pub fn sweep(&self, now: Timestamp, is_relevant: impl Fn(&Ended) -> bool) {
        let mut index = self.lock_index();
        index.in_use.retain(|_, life| life.strong_count() > 0);
        index.ended.retain(|_, ended| is_relevant(ended));
        index.locks.sweep(now);
    }

    /// Where everything that happens is told.
    pub fn events(&self) -> &Events {
        &self.events
    }

    fn lock_index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    /// Tells every life of a subject which lock it is under now.
    fn settle(&self, subject: &Subject, now: Timestamp) -> Vec<Arc<LiveRequest>> {
        let lives = self.in_use.values().filter_map(Weak::upgrade);
        let covered = lives.filter(|life| subject.covers(life.identity()));
        covered.flat_map(|life| life.lock(self.locks.of(life.identity(), now).cloned())).collect()
    }
}

#[cfg(test)]
mod tests;

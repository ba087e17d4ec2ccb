//! Which sessions are over, in memory: the gateway asks here, never the store.
//!
//! Invariant: a session is ended in the store first and here second, so that what is refused stays refused
//! after a restart.

mod upkeep;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
};

use shared::id::SessionId;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::domain::session::Ended;
pub use upkeep::Upkeep;

/// The life of one session, shared by its verified tokens and its streams.
#[derive(Debug, Default)]
pub struct Life {
    ended: OnceLock<Ended>,
    over: CancellationToken,
}

impl Life {
    /// How the session ended, if it did.
    pub fn ended(&self) -> Option<Ended> {
        self.ended.get().copied()
    }

    /// Resolves when the session ends.
    pub fn over(&self) -> WaitForCancellationFutureOwned {
        self.over.clone().cancelled_owned()
    }

    fn end(&self, ended: Ended) {
        let _ = self.ended.set(ended);
        self.over.cancel();
    }
}

/// Every session that is ended but may still have valid access tokens, and every one that is in use.
#[derive(Debug, Default)]
pub struct LiveSessions {
    index: Mutex<Index>,
}

#[derive(Debug, Default)]
struct Index {
    in_use: HashMap<SessionId, Weak<Life>>,
    ended: HashMap<SessionId, Ended>,
}

impl LiveSessions {
    /// The life of a session: the same for everyone who holds it at the same time.
    pub fn life(&self, session: SessionId) -> Arc<Life> {
        let mut index = self.lock();
        if let Some(life) = index.in_use.get(&session).and_then(Weak::upgrade) {
            return life;
        }
        let life = Arc::new(Life::default());
        if let Some(ended) = index.ended.get(&session) {
            life.end(*ended);
        }
        index.in_use.insert(session, Arc::downgrade(&life));
        life
    }

    /// Ends a session: its next request is refused and its streams in flight end.
    pub fn end(&self, session: SessionId, ended: Ended) {
        let life = {
            let mut index = self.lock();
            index.ended.insert(session, ended);
            index.in_use.get(&session).and_then(Weak::upgrade)
        };
        if let Some(life) = life {
            life.end(ended);
        }
    }

    /// Sessions whose life somebody holds: a verified token or a request in flight.
    pub fn in_use(&self) -> usize {
        self.lock().in_use.values().filter(|life| life.strong_count() > 0).count()
    }

    /// Forgets what can no longer matter: lives that nobody holds, and ends whose access tokens have expired.
    pub fn sweep(&self, is_relevant: impl Fn(&Ended) -> bool) {
        let mut index = self.lock();
        index.in_use.retain(|_, life| life.strong_count() > 0);
        index.ended.retain(|_, ended| is_relevant(ended));
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

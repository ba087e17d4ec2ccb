//! Two daemons on one store, for as long as one hands over to the other: what the one ends, locks or unlocks holds for
//! the other a moment later.

use std::{collections::HashSet, sync::Arc, time::Duration};

use shared::{id::SessionId, time::Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::LiveSessions;
use crate::{
    clock::Clock,
    domain::session::Lock,
    store::{Store, StoreError},
};

/// How often the store is asked.
const INTERVAL: Duration = Duration::from_millis(250);

/// Takes over from the store what another daemon wrote there.
#[derive(Debug)]
pub struct Following {
    live: Arc<LiveSessions>,
    store: Arc<dyn Store>,
    clock: Clock,
    /// What the store said last.
    ended: HashSet<SessionId>,
    locks: Vec<Lock>,
}

impl Following {
    /// Begins with what the index was filled with.
    pub fn new(live: Arc<LiveSessions>, store: Arc<dyn Store>, clock: Clock) -> Self {
        let locks = live.locks(clock.now());
        Self { live, store, clock, ended: HashSet::new(), locks }
    }

    /// Follows until `stop`, for at most `span`.
    pub async fn run(mut self, span: Duration, stop: CancellationToken) {
        let following = async {
            loop {
                if let Err(error) = self.look().await {
                    warn!(%error, "what the other daemon ends is not known, next try at once");
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        let _ = tokio::time::timeout(span, stop.run_until_cancelled(following)).await;
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let ends = self.store.ends(now).await?;
        for (session, ended) in ends.ended {
            if self.ended.insert(session) {
                let cut = self.live.end(session, ended).len();
                if cut > 0 {
                    info!(%session, requests = cut, "ended by the other daemon");
                }
            }
        }
        self.settle(ends.locks, now);
        Ok(())
    }

    /// A lock that we made since the store answered is not in its answer: only what was in the one before is gone.
    fn settle(&mut self, locks: Vec<Lock>, now: Timestamp) {
        for gone in self.locks.iter().filter(|old| !locks.iter().any(|new| new.subject == old.subject)) {
            self.live.unlock(&gone.subject, now);
        }
        for new in locks.iter().filter(|new| !self.locks.contains(new)) {
            self.live.lock(new.clone(), now);
        }
        self.locks = locks;
    }
}

#[cfg(test)]
mod tests {
    use shared::id::UserId;

    use super::*;
    use crate::{
        domain::{audit::Origin, session::Subject},
        store::{Order, SqliteStore},
    };

    fn lock(until: Timestamp) -> Lock {
        let subject = Subject::User(UserId::new("ada"));
        Lock { subject, from: Timestamp(0), until, reason: "lost laptop".into(), message: None, by: 0 }
    }

    #[tokio::test]
    async fn a_lock_of_the_other_daemon_comes_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path()).unwrap());
        let (live, clock) = (Arc::new(LiveSessions::default()), Clock::System);
        let (now, origin) = (clock.now(), || Origin::of(Clock::System.now()));
        let mut following = Following::new(live.clone(), store.clone(), clock);
        let lock = lock(now + Duration::from_hours(1));
        assert!(store.lock(lock.clone(), origin()).await.unwrap());
        following.look().await.unwrap();
        assert_eq!(live.locks(now), std::slice::from_ref(&lock));

        let ours = Lock { subject: Subject::User(UserId::new("grace")), ..lock.clone() };
        live.lock(ours.clone(), now);
        following.look().await.unwrap();
        assert_eq!(live.locks(now).len(), 2);

        let order = Order { subject: lock.subject, operator: 0, reason: "found".into(), origin: origin() };
        assert!(store.unlock(order).await.unwrap());
        following.look().await.unwrap();
        assert_eq!(live.locks(now), [ours]);
    }
}

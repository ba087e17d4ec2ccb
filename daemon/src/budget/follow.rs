//! Two daemons on one store, for as long as one hands over to the other: what the last requests of the one cost counts
//! for the other, too.

use std::{sync::Arc, time::Duration};

use shared::usage::Money;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    domain::limit::Limits,
    store::{Store, StoreError, query::LateUsage},
};

/// How often the store is asked.
const INTERVAL: Duration = Duration::from_millis(250);

/// Takes over from the store what daemons wrote there that had handed over.
#[derive(Debug)]
pub struct Following {
    limits: Arc<Limits>,
    store: Arc<dyn Store>,
    /// The number of what was counted last.
    late: u64,
}

impl Following {
    /// Begins after what `limits` was filled with.
    pub fn new(limits: Arc<Limits>, store: Arc<dyn Store>, late: u64) -> Self {
        Self { limits, store, late }
    }

    /// Follows until `stop`, for at most `span`. `stop` must come before this daemon hands over itself: from then on, its
    /// own usage is late.
    pub async fn run(mut self, span: Duration, stop: CancellationToken) {
        let following = async {
            while !stop.is_cancelled() {
                if let Err(error) = self.look(&stop).await {
                    warn!(%error, "what the other daemon spends is not known, next try at once");
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        let _ = tokio::time::timeout(span, stop.run_until_cancelled(following)).await;
    }

    async fn look(&mut self, stop: &CancellationToken) -> Result<(), StoreError> {
        let late = self.store.late_usage(self.late).await?;
        // What we wrote ourselves meanwhile may be among it.
        if late.is_empty() || stop.is_cancelled() {
            return Ok(());
        }
        for LateUsage { number, user, cost, ended } in &late {
            self.limits.add(user, *cost, *ended);
            self.late = *number;
        }
        let cost: Money = late.iter().map(|usage| usage.cost).sum();
        info!(requests = late.len(), %cost, "spending of the other daemon counted");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use shared::{id::UserId, time::Period};

    use super::{
        super::{
            load_spending,
            tests::{NOON, record},
        },
        *,
    };
    use crate::store::SqliteStore;

    /// A daemon that has just started.
    async fn started(store: &Arc<SqliteStore>) -> Following {
        let limits = Arc::new(Limits::default());
        let late = load_spending(&limits, store.as_ref(), NOON).await.unwrap();
        Following::new(limits, store.clone(), late)
    }

    async fn spent_after_a_look(following: &mut Following) -> Money {
        following.look(&CancellationToken::new()).await.unwrap();
        following.limits.spent(&UserId::new("ada"), Period::Month, NOON)
    }

    #[tokio::test]
    async fn usage_is_late_once_its_daemon_has_handed_over_and_counts_once() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Arc::new(SqliteStore::open(dir.path()).unwrap());
        let add = async |store: &SqliteStore, dollars| {
            store.add_usage([record("ada", 1, dollars)].into(), NOON).await.unwrap();
        };
        let old = open();
        add(&old, 1).await;
        old.release().await;
        add(&old, 2).await;
        let new = open();
        let mut following = started(&new).await;
        assert_eq!(spent_after_a_look(&mut following).await, Money::from_dollars(3));
        add(&old, 4).await;
        add(&old, 8).await;
        add(&new, 16).await;
        for _ in 0..2 {
            assert_eq!(spent_after_a_look(&mut following).await, Money::from_dollars(15));
        }
        new.release().await;
        add(&new, 32).await;
        let mut newest = started(&open()).await;
        assert_eq!(spent_after_a_look(&mut newest).await, Money::from_dollars(63));
        add(&old, 64).await;
        assert_eq!(spent_after_a_look(&mut newest).await, Money::from_dollars(127));
    }

    #[tokio::test]
    async fn who_hands_over_does_not_count_what_it_writes_from_then_on() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(dir.path()).unwrap());
        let (mut following, stop) = (started(&store).await, CancellationToken::new());
        stop.cancel();
        store.release().await;
        store.add_usage([record("ada", 1, 1)].into(), NOON).await.unwrap();
        following.look(&stop).await.unwrap();
        assert_eq!(following.limits.spent(&UserId::new("ada"), Period::Month, NOON), Money::ZERO);
    }
}

//! Keeps the counters of the limits right: learns at start what was spent in the windows that are open, and forgets
//! users of whom nothing is left to count.

use std::{sync::Arc, time::Duration};

use shared::{id::UserId, time::Period};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::{
    clock::Clock,
    domain::limit::Limits,
    store::{
        Store, StoreError,
        query::{UsageBy, UsageQuery},
    },
};

/// How often it looks.
const INTERVAL: Duration = Duration::from_mins(1);

/// The task that looks after the counters.
#[derive(Debug)]
pub struct Budgets {
    limits: Arc<Limits>,
    clock: Clock,
}

impl Budgets {
    /// Sums what was spent. No request may be served before.
    pub async fn load(limits: Arc<Limits>, store: &dyn Store, clock: Clock) -> Result<Self, StoreError> {
        let now = clock.now();
        for period in Period::ALL {
            let window = period.around(now);
            let query = UsageQuery { by: UsageBy::User, ended: window.start..window.end, limit: u32::MAX };
            let sums = store.usage(query).await?;
            for sum in &sums {
                limits.restore(&UserId::new(sum.key.clone()), period, sum.cost, now);
            }
            info!(users = sums.len(), since = %window.start, "spending loaded");
        }
        Ok(Self { limits, clock })
    }

    /// Sweeps until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
            let users = self.limits.sweep(self.clock.now());
            debug!(users, "counters swept");
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        id::{ModelId, RequestId, SessionId},
        time::Timestamp,
        usage::{Money, Tokens},
    };
    use uuid::Uuid;

    use super::*;
    use crate::{
        domain::usage::{Outcome, Surface, UsageRecord},
        store::SqliteStore,
    };

    /// Sunday, 9 August 2026, 12:00 UTC.
    const NOON: Timestamp = Timestamp(1_786_276_800_000);

    fn record(user: &str, hours_ago: u64, dollars: u64) -> UsageRecord {
        let ended = Timestamp(NOON.0 - hours_ago * 3_600_000);
        UsageRecord {
            id: Uuid::now_v7(),
            session: SessionId::generate(),
            user: UserId::new(user),
            model: ModelId::new("opus"),
            surface: Surface::Bedrock,
            request: RequestId::generate(),
            started: Timestamp(0),
            ended,
            tokens: Tokens::default(),
            cost: Money::from_dollars(dollars),
            outcome: Outcome::Completed,
            estimated: false,
            client: None,
        }
    }

    #[tokio::test]
    async fn what_was_spent_before_the_start_counts_in_the_windows_in_which_it_was_spent() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        let records = [
            record("ada", 1, 1),
            record("ada", 12, 2),
            record("ada", 13, 4),
            record("ada", 24 * 6, 8),
            record("ada", 24 * 8, 16),
            record("ada", 24 * 9, 32),
            record("grace", 2, 64),
        ];
        store.add_usage(records.to_vec().into(), NOON).await.unwrap();
        let limits = Arc::new(Limits::default());
        Budgets::load(limits.clone(), &store, Clock::manual(NOON)).await.unwrap();
        let spent = |user: &str| Period::ALL.map(|period| limits.spent(&UserId::new(user), period, NOON));
        assert_eq!(spent("ada"), [3, 15, 31].map(Money::from_dollars));
        assert_eq!(spent("grace"), [64; 3].map(Money::from_dollars));
        assert_eq!(spent("eve"), [0; 3].map(Money::from_dollars));
    }
}

//! What each user may spend and has spent. Learns at start what was spent in the windows that are open and which grants
//! hold, gives and ends grants, and forgets users of whom nothing is left to count.
//!
//! Invariant: a grant holds in the store first and here second, so that what was granted survives a restart.

mod follow;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use shared::{
    api::admin::{Budget, Event},
    id::UserId,
    time::{Period, Timestamp},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
    clock::Clock,
    config::{Config, Problems},
    domain::{
        audit::{AuditEvent, Origin},
        limit::{BadGrant, Grant, Limits, check_grant},
        policy::Policies,
        session::Subject,
    },
    event,
    reload::{Prepared, Reload},
    session::Sessions,
    store::{GrantEnd, Store, StoreError, carry_through, query::Spending},
};
pub use follow::Following;

/// How often it looks.
const INTERVAL: Duration = Duration::from_mins(1);

/// The budgets of every user.
#[derive(Debug)]
pub struct Budgets {
    sessions: Sessions,
    limits: Arc<Limits>,
    policies: ArcSwap<Policies>,
    clock: Clock,
    /// The last late usage that was found at the start.
    late: u64,
}

impl Budgets {
    /// Sums what was spent and takes over the grants that hold. No request may be served before.
    pub async fn load(sessions: Sessions, config: &Config, clock: Clock) -> Result<Self, StoreError> {
        let (limits, now) = (Arc::new(Limits::default()), clock.now());
        let late = load_spending(&limits, sessions.store.as_ref(), now).await?;
        let grants = sessions.store.grants(now).await?;
        info!(grants = grants.len(), "grants loaded");
        for grant in grants {
            limits.grant(grant);
        }
        Ok(Self { sessions, limits, policies: ArcSwap::from_pointee(policies(config)), clock, late })
    }

    /// The counters.
    pub fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    /// Takes over what is spent at the daemon that hands over to this one.
    pub fn following(&self) -> Following {
        Following::new(self.limits.clone(), self.sessions.store.clone(), self.late)
    }

    /// How far a user who is in these groups is with what they may spend.
    pub fn of(&self, user: &UserId, groups: &[String]) -> Budget {
        self.limits.budget(user, self.policies.load().of(groups), self.clock.now())
    }

    /// The grants that hold, newest first.
    pub fn grants(&self) -> Vec<Grant> {
        let mut grants = self.limits.grants(self.clock.now());
        grants.sort_unstable_by_key(|grant| std::cmp::Reverse(grant.id));
        grants
    }

    /// Whether something may be granted to a user who is in these groups.
    pub fn check(&self, grant: &Grant, groups: &[String]) -> Result<(), BadGrant> {
        let others = self.of(&grant.user, groups).grants.len();
        check_grant(grant, self.policies.load().of(groups), others)
    }

    /// Grants something that was checked: it holds for the next request.
    pub async fn grant(&self, grant: Grant, origin: Origin) -> Result<(), StoreError> {
        let (Sessions { store, live, tasks, .. }, limits) = (self.sessions.clone(), self.limits.clone());
        carry_through(&tasks, "grant", async move {
            store.grant(grant.clone(), origin).await?;
            limits.grant(grant.clone());
            live.events()
                .tell(|| told(AuditEvent::Grant, &grant, (grant.operator, &grant.reason), grant.from));
            info!(user = %grant.user, grant = %grant.id, "granted {grant}");
            Ok(())
        })
        .await
    }

    /// Takes a grant back before its time. None if there is none that holds.
    pub async fn end_grant(&self, end: GrantEnd) -> Result<Option<Grant>, StoreError> {
        let (Sessions { store, live, tasks, .. }, limits) = (self.sessions.clone(), self.limits.clone());
        carry_through(&tasks, "end of a grant", async move {
            let (operator, reason, at) = (end.operator, end.reason.clone(), end.origin.at);
            let Some(grant) = store.end_grant(end).await? else { return Ok(None) };
            limits.end_grant(grant.id);
            live.events().tell(|| told(AuditEvent::GrantEnd, &grant, (operator, &reason), at));
            info!(user = %grant.user, grant = %grant.id, "grant ended");
            Ok(Some(grant))
        })
        .await
    }

    /// Sweeps until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
            self.sweep().await;
        }
    }

    async fn sweep(&self) {
        let now = self.clock.now();
        let users = self.limits.sweep(now);
        debug!(users, "counters swept");
        if let Err(error) = self.sessions.store.forget_grants(now).await {
            warn!(%error, "ended grants not forgotten, next try in a minute");
        }
    }
}

impl Reload for Budgets {
    fn prepare(self: Arc<Self>, config: &Config) -> Result<Prepared, Problems> {
        let policies = Arc::new(policies(config));
        Ok(Prepared::new(move || self.policies.store(policies)))
    }
}

fn policies(config: &Config) -> Policies {
    Policies::new(config.policies.clone(), &config.gateway.aliases)
}

/// Returns the number of the last late usage that is in it.
async fn load_spending(limits: &Limits, store: &dyn Store, now: Timestamp) -> Result<u64, StoreError> {
    let windows = Period::ALL.map(|period| period.around(now));
    let times = windows.iter().map(|window| window.start..window.end).collect();
    let Spending { sums, late } = store.spending(times).await?;
    for ((period, window), sums) in Period::ALL.into_iter().zip(windows).zip(sums) {
        for sum in &sums {
            limits.restore(&UserId::new(sum.key.clone()), period, sum.cost, now);
        }
        info!(users = sums.len(), since = %window.start, "spending loaded");
    }
    Ok(late)
}

fn told(event: AuditEvent, grant: &Grant, (operator, reason): (u32, &str), at: Timestamp) -> Event {
    let told = event::of_operator(event, &Subject::User(grant.user.clone()), operator, reason);
    Event { at, user: Some(grant.user.clone()), ..told }
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
    pub(super) const NOON: Timestamp = Timestamp(1_786_276_800_000);

    pub(super) fn record(user: &str, hours_ago: u64, dollars: u64) -> UsageRecord {
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
        let limits = Limits::default();
        load_spending(&limits, &store, NOON).await.unwrap();
        let spent = |user: &str| Period::ALL.map(|period| limits.spent(&UserId::new(user), period, NOON));
        assert_eq!(spent("ada"), [3, 15, 31].map(Money::from_dollars));
        assert_eq!(spent("grace"), [64; 3].map(Money::from_dollars));
        assert_eq!(spent("eve"), [0; 3].map(Money::from_dollars));
    }
}

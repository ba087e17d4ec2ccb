//! Keeps the index right: learns at start which ends still matter, and forgets them when they no longer do.

use std::{sync::Arc, time::Duration};

use shared::time::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::LiveSessions;
use crate::{
    clock::Clock,
    domain::{audit::Origin, session::Ended},
    store::{Store, StoreError},
};

/// How often it looks.
const INTERVAL: Duration = Duration::from_mins(1);
/// How often old records are looked for.
const FORGET_EVERY: Duration = Duration::from_hours(24);
/// An end is kept longer than needed by this: a token may be minted a moment after its session was written, and
/// clocks differ.
const MARGIN: Duration = Duration::from_mins(5);

/// The task that looks after the index, and after what the store can forget.
#[derive(Debug)]
pub struct Upkeep {
    live: Arc<LiveSessions>,
    store: Arc<dyn Store>,
    clock: Clock,
    access_ttl: Duration,
    /// Tokens minted before this start have expired by then, also if they were given a longer life than we
    /// give.
    inherited: Timestamp,
    /// Without, everything is kept for ever.
    retention: Option<Retention>,
}

/// How long records are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    pub audit: Duration,
    pub usage: Duration,
}

impl Upkeep {
    /// Fills the index. No request may be served before.
    pub async fn load(
        live: Arc<LiveSessions>,
        store: Arc<dyn Store>,
        clock: Clock,
        access_ttl: Duration,
    ) -> Result<Self, StoreError> {
        let now = clock.now();
        let ends = store.ends(Timestamp(now.0.saturating_sub(millis(MARGIN)))).await?;
        for (session, ended) in &ends.ended {
            live.end(*session, *ended);
        }
        for lock in &ends.locks {
            live.lock(lock.clone(), now);
        }
        info!(ended = ends.ended.len(), locks = ends.locks.len(), "ended and locked sessions loaded");
        Ok(Self { live, store, clock, access_ttl, inherited: ends.access_until, retention: None })
    }

    /// Keeps records for this long.
    pub fn retaining(self, retention: Retention) -> Self {
        Self { retention: Some(retention), ..self }
    }

    /// Sweeps until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut forgotten = Timestamp::default();
        while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
            self.sweep().await;
            // Each time leaves a record, so it is not done for every minute that passes out of sight.
            if self.clock.now().since(forgotten) >= FORGET_EVERY {
                forgotten = self.clock.now();
                // Nobody who stops the daemon waits for it: the next start goes on.
                stop.run_until_cancelled(self.forget()).await;
            }
        }
    }

    async fn forget(&self) {
        let (Some(retention), now) = (self.retention, self.clock.now()) else { return };
        let before = |span| Timestamp(now.0.saturating_sub(millis(span)));
        self.forget_audit(before(retention.audit), now).await;
        self.forget_usage(before(retention.usage)).await;
    }

    async fn forget_audit(&self, before: Timestamp, now: Timestamp) {
        loop {
            match self.store.forget_audit(before, Origin::of(now)).await {
                Ok(0) => return,
                Ok(records) => info!(records, "old audit records forgotten"),
                Err(error) => return warn!(%error, "old audit records not forgotten, next try tomorrow"),
            }
        }
    }

    async fn forget_usage(&self, before: Timestamp) {
        let mut records = 0;
        let trouble = loop {
            match self.store.forget_usage(before).await {
                Ok(0) => break None,
                Ok(count) => records += count,
                Err(error) => break Some(error),
            }
        };
        if records > 0 {
            info!(records, %before, "old usage forgotten");
        }
        if let Some(error) = trouble {
            warn!(%error, "old usage not forgotten, next try tomorrow");
        }
    }

    async fn sweep(&self) {
        let now = self.clock.now();
        self.live.sweep(now, |ended| now < self.matters_until(ended));
        if let Err(error) = self.store.forget_locks(now).await {
            warn!(%error, "ended locks not forgotten, next try in a minute");
        }
        match self.store.forget_tokens(now).await {
            Ok(tokens) => debug!(tokens, "expired refresh tokens forgotten"),
            Err(error) => warn!(%error, "expired refresh tokens not forgotten, next try in a minute"),
        }
    }

    fn matters_until(&self, ended: &Ended) -> Timestamp {
        (ended.at + self.access_ttl).max(self.inherited) + MARGIN
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use shared::{
        api::auth::Device,
        id::{ModelId, RequestId, SessionId, UserId},
        usage::{Money, Tokens},
    };

    use super::*;
    use crate::{
        domain::{
            audit::Origin,
            session::{EndReason, Identity, Lifetimes, Session},
            usage::{Outcome, Surface, UsageRecord},
        },
        live::Life,
        store::{
            Ending, Opening, RefreshToken, SqliteStore,
            query::{UsageBy, UsageQuery},
        },
    };

    const LONG: Duration = Duration::from_hours(12);
    const SHORT: Duration = Duration::from_hours(3);

    struct Bench {
        _dir: tempfile::TempDir,
        store: Arc<SqliteStore>,
        clock: Clock,
    }

    impl Bench {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let store = Arc::new(SqliteStore::open(dir.path()).unwrap());
            Self { _dir: dir, store, clock: Clock::manual(Timestamp::from_seconds(1_760_000_000)) }
        }

        fn origin(&self) -> Origin {
            Origin { at: self.clock.now(), request: RequestId::generate(), address: None }
        }

        async fn signed_in(&self, access: Duration) -> SessionId {
            let session = SessionId::generate();
            let lifetimes = Lifetimes { access, refresh: LONG, grace: MARGIN };
            let opening = Opening {
                session: Session::open(identity(session), Device::default(), lifetimes, self.clock.now()),
                token: RefreshToken::generate().unwrap(),
                origin: self.origin(),
            };
            self.store.open_session(opening).await.unwrap();
            session
        }

        async fn revoke(&self, session: SessionId) {
            let ended = Ended { at: self.clock.now(), reason: EndReason::Revoked };
            let origin = self.origin();
            self.store.end_session(Ending { session, ended, origin }).await.unwrap();
        }

        /// A daemon that starts now.
        async fn start(&self) -> (Arc<LiveSessions>, Upkeep) {
            let live = Arc::new(LiveSessions::default());
            let upkeep = Upkeep::load(live.clone(), self.store.clone(), self.clock.clone(), SHORT);
            (live, upkeep.await.unwrap())
        }
    }

    fn identity(session: SessionId) -> Identity {
        let user = UserId::new("ada");
        Identity { session, user, email: None, name: None, groups: vec![], device: None }
    }

    fn usage(ended: Timestamp) -> UsageRecord {
        UsageRecord {
            id: uuid::Uuid::now_v7(),
            session: SessionId::generate(),
            user: UserId::new("ada"),
            model: ModelId::new("opus"),
            surface: Surface::Messages,
            request: RequestId::generate(),
            started: ended,
            ended,
            tokens: Tokens::default(),
            cost: Money::ZERO,
            outcome: Outcome::Completed,
            estimated: false,
            client: None,
        }
    }

    fn life(live: &LiveSessions, session: SessionId) -> Arc<Life> {
        live.life(&identity(session), Timestamp(0))
    }

    fn is_ended(live: &LiveSessions, session: SessionId) -> bool {
        life(live, session).ended().is_some()
    }

    async fn requests_kept(store: &SqliteStore) -> u64 {
        let all = UsageQuery { by: UsageBy::User, ended: Timestamp(0)..Timestamp(u64::MAX >> 1), limit: 1 };
        store.usage(all).await.unwrap().first().map_or(0, |sum| sum.requests)
    }

    #[tokio::test]
    async fn usage_is_forgotten_when_it_was_kept_for_long_enough() {
        let bench = Bench::new();
        let (_, upkeep) = bench.start().await;
        let upkeep = upkeep.retaining(Retention { audit: LONG, usage: SHORT });
        let records: Vec<_> = (0..1_200).map(|_| usage(bench.clock.now())).collect();
        bench.store.add_usage(records.into(), bench.clock.now()).await.unwrap();
        bench.clock.advance(SHORT);
        bench.store.add_usage([usage(bench.clock.now())].into(), bench.clock.now()).await.unwrap();
        upkeep.forget().await;
        assert_eq!(requests_kept(&bench.store).await, 1_201);
        bench.clock.advance(Duration::from_secs(1));
        upkeep.forget().await;
        assert_eq!(requests_kept(&bench.store).await, 1);
    }

    #[tokio::test]
    async fn an_ended_session_is_refused_from_the_start() {
        let bench = Bench::new();
        let (ended, other) = (bench.signed_in(SHORT).await, bench.signed_in(SHORT).await);
        bench.revoke(ended).await;
        let (live, _) = bench.start().await;
        assert!(is_ended(&live, ended) && !is_ended(&live, other));
    }

    #[tokio::test]
    async fn an_end_is_forgotten_when_no_access_token_can_be_valid() {
        let bench = Bench::new();
        let session = bench.signed_in(SHORT).await;
        bench.revoke(session).await;
        let (live, upkeep) = bench.start().await;
        bench.clock.advance(SHORT);
        upkeep.sweep().await;
        assert!(is_ended(&live, session), "clocks differ");
        bench.clock.advance(MARGIN);
        upkeep.sweep().await;
        assert!(!is_ended(&live, session));
        assert!(!is_ended(&bench.start().await.0, session));
    }

    #[tokio::test]
    async fn an_end_matters_as_long_as_tokens_of_an_earlier_longer_lifetime_live() {
        let bench = Bench::new();
        let session = bench.signed_in(LONG).await;
        let (live, upkeep) = bench.start().await;
        bench.revoke(session).await;
        live.end(session, Ended { at: bench.clock.now(), reason: EndReason::Revoked });
        bench.clock.advance(LONG);
        upkeep.sweep().await;
        assert!(is_ended(&live, session));
        assert!(is_ended(&bench.start().await.0, session));
    }
}

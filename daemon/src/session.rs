//! Changes to sessions: the store first, then the index of live sessions, then whoever watches.
//!
//! Invariant: a session that is ended in the store is one whose access tokens the gateway refuses.

mod order;

use std::sync::Arc;

use shared::{api::admin::Event, time::Timestamp};
use tracing::{info, warn};

use crate::{
    domain::{
        audit::{AuditEvent, AuditRecord, Origin},
        session::{Refusal, UNKNOWN_TOKEN},
    },
    event,
    live::LiveSessions,
    refusal::Refusals,
    store::{Attempt, Ending, Finish, Refreshed, Store, StoreError, carry_through},
    task::Tasks,
};

pub use order::Effect;

/// The sessions of this daemon.
#[derive(Debug, Clone)]
pub struct Sessions {
    pub store: Arc<dyn Store>,
    pub live: Arc<LiveSessions>,
    /// Stopped after the last request has ended.
    pub tasks: Tasks,
    pub refusals: Arc<Refusals>,
}

impl Sessions {
    /// Presents a refresh token.
    pub async fn refresh(&self, attempt: Attempt) -> Result<Refreshed, StoreError> {
        let Self { store, live, refusals, .. } = self.clone();
        carry_through(&self.tasks, "refresh", async move {
            let origin = attempt.origin.clone();
            let refreshed = store.refresh(attempt).await?;
            live.events().tell(|| told(&refreshed, origin.at));
            if let Some(record) = refused(&refreshed, origin) {
                refusals.noted(record).await;
            }
            if let Refreshed::Refused { session, refusal: Refusal::Reused(ended) } = &refreshed {
                live.end(session.identity.session, *ended);
                let (user, session) = (&session.identity.user, session.identity.session);
                warn!(%user, %session, "refresh token reused, session revoked");
            }
            Ok(refreshed)
        })
        .await
    }

    /// Ends a session: its next request is refused, its streams end.
    pub async fn end(&self, ending: Ending) -> Result<Finish, StoreError> {
        let (store, live) = (self.store.clone(), self.live.clone());
        carry_through(&self.tasks, "end of a session", async move {
            let (id, ended) = (ending.session, ending.ended);
            let finish = store.end_session(ending).await?;
            if let Finish::Ended(session) = &finish {
                live.events().tell(|| event::of_session(ended.reason.into(), &session.identity, ended.at));
                live.end(id, ended);
                let (user, reason) = (&session.identity.user, ended.reason.as_str());
                info!(%user, session = %id, reason, "session ended");
            }
            Ok(finish)
        })
        .await
    }
}

/// The record of a refusal that changed nothing.
fn refused(refreshed: &Refreshed, origin: Origin) -> Option<AuditRecord> {
    let (session, code) = match refreshed {
        Refreshed::Renewed { .. } | Refreshed::Refused { refusal: Refusal::Reused(_), .. } => return None,
        Refreshed::Refused { session, refusal } => (Some(session), refusal.code()),
        Refreshed::Locked { session, lock } => (Some(session), Refusal::Locked { until: lock.until }.code()),
        Refreshed::Unknown => (None, UNKNOWN_TOKEN),
    };
    let identity = session.map(|session| &session.identity);
    Some(AuditRecord {
        user: identity.map(|identity| identity.user.clone()),
        session: identity.map(|identity| identity.session),
        code: Some(code.to_owned()),
        ..AuditRecord::new(origin, AuditEvent::Refusal)
    })
}

/// What came of presenting a refresh token, for whoever watches.
fn told(refreshed: &Refreshed, at: Timestamp) -> Event {
    match refreshed {
        Refreshed::Renewed { session, .. } => event::of_session(AuditEvent::Refresh, &session.identity, at),
        Refreshed::Refused { session, refusal: Refusal::Reused(_) } => {
            event::of_session(AuditEvent::Reuse, &session.identity, at)
        }
        Refreshed::Refused { session, .. } | Refreshed::Locked { session, .. } => {
            event::of_session(AuditEvent::Refusal, &session.identity, at)
        }
        Refreshed::Unknown => {
            Event { event: AuditEvent::Refusal.as_str().to_owned(), at, ..Event::default() }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;
    use shared::{
        api::auth::Device,
        id::{RequestId, SessionId, UserId},
        time::Timestamp,
    };

    use super::*;
    use crate::{
        clock::Clock,
        domain::session::{EndReason, Ended, Identity, Lifetimes, Session},
        live::Life,
        store::{Opening, RefreshToken, SqliteStore},
    };

    const LONG: Duration = Duration::from_secs(10);
    const LIFETIMES: Lifetimes = Lifetimes { access: LONG, refresh: LONG, grace: Duration::ZERO };

    fn origin(at: u64) -> Origin {
        Origin { at: Timestamp(at), request: RequestId::generate(), address: None }
    }

    fn identity(session: SessionId) -> Identity {
        let user = UserId::new("ada");
        Identity { session, user, email: None, name: None, groups: vec![], device: None }
    }

    fn life(sessions: &Sessions, session: SessionId) -> Arc<Life> {
        sessions.live.life(&identity(session), Timestamp(9))
    }

    async fn signed_in(sessions: &Sessions) -> (SessionId, RefreshToken) {
        let (session, token) = (SessionId::generate(), RefreshToken::generate().unwrap());
        let opening = Opening {
            session: Session::open(identity(session), Device::default(), LIFETIMES, Timestamp(0)),
            token: token.clone(),
            origin: origin(0),
        };
        sessions.store.open_session(opening).await.unwrap();
        (session, token)
    }

    #[tokio::test]
    async fn a_client_that_hangs_up_does_not_stop_the_end_of_a_session() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(dir.path()).unwrap());
        let tasks = Tasks::default();
        let refusals = Refusals::start(&tasks, store.clone(), Clock::System);
        let sessions = Sessions { store, live: Arc::default(), tasks, refusals };
        let ((left, _), (stolen, token)) = (signed_in(&sessions).await, signed_in(&sessions).await);
        let attempt = |at| Attempt { token: token.clone(), lifetimes: LIFETIMES, origin: origin(at) };
        sessions.refresh(attempt(1)).await.unwrap();

        let ended = Ended { at: Timestamp(2), reason: EndReason::Logout };
        let ending = Ending { session: left, ended, origin: origin(2) };
        assert!(sessions.end(ending).now_or_never().is_none(), "asked, and gone before the answer");
        assert!(sessions.refresh(attempt(3)).now_or_never().is_none());
        assert!(sessions.tasks.stop(Duration::from_mins(1)).await);

        let reason = |session| life(&sessions, session).ended().map(|ended| ended.reason);
        assert_eq!((reason(left), reason(stolen)), (Some(EndReason::Logout), Some(EndReason::Reuse)));
    }
}

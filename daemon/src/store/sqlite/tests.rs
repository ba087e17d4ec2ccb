//! The contract of `Store`, on SQLite.

mod chain;
mod grant;
mod lock;
mod record;
mod session_use;
mod trail;

use std::{collections::HashSet, fs, time::Duration};

use rusqlite::OpenFlags;
use shared::{
    api::auth::Device,
    id::{DeviceId, RequestId, UserId},
};
use tempfile::TempDir;

use super::*;
use crate::{
    domain::{
        audit::{AuditEvent, Origin},
        session::{EndReason, Ended, Identity, Lifetimes, Refusal, Session},
    },
    store::RefreshToken,
};

const LIFETIMES: Lifetimes = Lifetimes {
    access: Duration::from_hours(3),
    refresh: Duration::from_hours(720),
    grace: Duration::from_mins(1),
};
const START: Timestamp = Timestamp(1_760_000_000_000);

struct Bench {
    dir: TempDir,
    store: SqliteStore,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        Self { dir, store }
    }

    /// The same database after the daemon ended and began again.
    fn reopened(self) -> Self {
        drop(self.store);
        let store = SqliteStore::open(self.dir.path()).unwrap();
        Self { dir: self.dir, store }
    }

    async fn signed_in(&self, user: &str) -> (Session, RefreshToken) {
        let (session, token) = (session(user), RefreshToken::generate().unwrap());
        let opening = Opening { session: session.clone(), token: token.clone(), origin: origin(0) };
        self.store.open_session(opening).await.unwrap();
        (session, token)
    }

    async fn refresh(&self, token: &RefreshToken, seconds: u64) -> Refreshed {
        let attempt = Attempt { token: token.clone(), lifetimes: LIFETIMES, origin: origin(seconds) };
        self.store.refresh(attempt).await.unwrap()
    }

    async fn successor(&self, token: &RefreshToken, seconds: u64) -> RefreshToken {
        match self.refresh(token, seconds).await {
            Refreshed::Renewed { successor, .. } => successor,
            other => panic!("not renewed: {other:?}"),
        }
    }

    async fn refusal(&self, token: &RefreshToken, seconds: u64) -> Refusal {
        match self.refresh(token, seconds).await {
            Refreshed::Refused { refusal, .. } => refusal,
            other => panic!("not refused: {other:?}"),
        }
    }

    async fn end(&self, session: &Session, reason: EndReason, seconds: u64) -> Finish {
        let ended = Ended { at: at(seconds), reason };
        let ending = Ending { session: session.identity.session, ended, origin: origin(seconds) };
        self.store.end_session(ending).await.unwrap()
    }

    async fn events(&self) -> Vec<(AuditEvent, Option<String>)> {
        let trail = self.store.audit(0, 1000).await.unwrap();
        assert!(trail.iter().map(|entry| entry.sequence).eq(1..=trail.len() as u64));
        trail.into_iter().map(|entry| (entry.record.event, entry.record.code)).collect()
    }

    /// A second connection, as an operator's `sqlite3` would open it.
    fn connection(&self) -> Connection {
        let path = self.dir.path().join("sallyport.db");
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap()
    }
}

fn at(seconds: u64) -> Timestamp {
    START + Duration::from_secs(seconds)
}

fn origin(seconds: u64) -> Origin {
    Origin { at: at(seconds), request: RequestId::generate(), address: Some([127, 0, 0, 1].into()) }
}

fn session(user: &str) -> Session {
    let identity = Identity {
        session: SessionId::generate(),
        user: UserId::new(user),
        email: Some(format!("{user}@example.com")),
        name: Some("Ada Lovelace".to_owned()),
        groups: vec!["engineers".to_owned(), "a \"quoted\" one".to_owned()],
        device: Some(DeviceId::new("laptop-1")),
    };
    let device = Device { hostname: Some("laptop".to_owned()), ..Device::default() };
    Session::open(identity, device, LIFETIMES, START)
}

#[tokio::test]
async fn a_session_is_found_as_it_was_opened_also_after_a_restart() {
    let bench = Bench::new();
    let (session, token) = bench.signed_in("ada").await;
    let bench = bench.reopened();
    let found = bench.store.session(session.identity.session).await.unwrap();
    assert_eq!(found.as_ref(), Some(&session));
    assert_eq!(bench.store.session_of(token.hash()).await.unwrap(), Some(session.identity.session));
    assert_eq!(bench.events().await, [(AuditEvent::SignIn, None)]);
    let trail = bench.store.audit(0, 9).await.unwrap();
    assert_eq!(trail[0].record.detail.as_deref(), Some("device laptop-1"), "where it was opened");
}

#[tokio::test]
async fn a_refresh_extends_the_session_and_a_lost_reply_can_be_had_again() {
    let bench = Bench::new();
    let (session, first) = bench.signed_in("ada").await;
    let second = bench.successor(&first, 100).await;
    let bench = bench.reopened();
    assert_eq!(bench.successor(&first, 160).await, second);
    let renewed = bench.store.session(session.identity.session).await.unwrap().unwrap();
    assert_eq!(renewed.expires, at(100) + LIFETIMES.refresh, "a repetition extends nothing");
    assert_eq!(renewed.access_until, at(160) + LIFETIMES.access);
    let third = bench.successor(&second, 161).await;
    assert_eq!(HashSet::from([first.hash(), second.hash(), third.hash()]).len(), 3);
    let repeated = Some("repeated".to_owned());
    let refreshes =
        [(AuditEvent::Refresh, None), (AuditEvent::Refresh, repeated), (AuditEvent::Refresh, None)];
    assert_eq!(bench.events().await[1..], refreshes);
}

#[tokio::test]
async fn a_token_that_comes_back_after_its_successor_was_used_ends_the_session() {
    let bench = Bench::new();
    let (session, first) = bench.signed_in("ada").await;
    let second = bench.successor(&first, 10).await;
    let third = bench.successor(&second, 20).await;
    let ended = Ended { at: at(21), reason: EndReason::Reuse };
    assert_eq!(bench.refusal(&first, 21).await, Refusal::Reused(ended));
    let bench = bench.reopened();
    assert_eq!(bench.refusal(&third, 22).await, Refusal::Ended(ended));
    assert_eq!(bench.store.session(session.identity.session).await.unwrap().unwrap().ended, Some(ended));
    assert_eq!(bench.events().await[3..], [(AuditEvent::Reuse, None)]);
}

#[tokio::test]
async fn a_token_that_comes_back_after_the_grace_window_ends_the_session() {
    let bench = Bench::new();
    let (_, first) = bench.signed_in("ada").await;
    bench.successor(&first, 10).await;
    assert!(matches!(bench.refusal(&first, 71).await, Refusal::Reused(_)));
}

#[tokio::test]
async fn twenty_callers_that_race_get_one_successor() {
    let bench = Bench::new();
    let (_, token) = bench.signed_in("ada").await;
    let answers = futures_util::future::join_all((0..20).map(|_| bench.successor(&token, 10))).await;
    let different: HashSet<_> = answers.iter().map(RefreshToken::hash).collect();
    assert_eq!(different.len(), 1);
    let fresh = "SELECT count(*) FROM refresh_token WHERE state = 'fresh'";
    assert_eq!(bench.connection().query_row(fresh, [], |row| row.get(0)), Ok(1));
}

#[tokio::test]
async fn the_files_hold_no_token_and_a_spent_token_has_no_seed() {
    let bench = Bench::new();
    let (_, first) = bench.signed_in("ada").await;
    let second = bench.successor(&first, 10).await;
    let third = bench.successor(&second, 20).await;
    let mut files = Vec::new();
    for file in fs::read_dir(bench.dir.path()).unwrap() {
        files.extend(fs::read(file.unwrap().path()).unwrap());
    }
    assert!(memchr::memmem::find(&files, &first.hash().0).is_some(), "the hash is there");
    for token in [&first, &second, &third] {
        let text = token.clone().into_secret();
        assert!(memchr::memmem::find(&files, text.expose().as_bytes()).is_none());
    }
    let states = "SELECT group_concat(state || (seed IS NULL), ' ' ORDER BY state) FROM refresh_token";
    let states: String = bench.connection().query_row(states, [], |row| row.get(0)).unwrap();
    assert_eq!(states, "fresh0 rotated0 spent1");
}

#[tokio::test]
async fn a_token_nobody_knows_is_refused_and_an_expired_one_is_forgotten() {
    let bench = Bench::new();
    let (_, token) = bench.signed_in("ada").await;
    assert!(matches!(bench.refresh(&RefreshToken::generate().unwrap(), 1).await, Refreshed::Unknown));
    let late = LIFETIMES.refresh.as_secs();
    assert_eq!(bench.refusal(&token, late).await, Refusal::Expired);
    assert_eq!(bench.store.forget_tokens(at(late - 1)).await, Ok(0));
    assert_eq!(bench.store.forget_tokens(at(late)).await, Ok(1));
    assert!(matches!(bench.refresh(&token, late).await, Refreshed::Unknown));
    assert_eq!(bench.events().await.len(), 1, "what changes nothing is for others to audit");
}

#[tokio::test]
async fn an_end_is_final_and_matters_while_an_access_token_may_be_valid() {
    let bench = Bench::new();
    let (session, _) = bench.signed_in("ada").await;
    bench.signed_in("grace").await;
    assert!(matches!(bench.end(&session, EndReason::Logout, 5).await, Finish::Ended(_)));
    let ended = Ended { at: at(5), reason: EndReason::Logout };
    let Finish::Already(stands) = bench.end(&session, EndReason::Revoked, 9).await else { panic!() };
    assert_eq!(stands, ended);
    let bench = bench.reopened();
    let ends = bench.store.ends(at(10)).await.unwrap();
    assert_eq!(ends.ended, [(session.identity.session, ended)]);
    assert_eq!(ends.access_until, START + LIFETIMES.access);
    assert!(bench.store.ends(ends.access_until).await.unwrap().ended.is_empty());
    assert!(matches!(bench.end(&self::session("nobody"), EndReason::Logout, 9).await, Finish::Unknown));
}

#[tokio::test]
async fn sessions_are_listed_newest_first_page_by_page() {
    let bench = Bench::new();
    let (first, _) = bench.signed_in("ada").await;
    let (second, _) = bench.signed_in("grace").await;
    let (third, _) = bench.signed_in("ada").await;
    bench.end(&third, EndReason::Logout, 1).await;
    let users = async |query| -> Vec<_> {
        let found = bench.store.sessions(query).await.unwrap();
        found.into_iter().map(|session| session.identity.session).collect()
    };
    let [first, second, third] = [first, second, third].map(|session| session.identity.session);
    assert_eq!(users(SessionQuery::default()).await, [third, second, first]);
    assert_eq!(users(SessionQuery { limit: 1, ..Default::default() }).await, [third]);
    assert_eq!(users(SessionQuery { before: Some(third), ..Default::default() }).await, [second, first]);
    assert_eq!(users(SessionQuery { active_at: Some(at(2)), ..Default::default() }).await, [second, first]);
    let of_ada = SessionQuery { user: Some(UserId::new("ada")), ..Default::default() };
    assert_eq!(users(of_ada).await, [third, first]);
}

//! What was used in a session is kept with it, and sessions are found by it.

use shared::{
    api::admin::SessionUse,
    id::ModelId,
    usage::{Money, Tokens},
};
use uuid::Uuid;

use super::{record::usage_of, *};
use crate::{
    domain::session::{Lock, Subject},
    store::query::{HolderQuery, Holders, SessionSort},
};

const TOKENS: Tokens = Tokens { input: 10, output: 2, cache_read: 3, cache_write: 4, cache_write_hour: 1 };

fn record(session: &Session, model: &str, ended: u64) -> UsageRecord {
    let client = Some(format!("claude-cli/{ended}"));
    UsageRecord { ended: at(ended), client, ..usage_of(session, model, TOKENS) }
}

impl Bench {
    async fn used(&self, session: &Session) -> SessionUse {
        self.store.session(session.identity.session).await.unwrap().unwrap().used
    }

    async fn add(&self, records: &[UsageRecord], now: u64) {
        self.store.add_usage(records.to_vec().into(), at(now)).await.unwrap();
    }

    async fn found(&self, query: SessionQuery) -> Vec<SessionId> {
        let found = self.store.sessions(query).await.unwrap();
        found.into_iter().map(|session| session.identity.session).collect()
    }
}

#[tokio::test]
async fn a_session_tells_what_was_used_in_it_however_often_a_batch_is_repeated() {
    let bench = Bench::new();
    let ((ada, _), (grace, _)) = (bench.signed_in("ada").await, bench.signed_in("grace").await);
    assert_eq!(bench.used(&ada).await, SessionUse::default());
    let batch = [record(&ada, "opus", 9), record(&ada, "sonnet", 5), record(&grace, "haiku", 7)];
    bench.add(&batch[..2], 10).await;
    bench.add(&batch, 11).await;
    bench.add(&batch, 12).await;
    let expected = SessionUse {
        requests: 2,
        tokens: [TOKENS; 2].into_iter().sum(),
        cost: Money::from_dollars(2),
        last: Some(at(9)),
        model: Some(ModelId::new("opus")),
        client: Some("claude-cli/9".to_owned()),
    };
    assert_eq!(bench.used(&ada).await, expected);
    assert_eq!(bench.used(&grace).await.requests, 1);
    bench.add(&[record(&ada, "older", 8)], 13).await;
    let later = bench.used(&ada).await;
    assert_eq!((later.requests, later.last, later.model), (3, expected.last, expected.model));
}

#[tokio::test]
async fn absurd_counts_do_not_overflow_the_sums_of_a_session() {
    let bench = Bench::new();
    let (ada, _) = bench.signed_in("ada").await;
    let most = u64::MAX;
    let tokens =
        Tokens { input: most, output: most, cache_read: most, cache_write: most, cache_write_hour: most };
    let absurd = UsageRecord { tokens, cost: Money::MAX, ..record(&ada, "opus", 1) };
    bench.connection().execute_batch("UPDATE session SET input = 1 << 62, cost = 1 << 62").unwrap();
    bench.add(&[absurd.clone(), UsageRecord { id: Uuid::now_v7(), ..absurd }], 1).await;
    assert_eq!((bench.used(&ada).await.tokens.input, bench.used(&ada).await.requests), (1 << 62, 2));
}

#[tokio::test]
async fn the_last_used_and_the_dearest_come_first() {
    let bench = Bench::new();
    let (unused, _) = bench.signed_in("ada").await;
    let ((early, _), (late, _)) = (bench.signed_in("ada").await, bench.signed_in("ada").await);
    bench.add(&[record(&early, "opus", 1), record(&early, "opus", 2), record(&late, "opus", 3)], 4).await;
    let [unused, early, late] = [unused, early, late].map(|session| session.identity.session);
    let sorted = |sort| SessionQuery { sort, ..SessionQuery::default() };
    assert_eq!(bench.found(sorted(SessionSort::Used)).await, [late, early, unused]);
    assert_eq!(bench.found(sorted(SessionSort::Cost)).await, [early, late, unused]);
}

#[tokio::test]
async fn whatever_happens_to_a_session_changes_it() {
    let bench = Bench::new();
    let (idle, _) = bench.signed_in("ada").await;
    let ((used, _), (ended, _)) = (bench.signed_in("ada").await, bench.signed_in("ada").await);
    let (refreshed, token) = bench.signed_in("ada").await;
    let since = |seconds| SessionQuery { changed_since: Some(at(seconds)), ..SessionQuery::default() };
    assert_eq!(bench.found(since(0)).await.len(), 4);
    bench.add(&[record(&used, "opus", 1)], 10).await;
    bench.end(&ended, EndReason::Logout, 11).await;
    bench.successor(&token, 12).await;
    let [idle, used, ended, refreshed] =
        [idle, used, ended, refreshed].map(|session| session.identity.session);
    assert_eq!(bench.found(since(0)).await, [refreshed, ended, used, idle]);
    assert_eq!(bench.found(since(10)).await, [refreshed, ended, used]);
    assert_eq!(bench.found(since(12)).await, [refreshed]);
    assert!(bench.found(since(13)).await.is_empty());
}

#[tokio::test]
async fn changes_are_found_without_a_look_at_every_session() {
    let bench = Bench::new();
    let query = SessionQuery { changed_since: Some(at(0)), ..SessionQuery::default() };
    let plan = format!("EXPLAIN QUERY PLAN {}", super::super::session::selection(&query));
    let connection = bench.connection();
    let mut plan = connection.prepare(&plan).unwrap();
    let plan: String = plan.raw_query().next().unwrap().unwrap().get("detail").unwrap();
    assert!(plan.contains("USING INDEX session_changed_at (changed_at>?)"), "{plan}");
}

#[tokio::test]
async fn a_session_is_locked_by_its_own_lock_its_devices_or_its_users() {
    let bench = Bench::new();
    let (ada, _) = bench.signed_in("ada").await;
    let (grace, _) = bench.signed_in("grace").await;
    let (over, _) = bench.signed_in("ada").await;
    bench.end(&over, EndReason::Logout, 1).await;
    let locked = |seconds| SessionQuery { locked_at: Some(at(seconds)), ..SessionQuery::default() };
    let [ada, grace] = [ada, grace].map(|session| session.identity.session);
    let device = DeviceId::new("laptop-1");
    for (subject, expected) in [
        (Subject::Session(ada), vec![ada]),
        (Subject::User(UserId::new("grace")), vec![grace]),
        (Subject::Device(device), vec![grace, ada]),
    ] {
        let (reason, message) = ("because".to_owned(), None);
        let lock = Lock { subject: subject.clone(), from: at(5), until: at(9), reason, message, by: 7 };
        assert!(bench.store.lock(lock, origin(5)).await.unwrap());
        assert_eq!(bench.found(locked(5)).await, expected, "{subject}");
        assert!(bench.found(locked(4)).await.is_empty() && bench.found(locked(9)).await.is_empty());
        let (operator, reason, origin) = (7, "over".to_owned(), origin(6));
        assert!(bench.store.unlock(Order { subject, operator, reason, origin }).await.unwrap());
    }
    assert!(bench.found(locked(6)).await.is_empty());
}

#[tokio::test]
async fn users_and_devices_were_seen_when_they_last_asked_for_something() {
    let bench = Bench::new();
    let ((idle, _), (busy, _)) = (bench.signed_in("ada").await, bench.signed_in("grace").await);
    bench.add(&[record(&busy, "opus", 9)], 10).await;
    let last_seen = async |of| {
        let query = HolderQuery { of, id: None, search: None, now: at(20), skip: 0, limit: 9 };
        let holders = bench.store.holders(query).await.unwrap();
        let seen = holders.into_iter().map(|it| (it.latest.identity.session, it.last_seen));
        seen.collect::<Vec<_>>()
    };
    let [idle_id, busy_id] = [&idle, &busy].map(|session| session.identity.session);
    assert_eq!(last_seen(Holders::Users).await, [(busy_id, at(9)), (idle_id, idle.refreshed)]);
    assert_eq!(last_seen(Holders::Devices).await, [(busy_id, at(9))]);
}

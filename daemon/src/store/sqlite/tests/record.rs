//! Usage and audit, and what happens to a database that is not well.

use shared::{
    id::ModelId,
    usage::{Money, Tokens},
};
use uuid::Uuid;

use super::*;
use crate::{
    domain::usage::{Outcome, Surface},
    store::query::UsageBy,
};

pub(super) fn usage_of(session: &Session, model: &str, tokens: Tokens) -> UsageRecord {
    UsageRecord {
        id: Uuid::now_v7(),
        session: session.identity.session,
        user: session.identity.user.clone(),
        model: ModelId::new(model),
        surface: Surface::Messages,
        request: RequestId::generate(),
        started: at(0),
        ended: at(5),
        tokens,
        cost: Money::from_dollars(1),
        outcome: Outcome::Completed,
        estimated: false,
        client: None,
    }
}

fn everything(by: UsageBy) -> UsageQuery {
    UsageQuery { by, ended: Timestamp(0)..at(1_000), limit: 100 }
}

#[tokio::test]
async fn usage_is_summed_by_session_user_and_model_and_a_repeated_batch_counts_once() {
    let bench = Bench::new();
    let (ada, grace) = (session("ada"), session("grace"));
    let tokens = |input| Tokens { input, output: 2, cache_read: 3, cache_write: 4, cache_write_hour: 1 };
    let batch: Arc<[_]> = Arc::new([
        usage_of(&ada, "opus", tokens(10)),
        UsageRecord { estimated: true, ..usage_of(&ada, "sonnet", tokens(100)) },
        usage_of(&grace, "opus", tokens(1)),
        UsageRecord { ended: at(2_000), ..usage_of(&grace, "opus", tokens(5_000)) },
    ]);
    bench.store.add_usage(batch.clone(), at(5)).await.unwrap();
    bench.store.add_usage(batch, at(6)).await.unwrap();
    let sums = async |by| bench.store.usage(everything(by)).await.unwrap();
    let both = Tokens { input: 110, output: 4, cache_read: 6, cache_write: 8, cache_write_hour: 2 };
    let cost = Money::from_dollars(2);
    let of_ada = UsageSum { key: "ada".to_owned(), requests: 2, estimated: 1, tokens: both, cost };
    assert_eq!(sums(UsageBy::User).await[0], of_ada);
    let keys = |sums: Vec<UsageSum>| -> Vec<_> { sums.into_iter().map(|sum| sum.key).collect() };
    assert_eq!(keys(sums(UsageBy::Model).await), ["sonnet", "opus"]);
    let sessions = [ada, grace].map(|session| session.identity.session.to_string());
    assert_eq!(keys(sums(UsageBy::Session).await), sessions);
}

#[tokio::test]
async fn old_usage_is_forgotten_some_at_a_time_and_its_session_still_knows_it() {
    let bench = Bench::new();
    let (ada, _) = bench.signed_in("ada").await;
    let used = |ended| UsageRecord { ended: at(ended), ..usage_of(&ada, "opus", Tokens::default()) };
    let batch: Vec<_> = (0..600).map(|_| used(5)).chain([used(6), used(7)]).collect();
    bench.store.add_usage(batch.into(), at(8)).await.unwrap();
    let forgotten = async || bench.store.forget_usage(at(6)).await.unwrap();
    assert_eq!([forgotten().await, forgotten().await, forgotten().await], [500, 100, 0]);
    assert_eq!(bench.store.usage(everything(UsageBy::User)).await.unwrap()[0].requests, 2);
    let session = bench.store.session(ada.identity.session).await.unwrap().unwrap();
    assert_eq!(session.used.requests, 602);
}

#[tokio::test]
async fn an_absurd_count_does_not_break_the_sums() {
    let bench = Bench::new();
    let most = u64::MAX;
    let absurd =
        Tokens { input: most, output: most, cache_read: most, cache_write: most, cache_write_hour: most };
    let record = UsageRecord { cost: Money::MAX, ..usage_of(&session("ada"), "opus", absurd) };
    let batch: Vec<_> = (0..100).map(|_| UsageRecord { id: Uuid::now_v7(), ..record.clone() }).collect();
    bench.store.add_usage(batch.into(), at(6)).await.unwrap();
    assert_eq!(bench.store.usage(everything(UsageBy::User)).await.unwrap()[0].requests, 100);
}

#[tokio::test]
async fn one_failing_job_does_not_harm_those_it_is_committed_with() {
    let bench = Bench::new();
    let (twice, _) = bench.signed_in("ada").await;
    let open = |session: Session| {
        let token = RefreshToken::generate().unwrap();
        bench.store.open_session(Opening { session, token, origin: origin(0) })
    };
    let jobs = [session("a"), twice.clone(), session("b"), twice, session("c")].map(open);
    let done: Vec<_> = futures_util::future::join_all(jobs).await.iter().map(Result::is_ok).collect();
    assert_eq!(done, [true, false, true, false, true]);
    assert_eq!(bench.events().await.len(), 4);
}

#[tokio::test]
async fn the_audit_trail_is_append_only() {
    let bench = Bench::new();
    bench.signed_in("ada").await;
    let changed = bench.connection().execute("UPDATE audit SET user = 'eve'", []);
    assert!(changed.unwrap_err().to_string().contains("append only"));
}

#[tokio::test]
async fn a_store_is_ready_until_its_database_is_gone() {
    let bench = Bench::new();
    bench.store.check().await.unwrap();
    bench.connection().execute_batch("ALTER TABLE meta RENAME TO gone").unwrap();
    assert!(matches!(bench.store.check().await, Err(StoreError::Failed(_))));
}

#[test]
fn a_file_that_is_no_database_is_named_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sallyport.db");
    fs::write(&path, "a diary, not a database. ".repeat(100)).unwrap();
    let error = SqliteStore::open(dir.path()).unwrap_err();
    assert_eq!(error, StoreError::Foreign(path.clone()));
    assert!(fs::read_to_string(&path).unwrap().starts_with("a diary"));
}

#[tokio::test]
async fn a_damaged_database_is_called_damaged() {
    let bench = Bench::new();
    for _ in 0..50 {
        bench.signed_in("ada").await;
    }
    let path = bench.dir.path().join("sallyport.db");
    drop(bench.store);
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0xAA);
    fs::write(&path, bytes).unwrap();
    let error = match SqliteStore::open(bench.dir.path()) {
        Err(error) => error,
        Ok(store) => store.sessions(SessionQuery::default()).await.unwrap_err(),
    };
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("hint: stop the daemon"), "{error}");
}

//! The ledger over a real store, which is made to fail by taking its table away.

use rusqlite::Connection;
use shared::{
    api::admin::{HealthState, PartHealth},
    id::{ModelId, RequestId, SessionId, UserId},
    time::Timestamp,
    usage::{Money, Tokens},
};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::{
    domain::usage::{Outcome, Surface},
    part::Part,
    store::{
        SqliteStore,
        query::{UsageBy, UsageQuery},
    },
};

const QUICK: Pace = Pace {
    queue: 100_000,
    interval: Duration::from_millis(5),
    pause: Duration::from_millis(1),
    last_call: Duration::from_mins(1),
};
/// Longer than any test.
const NEVER: Duration = Duration::from_hours(1);
const ENOUGH: Duration = Duration::from_mins(1);

struct Bench {
    dir: TempDir,
    store: Arc<SqliteStore>,
    tasks: Tasks,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(dir.path()).unwrap());
        Self { dir, store, tasks: Tasks::default() }
    }

    fn ledger(&self, pace: Pace) -> Ledger {
        Ledger::with_pace(&self.tasks, self.store.clone(), Clock::System, pace)
    }

    async fn written(&self) -> u64 {
        let ended = Timestamp(0)..Timestamp(u64::MAX);
        let sums = self.store.usage(UsageQuery { by: UsageBy::User, ended, limit: 9 }).await.unwrap();
        sums.iter().map(|sum| sum.requests).sum()
    }

    async fn until_written(&self, count: u64) {
        let all = async {
            while self.written().await < count {
                tokio::task::yield_now().await;
            }
        };
        timeout(ENOUGH, all).await.unwrap();
    }

    async fn until(&self, ledger: &Ledger, state: HealthState) -> PartHealth {
        let it_is_so = async {
            loop {
                let told = ledger.health(Timestamp(0));
                if told.state == state {
                    return told;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(ENOUGH, it_is_so).await.unwrap()
    }

    fn run_sql(&self, sql: &str) {
        let database = Connection::open(self.dir.path().join("sallyport.db")).unwrap();
        database.execute_batch(sql).unwrap();
    }

    fn break_down(&self) {
        self.run_sql("ALTER TABLE usage RENAME TO away");
    }

    fn mend(&self) {
        self.run_sql("ALTER TABLE away RENAME TO usage");
    }
}

fn record() -> UsageRecord {
    UsageRecord {
        id: Uuid::now_v7(),
        session: SessionId::generate(),
        user: UserId::new("ada"),
        model: ModelId::new("opus"),
        surface: Surface::Bedrock,
        request: RequestId::generate(),
        started: Timestamp(1),
        ended: Timestamp(2),
        tokens: Tokens { input: 1, ..Tokens::default() },
        cost: Money::ZERO,
        outcome: Outcome::Completed,
        estimated: false,
        client: None,
    }
}

#[tokio::test]
async fn everything_that_waits_is_written_when_the_daemon_stops() {
    let bench = Bench::new();
    let ledger = bench.ledger(Pace { interval: NEVER, ..QUICK });
    (0..2_500).for_each(|_| ledger.record(record()));
    assert!(bench.tasks.stop(ENOUGH).await);
    assert_eq!((bench.written().await, ledger.lost()), (2_500, 0));
    ledger.record(record());
    assert_eq!(ledger.lost(), 1, "a record that comes too late is counted");
}

#[tokio::test]
async fn a_full_batch_does_not_wait_for_the_interval() {
    let bench = Bench::new();
    let ledger = bench.ledger(Pace { interval: NEVER, ..QUICK });
    (0..1_000).for_each(|_| ledger.record(record()));
    bench.until_written(1_000).await;
}

#[tokio::test]
async fn a_single_record_is_written_after_the_interval() {
    let bench = Bench::new();
    let ledger = bench.ledger(QUICK);
    ledger.record(record());
    bench.until_written(1).await;
    ledger.record(record());
    bench.until_written(2).await;
}

#[tokio::test]
async fn records_are_kept_while_the_store_fails() {
    let bench = Bench::new();
    bench.break_down();
    let ledger = bench.ledger(QUICK);
    (0..1_500).for_each(|_| ledger.record(record()));
    let failed = bench.store.add_usage(Arc::new([record()]), Timestamp(0)).await;
    assert!(failed.unwrap_err().to_string().contains("no such table"));
    let failing = bench.until(&ledger, HealthState::Degraded).await;
    assert!(failing.detail.contains("no such table"), "{failing:?}");
    bench.mend();
    bench.until_written(1_500).await;
    bench.until(&ledger, HealthState::Ok).await;
    assert_eq!(ledger.lost(), 0);
}

#[tokio::test]
async fn what_does_not_fit_is_counted_and_recording_never_waits() {
    let bench = Bench::new();
    let ledger = bench.ledger(Pace { queue: 10, interval: NEVER, ..QUICK });
    (0..25).for_each(|_| ledger.record(record()));
    assert_eq!(ledger.lost(), 15);
    let told = ledger.health(Timestamp(0));
    assert_eq!(told.state, HealthState::Degraded);
    assert!(told.detail.contains("15 were lost"), "{told:?}");
    assert!(bench.tasks.stop(ENOUGH).await);
    assert_eq!(bench.written().await, 10);
}

#[tokio::test]
async fn a_store_that_fails_to_the_end_costs_records_that_are_counted() {
    let bench = Bench::new();
    bench.break_down();
    let ledger = bench.ledger(Pace { last_call: Duration::from_millis(20), ..QUICK });
    (0..1_200).for_each(|_| ledger.record(record()));
    assert!(bench.tasks.stop(ENOUGH).await);
    assert_eq!(ledger.lost(), 1_200);
}

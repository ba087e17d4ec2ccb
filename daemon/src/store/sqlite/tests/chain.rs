//! The audit trail stays verifiable when its beginning is forgotten.

use super::*;
use crate::{
    domain::audit::Broken,
    store::query::{Checked, Verdict},
};

/// Sign-ins at 0, 100, 200 … seconds.
async fn bench(records: u64) -> Bench {
    let bench = Bench::new();
    for nth in 0..records {
        let opening = Opening {
            session: session("ada"),
            token: RefreshToken::generate().unwrap(),
            origin: origin(nth * 100),
        };
        bench.store.open_session(opening).await.unwrap();
    }
    bench
}

async fn verdict(bench: &Bench) -> Verdict {
    bench.store.verify_audit(None, 100).await.unwrap().verdict
}

#[tokio::test]
async fn what_is_left_of_a_trail_is_whole_after_its_beginning_was_forgotten() {
    let bench = bench(6).await;
    assert_eq!(bench.store.forget_audit(at(250), origin(900)).await.unwrap(), 3);
    assert_eq!(bench.store.forget_audit(at(250), origin(901)).await.unwrap(), 0);
    assert_eq!(verdict(&bench).await, Verdict::Whole);
    assert_eq!(bench.store.forget_audit(at(800), origin(902)).await.unwrap(), 3);
    let bench = bench.reopened();
    assert_eq!(verdict(&bench).await, Verdict::Whole);
    bench.signed_in("grace").await;
    assert_eq!(verdict(&bench).await, Verdict::Whole);
}

#[tokio::test]
async fn who_drops_the_beginning_or_the_end_behind_our_back_is_found_out() {
    for (sql, broken) in [
        ("DELETE FROM audit WHERE sequence < 3", Broken::Dropped { first: 1, last: 2 }),
        ("DELETE FROM audit WHERE sequence > 4", Broken::Dropped { first: 5, last: 6 }),
        ("DELETE FROM audit WHERE sequence = 4", Broken::Dropped { first: 4, last: 4 }),
    ] {
        let bench = bench(6).await;
        bench.connection().execute_batch(sql).unwrap();
        assert_eq!(verdict(&bench).await, Verdict::Broken(broken), "{sql}");
    }
    let bench = bench(6).await;
    bench.store.forget_audit(at(150), origin(900)).await.unwrap();
    bench.connection().execute_batch("DELETE FROM audit WHERE sequence = 3").unwrap();
    assert_eq!(verdict(&bench).await, Verdict::Broken(Broken::Dropped { first: 1, last: 3 }));
}

#[tokio::test]
async fn a_long_trail_is_verified_step_by_step() {
    let bench = bench(5).await;
    let Checked { head, seen, verdict } = bench.store.verify_audit(None, 3).await.unwrap();
    assert_eq!((head.sequence, seen, verdict), (3, 3, Verdict::More));
    let rest = bench.store.verify_audit(Some(head), 3).await.unwrap();
    assert_eq!((rest.head.sequence, rest.seen, rest.verdict), (5, 2, Verdict::Whole));
    assert_eq!(rest.head.to_string().parse(), Ok(rest.head));
}

//! Grants in the store.

use shared::{id::GrantId, usage::Money};

use super::*;
use crate::{
    domain::limit::{Grant, Raise},
    store::GrantEnd,
};

fn grant(raise: Raise, until: u64) -> Grant {
    Grant {
        id: GrantId::generate(),
        user: UserId::new("ada"),
        raise,
        from: at(0),
        until: at(until),
        reason: "release week".to_owned(),
        operator: 1000,
    }
}

fn end(id: GrantId, seconds: u64) -> GrantEnd {
    GrantEnd { id, operator: 1001, reason: "enough".to_owned(), origin: origin(seconds) }
}

impl Bench {
    async fn granted(&self, raise: Raise, until: u64) -> Grant {
        let grant = grant(raise, until);
        self.store.grant(grant.clone(), origin(0)).await.unwrap();
        grant
    }
}

#[tokio::test]
async fn every_kind_of_grant_is_found_as_it_was_given_until_it_ends() {
    let bench = Bench::new();
    let all = [
        bench.granted(Raise::Spend(Money::from_dollars(5)), 10).await,
        bench.granted(Raise::RequestsPerMinute(1), 20).await,
        bench.granted(Raise::TokensPerMinute(2), 20).await,
        bench.granted(Raise::ConcurrentStreams(3), 20).await,
    ];
    let bench = bench.reopened();
    assert_eq!(bench.store.grants(at(9)).await.unwrap(), all);
    assert_eq!(bench.store.grants(at(10)).await.unwrap(), all[1..]);
    assert_eq!(bench.store.forget_grants(at(9)).await, Ok(0));
    assert_eq!(bench.store.forget_grants(at(10)).await, Ok(1));
    assert_eq!(bench.store.grants(at(0)).await.unwrap(), all[1..]);
}

#[tokio::test]
async fn a_grant_is_taken_back_once_and_not_after_its_end() {
    let bench = Bench::new();
    let first = bench.granted(Raise::RequestsPerMinute(1), 10).await;
    let second = bench.granted(Raise::RequestsPerMinute(2), 10).await;
    assert_eq!(bench.store.end_grant(end(first.id, 5)).await.unwrap().as_ref(), Some(&first));
    assert_eq!(bench.store.end_grant(end(first.id, 6)).await.unwrap(), None);
    assert_eq!(bench.store.end_grant(end(second.id, 10)).await.unwrap(), None);
    assert_eq!(bench.store.end_grant(end(GrantId::generate(), 5)).await.unwrap(), None);
    assert_eq!(bench.reopened().store.grants(at(6)).await.unwrap(), [second]);
}

#[tokio::test]
async fn a_grant_and_its_end_are_audited_with_who_what_and_why() {
    let bench = Bench::new();
    let given = bench.granted(Raise::Spend(Money::from_dollars(5)), 86_400).await;
    bench.store.end_grant(end(given.id, 5)).await.unwrap();
    let trail = bench.store.audit(0, 10).await.unwrap();
    let told: Vec<_> = trail.into_iter().map(|entry| entry.record).collect();
    assert_eq!((told[0].event, told[1].event), (AuditEvent::Grant, AuditEvent::GrantEnd));
    assert_eq!((told[0].operator, told[0].reason.as_deref()), (Some(1000), Some("release week")));
    assert_eq!((told[1].operator, told[1].reason.as_deref()), (Some(1001), Some("enough")));
    let detail = format!("$5.00 more to spend until {}, grant {}", given.until, given.id);
    assert_eq!((told[0].detail.as_ref(), told[1].detail.as_ref()), (Some(&detail), Some(&detail)));
    assert!(told.iter().all(|one| one.user == Some(UserId::new("ada"))));
}

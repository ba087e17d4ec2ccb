//! Locks and revocations in the store.

use super::*;
use crate::{
    domain::session::Subject,
    store::{Opened, Order},
};

fn order(subject: Subject, seconds: u64) -> Order {
    Order { subject, operator: 1000, reason: "lost laptop".to_owned(), origin: origin(seconds) }
}

fn lock(subject: Subject, until: u64) -> Lock {
    let message = Some("ask the help desk".to_owned());
    Lock { subject, from: at(0), until: at(until), reason: "lost laptop".to_owned(), message, by: 1000 }
}

fn user(name: &str) -> Subject {
    Subject::User(UserId::new(name))
}

#[tokio::test]
async fn revoking_a_user_ends_each_of_their_sessions_and_no_other_for_good() {
    let bench = Bench::new();
    let ((first, token), (second, _)) = (bench.signed_in("ada").await, bench.signed_in("ada").await);
    let (other, _) = bench.signed_in("grace").await;
    let revoked = bench.store.revoke(order(user("ada"), 5)).await.unwrap().unwrap();
    assert_eq!(revoked.sessions, [first.identity.session, second.identity.session]);
    let bench = bench.reopened();
    let ends = bench.store.ends(at(5)).await.unwrap();
    let mut ended: Vec<_> = ends.ended.into_iter().map(|(session, _)| session).collect();
    ended.sort_unstable();
    assert_eq!(ended, revoked.sessions);
    assert!(matches!(bench.refusal(&token, 6).await, Refusal::Ended(_)));
    assert!(bench.store.session(other.identity.session).await.unwrap().unwrap().ended.is_none());
    assert_eq!(bench.store.revoke(order(user("ada"), 7)).await.unwrap().unwrap().sessions, []);
    assert_eq!(bench.store.revoke(order(user("nobody"), 8)).await.unwrap(), None);
}

#[tokio::test]
async fn a_revocation_is_audited_with_the_operator_and_the_reason() {
    let bench = Bench::new();
    bench.signed_in("ada").await;
    let device = Subject::Device(DeviceId::new("laptop-1"));
    bench.store.revoke(order(device, 5)).await.unwrap();
    let trail = bench.store.audit(1, 10).await.unwrap();
    let told: Vec<_> = trail.into_iter().map(|entry| entry.record).collect();
    assert!(told.iter().all(|one| one.event == AuditEvent::Revocation && one.operator == Some(1000)));
    assert!(told.iter().all(|one| one.reason.as_deref() == Some("lost laptop")));
    assert_eq!((told.len(), told[0].detail.as_deref()), (2, Some("device laptop-1")));
    assert_eq!(told[1].user, Some(UserId::new("ada")));
}

#[tokio::test]
async fn a_locked_user_neither_refreshes_nor_signs_in_until_the_lock_ends() {
    let bench = Bench::new();
    let (_, token) = bench.signed_in("ada").await;
    assert!(bench.store.lock(lock(user("ada"), 60), origin(1)).await.unwrap());
    let bench = bench.reopened();
    let Refreshed::Locked { lock: told, .. } = bench.refresh(&token, 2).await else { panic!() };
    assert_eq!(told, lock(user("ada"), 60));
    let opening = |seconds| Opening {
        session: session("ada"),
        token: RefreshToken::generate().unwrap(),
        origin: origin(seconds),
    };
    assert_eq!(bench.store.open_session(opening(3)).await.unwrap(), Opened::Locked(told));
    bench.signed_in("grace").await;
    bench.successor(&token, 60).await;
    assert_eq!(bench.store.open_session(opening(61)).await.unwrap(), Opened::Opened);
    assert!(bench.events().await.contains(&(AuditEvent::Lock, None)));
}

#[tokio::test]
async fn a_stolen_token_ends_its_session_also_under_a_lock() {
    let bench = Bench::new();
    let (_, first) = bench.signed_in("ada").await;
    let second = bench.successor(&first, 1).await;
    bench.successor(&second, 2).await;
    bench.store.lock(lock(user("ada"), 60), origin(3)).await.unwrap();
    assert!(matches!(bench.refusal(&first, 4).await, Refusal::Reused(_)));
}

#[tokio::test]
async fn unlocking_is_told_whether_there_was_a_lock() {
    let bench = Bench::new();
    let (ada, token) = bench.signed_in("ada").await;
    let subject = Subject::Session(ada.identity.session);
    assert!(bench.store.lock(lock(subject.clone(), 60), origin(1)).await.unwrap());
    assert!(bench.store.unlock(order(subject.clone(), 2)).await.unwrap());
    assert!(!bench.store.unlock(order(subject, 3)).await.unwrap());
    bench.successor(&token, 4).await;
    let unknown = Subject::Session(SessionId::generate());
    assert!(!bench.store.lock(lock(unknown, 60), origin(5)).await.unwrap());
}

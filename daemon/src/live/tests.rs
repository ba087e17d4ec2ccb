//! Sessions that end or are locked while they are in use.

use std::time::Duration;

use futures_util::FutureExt;
use http::HeaderMap;
use shared::id::{DeviceId, ModelId, RequestId, UserId};

use super::{
    request::{Client, InFlight, LiveRequest, lingering},
    *,
};
use crate::domain::{session::EndReason, usage::Surface};

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const MINUTE: Duration = Duration::from_mins(1);

fn identity(user: &str, device: &str) -> Identity {
    let (session, user) = (SessionId::generate(), UserId::new(user));
    let device = Some(DeviceId::new(device));
    Identity { session, user, email: None, name: None, groups: vec![], device }
}

fn request(life: &Arc<Life>) -> InFlight {
    let (id, model) = (RequestId::generate(), ModelId::new("opus"));
    life.enter(LiveRequest::new(id, model, Surface::Bedrock, NOW, Client::of(&HeaderMap::new())))
}

fn lock(subject: Subject, minutes: u32) -> Lock {
    let until = NOW + MINUTE * minutes;
    Lock { subject, from: NOW, until, reason: "lost".to_owned(), message: None, by: 0 }
}

fn is_barred(life: &Life) -> bool {
    life.bar(NOW).is_some()
}

#[test]
fn a_locked_user_s_requests_end_and_others_go_on() {
    let live = LiveSessions::default();
    let (ada, grace) = (identity("ada", "laptop"), identity("grace", "laptop"));
    let (hers, other) = (live.life(&ada, NOW), live.life(&grace, NOW));
    let (mine, theirs) = (request(&hers), request(&other));
    let (over, untouched) = (hers.over(), other.over());
    let cut = live.lock(lock(Subject::User(ada.user.clone()), 5), NOW);
    assert_eq!(cut.iter().map(|one| &one.id).collect::<Vec<_>>(), [&mine.request().id]);
    assert!(over.now_or_never().is_some() && untouched.now_or_never().is_none());
    assert!(is_barred(&hers) && !is_barred(&other));
    drop(theirs);
    assert!(other.requests().is_empty());
}

#[test]
fn a_session_goes_on_when_its_last_lock_is_gone() {
    let live = LiveSessions::default();
    let ada = identity("ada", "laptop");
    let hers = live.life(&ada, NOW);
    let (user, device) = (Subject::User(ada.user.clone()), Subject::Device(DeviceId::new("laptop")));
    live.lock(lock(user.clone(), 5), NOW);
    live.lock(lock(device.clone(), 9), NOW);
    live.unlock(&user, NOW);
    assert!(is_barred(&hers), "its device is locked still");
    live.unlock(&device, NOW);
    assert!(!is_barred(&hers));
    assert!(hers.over().now_or_never().is_none(), "what begins now is not over");
}

#[test]
fn a_lock_ends_by_itself() {
    let live = LiveSessions::default();
    let ada = identity("ada", "laptop");
    live.lock(lock(Subject::Session(ada.session), 5), NOW);
    let hers = live.life(&ada, NOW);
    assert!(hers.bar(NOW + MINUTE * 4).is_some() && hers.bar(NOW + MINUTE * 5).is_none());
}

#[test]
fn an_end_stands_whatever_is_locked_or_unlocked_later() {
    let live = LiveSessions::default();
    let ada = identity("ada", "laptop");
    let (hers, ended) = (live.life(&ada, NOW), Ended { at: NOW, reason: EndReason::Revoked });
    live.end(ada.session, ended);
    let user = Subject::User(ada.user);
    live.lock(lock(user.clone(), 5), NOW);
    live.unlock(&user, NOW);
    assert_eq!(hers.ended(), Some(ended));
    assert!(hers.over().now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn requests_that_do_not_end_are_counted() {
    let live = LiveSessions::default();
    let hers = live.life(&identity("ada", "laptop"), NOW);
    let (ends, stays) = (request(&hers), request(&hers));
    let requests = hers.requests();
    drop(ends);
    assert_eq!(lingering(&requests, MINUTE).await, 1);
    drop(stays);
    assert_eq!(lingering(&requests, MINUTE).await, 0);
}

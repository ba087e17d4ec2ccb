//! The life of a session under locks and revocations, as a table.

use shared::api::auth::Device;

use super::{
    super::{Lifetimes, Presented, TokenState},
    *,
};

const OPENED: Timestamp = Timestamp(1_786_276_800_000);

const LIFETIMES: Lifetimes = Lifetimes {
    access: Duration::from_secs(10),
    refresh: Duration::from_mins(10),
    grace: Duration::from_secs(30),
};

fn after(seconds: u64) -> Timestamp {
    OPENED + Duration::from_secs(seconds)
}

fn session(user: &str, device: Option<&str>) -> Session {
    let identity = Identity {
        session: SessionId::generate(),
        user: UserId::new(user),
        email: None,
        name: None,
        groups: vec![],
        device: device.map(DeviceId::new),
    };
    Session::open(identity, Device::default(), LIFETIMES, OPENED)
}

fn lock(subject: Subject, from: u64, until: u64) -> Lock {
    Lock {
        subject,
        from: after(from),
        until: after(until),
        reason: "laptop lost".to_owned(),
        message: Some("call the help desk".to_owned()),
        by: 1000,
    }
}

fn user(name: &str) -> Subject {
    Subject::User(UserId::new(name))
}

/// What an operator does to Ada's session.
#[derive(Debug, Clone, Copy)]
enum Act {
    Lock { at: u64, until: u64 },
    Unlock { at: u64 },
    Revoke { at: u64 },
    Logout { at: u64 },
}

fn outcome(acts: &[Act], now: u64) -> SessionState {
    let (mut session, mut locks) = (session("ada", None), Locks::default());
    for act in acts {
        match *act {
            Act::Lock { at, until } => drop(locks.lock(lock(user("ada"), at, until)).unwrap()),
            Act::Unlock { at } => drop(locks.unlock(&user("ada"), after(at))),
            Act::Revoke { at } => drop(user("ada").revoke(&mut session, after(at))),
            Act::Logout { at } => {
                let _ = session.end(Ended { at: after(at), reason: EndReason::Logout });
            }
        }
    }
    let now = after(now);
    session.state(now).under(locks.of(&session.identity, now), now)
}

fn assert_outcomes(table: &[(&[Act], u64, SessionState)]) {
    for (acts, now, state) in table {
        assert_eq!(outcome(acts, *now), *state, "{acts:?} at {now}");
    }
}

const HOUR: Act = Act::Lock { at: 10, until: 3_610 };
const MINUTE: Act = Act::Lock { at: 20, until: 80 };

#[test]
fn a_lock_holds_until_it_ends_or_is_taken_away() {
    use Act::Unlock;
    let locked = |until| SessionState::Locked { until: after(until) };
    let (active, expired) = (SessionState::Active, SessionState::Expired);
    assert_outcomes(&[
        (&[], 0, active),
        (&[], 600, expired),
        (&[MINUTE], 19, active),
        (&[MINUTE], 20, locked(80)),
        (&[MINUTE], 79, locked(80)),
        (&[MINUTE], 80, active),
        (&[MINUTE, Unlock { at: 30 }], 30, active),
        (&[MINUTE, Unlock { at: 30 }, MINUTE], 40, locked(80)),
        (&[Unlock { at: 5 }], 10, active),
        (&[HOUR, MINUTE], 30, locked(80)),
        (&[HOUR, MINUTE], 80, active),
        (&[MINUTE, HOUR], 300, locked(3_610)),
        (&[HOUR], 600, expired),
    ]);
}

#[test]
fn an_end_is_final_and_no_lock_hides_it() {
    use Act::{Logout, Revoke, Unlock};
    let ended = |at, reason| SessionState::Ended(Ended { at: after(at), reason });
    let revoked = |at| ended(at, EndReason::Revoked);
    assert_outcomes(&[
        (&[Revoke { at: 5 }], 5, revoked(5)),
        (&[Revoke { at: 5 }], 900, revoked(5)),
        (&[Revoke { at: 5 }, Revoke { at: 6 }], 7, revoked(5)),
        (&[Revoke { at: 5 }, MINUTE], 30, revoked(5)),
        (&[MINUTE, Revoke { at: 30 }], 30, revoked(30)),
        (&[MINUTE, Revoke { at: 30 }, Unlock { at: 31 }], 32, revoked(30)),
        (&[Logout { at: 3 }, Revoke { at: 5 }], 6, ended(3, EndReason::Logout)),
        (&[MINUTE, Logout { at: 30 }], 31, ended(30, EndReason::Logout)),
    ]);
}

#[test]
fn an_action_reaches_the_sessions_of_its_subject_and_no_others() {
    let mut sessions = [
        session("ada", Some("laptop")),
        session("ada", Some("desktop")),
        session("grace", Some("laptop")),
        session("grace", None),
    ];
    let first = Subject::Session(sessions[0].identity.session);
    let device = Subject::Device(DeviceId::new("laptop"));
    for (subject, reached) in [
        (first, [true, false, false, false]),
        (device, [true, false, true, false]),
        (user("ada"), [true, true, false, false]),
        (user("nobody"), [false; 4]),
    ] {
        assert_eq!(
            sessions.each_ref().map(|session| subject.covers(&session.identity)),
            reached,
            "{subject}"
        );
        let mut locks = Locks::default();
        locks.lock(lock(subject.clone(), 0, 60)).unwrap();
        let locked = sessions.each_ref().map(|session| locks.of(&session.identity, after(1)).is_some());
        assert_eq!(locked, reached, "{subject}");
    }
    let revoked = sessions.each_mut().map(|session| user("ada").revoke(session, after(1)).is_some());
    assert_eq!(revoked, [true, true, false, false]);
    let again = sessions.each_mut().map(|session| user("ada").revoke(session, after(2)).is_some());
    assert_eq!(again, [false; 4], "the first end stands");
}

#[test]
fn of_several_locks_the_longest_is_told() {
    let ada = session("ada", Some("laptop"));
    let mut locks = Locks::default();
    for (subject, until) in [
        (Subject::Session(ada.identity.session), 60),
        (user("ada"), 90),
        (Subject::Device(DeviceId::new("laptop")), 30),
    ] {
        assert_eq!(locks.lock(lock(subject, 0, until)), Ok(None));
    }
    let told = |locks: &Locks, now| locks.of(&ada.identity, after(now)).map(ToString::to_string);
    assert_eq!(
        told(&locks, 1).unwrap(),
        "this user is locked until 2026-08-09 12:01:30 UTC: call the help desk"
    );
    assert_eq!(locks.unlock(&user("ada"), after(2)).unwrap().until, after(90));
    assert_eq!(
        told(&locks, 2).unwrap(),
        "this session is locked until 2026-08-09 12:01 UTC: call the help desk"
    );
    assert_eq!(told(&locks, 60), None);
    assert_eq!(locks.all(after(40)).count(), 1);
    locks.sweep(after(60));
    assert_eq!(locks.0.len(), 0);
}

#[test]
fn a_new_lock_replaces_the_old_one() {
    let mut locks = Locks::default();
    locks.lock(lock(user("ada"), 0, 60)).unwrap();
    let replaced = locks.lock(lock(user("ada"), 10, 20)).unwrap();
    assert_eq!(replaced.map(|lock| lock.until), Some(after(60)));
    assert_eq!(locks.lock(lock(user("ada"), 20, 30)), Ok(None), "the old one had ended");
    assert_eq!(locks.unlock(&user("ada"), after(30)), None, "so has this one");
}

#[test]
fn a_lock_needs_a_reason_and_an_end() {
    let good = lock(user("ada"), 0, 60);
    for (bad, why) in [
        (Lock { reason: " ".to_owned(), ..good.clone() }, BadLock::NoReason),
        (Lock { until: good.from, ..good.clone() }, BadLock::NoTime),
        (Lock { until: Timestamp(0), ..good.clone() }, BadLock::NoTime),
        (Lock { until: good.from + LONGEST + Duration::from_millis(1), ..good.clone() }, BadLock::TooLong),
    ] {
        assert_eq!(Locks::default().lock(bad), Err(why));
    }
    assert_eq!(Lock { until: good.from + LONGEST, ..good }.check(), Ok(()));
}

#[test]
fn a_locked_session_keeps_its_refresh_token_and_a_stolen_one_still_ends_it() {
    let lock = lock(user("ada"), 0, 60);
    let step = |state, now| {
        let presented = Presented { state, expires: after(600), ended: None };
        presented.step(LIFETIMES.grace, after(now)).under(Some(&lock), after(now))
    };
    let locked = Step::Refuse(Refusal::Locked { until: after(60) });
    assert_eq!(step(TokenState::Fresh, 59), locked);
    assert_eq!(step(TokenState::Fresh, 60), Step::Rotate);
    assert_eq!(step(TokenState::Rotated { at: after(40) }, 50), locked);
    assert_eq!(step(TokenState::Rotated { at: after(40) }, 60), Step::Repeat);
    let reused = Ended { at: after(50), reason: EndReason::Reuse };
    assert_eq!(step(TokenState::Spent, 50), Step::Refuse(Refusal::Reused(reused)));
}

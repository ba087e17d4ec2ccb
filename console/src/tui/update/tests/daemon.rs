//! The console and its daemon: what is asked when, and what is said when there is no answer.

use crossterm::event::KeyCode;
use ratatui::layout::Size;
use shared::api::admin::{
    Effect as Done, Event,
    reload::{Change, Reloaded},
};

use super::{answers, play, session};
use crate::{
    client::Subject,
    tui::{
        effect::{Asker, Effect, Failure, Order, Outcome, Query},
        model::LinkState,
        msg::Msg,
        testing::{Daemon, NOW, Play, SIZES, stopped},
        update::SOON,
    },
};

/// Whether every session is asked for.
fn is_whole(query: &Query) -> bool {
    matches!(query, Query::Sessions(query) if query.changed_since.is_none())
}

#[test]
fn a_frame_is_there_before_any_answer() {
    let play = Play::open("sessions", SIZES[0], Daemon::Silent);
    assert!(play.model.is_changed);
    let text = play.text();
    assert!(text.contains("connecting") && text.contains("loading") && text.contains("1 "), "{text}");
}

#[test]
fn only_the_screen_that_is_seen_asks() {
    let mut play = play();
    play.asked.clear();
    play.wait(3);
    assert!(play.asked.iter().any(|query| matches!(query, Query::Sessions(_))), "{:?}", play.asked);
    play.write(":requests");
    play.press(KeyCode::Enter);
    play.asked.clear();
    play.wait(3);
    assert!(
        play.asked.iter().all(|query| matches!(query, Query::Status | Query::Requests(_))),
        "{:?}",
        play.asked
    );
}

#[test]
fn nothing_is_asked_twice_at_once() {
    let mut play = Play::open("sessions", SIZES[0], Daemon::Silent);
    play.wait(20);
    assert_eq!(play.asked.len(), 3, "{:?}", play.asked);
}

#[test]
fn a_storm_of_events_makes_no_frame_and_one_question() {
    let mut play = play();
    play.wait(1);
    play.asked.clear();
    play.model.is_changed = false;
    let event = || Event { event: "sign_in".to_owned(), at: NOW, ..Event::default() };
    for _ in 0..100 {
        play.tell(Msg::Happened((0..50).map(|_| event()).collect()));
    }
    play.tell(Msg::Tick);
    assert!(!play.model.is_changed && play.asked.is_empty(), "{:?}", play.asked);
    play.model.now = play.model.now + SOON;
    play.tell(Msg::Tick);
    assert_eq!(play.asked.iter().filter(|query| matches!(query, Query::Sessions(_))).count(), 1);
}

#[test]
fn a_daemon_that_stopped_is_reported_with_its_age_and_found_again() {
    let mut play = play();
    play.daemon = Daemon::Stopped;
    play.wait(12);
    let text = play.text();
    assert!(text.contains("not reachable, 12s old"), "{text}");
    assert!(
        text.contains("nobody listens at `/run/sallyport/admin.sock`; hint: the daemon has stopped"),
        "{text}"
    );
    assert!(text.contains("ada@example.com"), "what was known stays: {text}");
    play.daemon = Daemon::Answers(answers);
    play.asked.clear();
    play.wait(6);
    let text = play.text();
    assert!(text.contains("● live") && text.contains("the daemon answers again"), "{text}");
    assert_eq!(
        play.asked.iter().filter(|query| is_whole(query)).count(),
        1,
        "everything is loaded again: {:?}",
        play.asked
    );
}

#[test]
fn a_daemon_that_is_away_is_asked_ever_less_often_and_by_one_question() {
    let mut play = play();
    play.daemon = Daemon::Stopped;
    play.asked.clear();
    play.wait(120);
    let statuses = play.asked.iter().filter(|query| **query == Query::Status).count();
    assert!((20..40).contains(&statuses), "{statuses}");
    assert!(play.asked.len() - statuses <= 2, "{:?}", play.asked);
}

#[test]
fn a_daemon_that_falls_silent_is_called_so() {
    let mut play = play();
    play.daemon = Daemon::Silent;
    play.wait(7);
    assert!(play.text().contains("no answer for 7s"), "{}", play.text());
}

#[test]
fn the_stream_of_events_is_followed_again_when_it_ends_and_what_was_missed_is_asked_for() {
    let mut play = play();
    play.wait(1);
    assert_eq!(play.done.iter().filter(|effect| **effect == Effect::Follow).count(), 1);
    play.tell(Msg::Following);
    play.tell(Msg::Unfollowed(None));
    play.asked.clear();
    play.wait(2);
    assert_eq!(play.done.iter().filter(|effect| **effect == Effect::Follow).count(), 2);
    assert!(play.asked.iter().any(is_whole), "{:?}", play.asked);
}

#[test]
fn a_daemon_without_events_is_not_asked_for_everything_again_and_again() {
    let mut play = play();
    play.asked.clear();
    for _ in 0..30 {
        play.wait(1);
        if play.model.link.is_following {
            play.tell(Msg::Unfollowed(Some(stopped())));
        }
    }
    assert!(!play.asked.iter().any(is_whole), "{:?}", play.asked);
    let tries = play.done.iter().filter(|effect| **effect == Effect::Follow).count();
    assert!((3..8).contains(&tries), "{tries}");
}

#[test]
fn a_refusal_that_lasts_is_shown_in_place_of_the_screen() {
    let mut play = Play::open("sessions", Size::new(80, 24), Daemon::Silent);
    let query = play.asked.iter().find(|query| matches!(query, Query::Sessions(_))).unwrap().clone();
    let failure = Failure { message: "the daemon does not know `/sessions`".to_owned(), ..stopped() };
    let result = Err(Failure {
        is_unreachable: false,
        hint: Some("update the older of the two".to_owned()),
        ..failure
    });
    play.tell(Msg::Answered { asker: Asker::Screen(play.model.current), query, result });
    let text = play.text();
    assert!(text.contains("does not know `/sessions`") && text.contains("hint: update the older"), "{text}");
}

#[test]
fn what_was_done_is_said_and_fades() {
    let mut play = play();
    let effect = |requests| Done { sessions: 1, requests, lingering: 0, took_microseconds: 4_210 };
    let subject = || Subject::Session(session().id);
    let order = || Order::Revoke { subjects: vec![subject(), subject()], reason: String::new() };
    let outcome = Outcome::Subjects(vec![Ok(effect(2)), Ok(effect(1))]);
    play.tell(Msg::Carried { order: order(), outcome });
    assert!(play.text().contains("revoked: 2 sessions and 3 requests ended in 8.4 ms"), "{}", play.text());
    play.wait(30);
    assert!(!play.text().contains("revoked"));
    let refused = Failure { message: "no such session".to_owned(), hint: None, is_unreachable: false };
    let outcome = Outcome::Subjects(vec![Ok(effect(2)), Err(refused)]);
    play.tell(Msg::Carried { order: order(), outcome });
    assert!(play.text().contains("1 of 2 done; the others failed: no such session"), "{}", play.text());
    assert_eq!(play.model.link.state, LinkState::Up);
}

#[test]
fn while_an_order_is_carried_out_it_is_said_so() {
    let mut play = play();
    play.write("r");
    play.write("left the firm");
    for key in [KeyCode::Enter, KeyCode::Tab, KeyCode::Enter] {
        play.press(key);
    }
    assert!(play.text().contains("asked the daemon to revoke: waiting for its answer"), "{}", play.text());
}

#[test]
fn a_daemon_that_refuses_is_not_called_unreachable() {
    let mut play = play();
    let failure = Failure { message: "you may not open it".to_owned(), hint: None, is_unreachable: false };
    play.tell(Msg::Answered { asker: Asker::Frame, query: Query::Status, result: Err(failure) });
    let text = play.text();
    assert!(text.contains("not usable, ") && !text.contains("not reachable"), "{text}");
}

#[test]
fn a_reload_says_what_changed() {
    let mut play = play();
    let mut said = |applied: &[&str], needs_restart: &[&str]| {
        let keys = |keys: &[&str]| {
            keys.iter().map(|key| Change { key: (*key).to_owned(), old: None, new: None }).collect()
        };
        let reloaded = Reloaded { applied: keys(applied), needs_restart: keys(needs_restart) };
        let (order, outcome) =
            (Order::Reload { reason: "new caps".to_owned() }, Outcome::Reloaded(Ok(reloaded)));
        play.tell(Msg::Carried { order, outcome });
        play.text()
    };
    assert!(said(&[], &[]).contains("nothing changed"));
    assert!(said(&["policy"], &[]).contains("1 changed key in use"));
    assert!(said(&["policy"], &["http.host"]).contains("1 changed key in use; 1 key waiting for a restart"));
}

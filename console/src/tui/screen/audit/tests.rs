use crossterm::event::KeyCode;
use serde_json::json;
use shared::api::admin::{AuditEntry, Page, Verification};

use crate::{
    client::AuditQuery,
    tui::{
        effect::{Answer, Asker, Failure, Query},
        msg::Msg,
        testing::{Daemon, NOW, Play, SIZES, keep, snapshots},
        theme::{Theme, ThemeName, Tone},
    },
};

const EVENTS: [(&str, Option<&str>, Option<&str>); 6] = [
    ("sign_in", None, None),
    ("refresh", None, None),
    ("refusal", Some("policy_blocked"), Some("model `claude-opus-4-8` is not in the policy `default`")),
    ("revocation", None, Some("session of ada@example.com: left the firm")),
    ("reuse", None, None),
    ("lock", None, Some("user linus-id for 1h")),
];

fn entry(sequence: u64) -> AuditEntry {
    let (event, code, detail) = EVENTS[usize::try_from(sequence).unwrap() % EVENTS.len()];
    let by_operator = matches!(event, "revocation" | "lock");
    serde_json::from_value(json!({
        "sequence": sequence, "at": NOW.0 - 2_010_000 + sequence * 1_000, "event": event,
        "request": format!("req_{sequence}"), "address": (!by_operator).then_some("10.1.2.3"),
        "user": (event != "lock").then_some("ada-id"),
        "session": (event == "reuse").then_some("01a20d5e-0000-7000-8000-000000000001"), "code": code,
        "operator": by_operator.then_some(1000), "detail": detail,
        "reason": by_operator.then_some("laptop stolen"), "hash": format!("{sequence:064x}"),
    }))
    .unwrap()
}

fn page(query: &AuditQuery) -> Answer {
    let (first, next) = match (query.before, query.after) {
        (None, None) => (1_000, Some(1_000)),
        (Some(before), _) => (before.saturating_sub(100), Some(before - 100)),
        (_, Some(after)) if after < 2_001 => (after + 1, None),
        _ => return Answer::Audit(Page { items: Vec::new(), next: None }),
    };
    let last = query.before.unwrap_or(if query.after.is_some() { first + 1 } else { 2_000 });
    let fits = |entry: &AuditEntry| query.event.as_ref().is_none_or(|event| entry.event == *event);
    Answer::Audit(Page { items: (first..last).map(entry).filter(fits).collect(), next })
}

fn ready(query: &Query) -> Answer {
    let user = json!({
        "id": "ada-id", "email": "ada@example.com", "name": null, "sessions": 1, "active_sessions": 1,
        "devices": 1, "last_seen": NOW.0, "lock": null,
    });
    match query {
        Query::Users(_) => {
            Answer::Users(Page { items: vec![serde_json::from_value(user).unwrap()], next: None })
        }
        Query::Audit(query) => page(query),
        Query::Verify => Answer::Verify(Box::new(Verification {
            whole: true,
            records: 1_999,
            head: format!("1999:{:064x}", 1_999),
            broken: None,
        })),
        _ => panic!("{query:?}"),
    }
}

fn empty(query: &Query) -> Answer {
    match query {
        Query::Users(_) => Answer::Users(Page { items: Vec::new(), next: None }),
        _ => Answer::Audit(Page { items: Vec::new(), next: None }),
    }
}

fn selected(play: &Play) -> String {
    let text = play.text();
    let title = text.lines().nth(2).unwrap().to_owned();
    title.split_whitespace().find(|word| word.contains('/')).unwrap_or_default().to_owned()
}

#[test]
fn it_looks_as_it_did() {
    snapshots("audit", ready, empty);
}

#[test]
fn events_that_matter_have_a_colour() {
    let play = Play::open("audit", SIZES[1], Daemon::Answers(ready));
    let theme = Theme::new(ThemeName::Dark, false);
    let is = |words: &str, tone: Tone| assert_eq!(play.style(words).fg, theme.style(tone).fg, "{words}");
    is("reuse", Tone::Bad);
    is("refusal", Tone::Warn);
    is("sign_in ", Tone::Good);
}

#[test]
fn the_newest_is_followed_until_somebody_looks_elsewhere() {
    let mut play = Play::open("audit", SIZES[1], Daemon::Answers(ready));
    assert_eq!(selected(&play), "1/1000");
    play.wait(1);
    assert_eq!(selected(&play), "1/1001");
    play.press(KeyCode::Down);
    play.wait(2);
    assert_eq!(selected(&play), "3/1002");
    play.write("g");
    assert!(play.text().contains("following"), "{}", play.text());
}

#[test]
fn older_records_are_loaded_when_asked_for() {
    let mut play = Play::open("audit", SIZES[1], Daemon::Answers(ready));
    play.write("o");
    assert_eq!(selected(&play), "1/1100");
    play.write("o");
    assert!(play.text().contains("1/1200"), "{}", play.text());
}

#[test]
fn one_event_is_asked_of_the_daemon() {
    let mut play = Play::open("audit", SIZES[1], Daemon::Answers(ready));
    play.write("e");
    play.wait(1);
    let asks = |play: &Play| {
        let last = play.asked.iter().rev().find_map(|query| match query {
            Query::Audit(query) => Some(query.event.clone()),
            _ => None,
        });
        last.unwrap()
    };
    assert_eq!(asks(&play).as_deref(), Some("refresh"));
    assert!(!play.text().contains("refusal"), "{}", play.text());
    play.write("e");
    play.wait(1);
    assert_eq!(asks(&play), None);
}

#[test]
fn the_filter_finds_what_people_are_called() {
    let mut play = Play::open("audit", SIZES[1], Daemon::Answers(ready));
    play.write("/!ada@");
    assert!(play.text().contains("1/167 of 1000"), "{}", play.text());
}

#[test]
fn a_record_is_shown_with_its_hash() {
    let mut play = Play::open("audit", SIZES[1], Daemon::Answers(ready));
    play.press(KeyCode::Enter);
    keep("audit_detail", &play);
    assert!(play.text().contains(&format!("{:064x}", 1_999)));
}

#[test]
fn verifying_tells_how_long_it_takes_and_which_head_to_note_down() {
    let mut play = Play::open("audit", SIZES[1], Daemon::Silent);
    let asker = Asker::Screen(play.model.current);
    let query = Query::Audit(AuditQuery::default());
    play.tell(Msg::Answered { asker, result: Ok(page(&AuditQuery::default())), query });
    play.write("v");
    play.wait(3);
    assert!(play.text().contains("the daemon reads every record: 3s"), "{}", play.text());
    play.tell(Msg::Answered { asker, query: Query::Verify, result: Ok(ready(&Query::Verify)) });
    keep("audit_verified", &play);
    assert!(play.text().contains(&format!("1999:{:064x}", 1_999)));
}

#[test]
fn a_broken_trail_and_a_failed_verification_are_told_apart() {
    let asker = Asker::Screen(crate::tui::screen::ALL.iter().position(|it| it.name == "audit").unwrap());
    let told = |result: Result<Answer, Failure>| {
        let mut play = Play::open("audit", SIZES[1], Daemon::Answers(ready));
        play.daemon = Daemon::Silent;
        play.write("v");
        play.tell(Msg::Answered { asker, query: Query::Verify, result });
        play
    };
    let broken = Some("record 17 does not fit the one before it".to_owned());
    let found = Verification { whole: false, records: 16, head: "16:ab".to_owned(), broken };
    let play = told(Ok(Answer::Verify(Box::new(found))));
    let theme = Theme::new(ThemeName::Dark, false);
    assert_eq!(play.style("record 17").fg, theme.style(Tone::Bad).fg);
    let failure = Failure { message: "no answer within 600 s".to_owned(), hint: None, is_unreachable: false };
    assert!(told(Err(failure)).text().contains("not verified"));
}

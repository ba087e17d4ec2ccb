use crossterm::event::KeyCode;
use ratatui::style::Modifier;
use shared::api::admin::{Event, Page, Session};

use crate::{
    client::{SessionQuery, Subject},
    tui::{
        effect::{Answer, Asker, Effect, Order, Query},
        msg::Msg,
        testing::{Daemon, NOW, Play, SIZES, keep, snapshots},
        theme::{Look, Theme, ThemeName, Tone},
    },
};

const USERS: [&str; 5] = ["ada", "grace", "edsger", "barbara", "donald"];

/// One of many: what differs follows from its place.
pub fn session(place: usize) -> Session {
    let user = USERS[place % USERS.len()];
    let (os, arch) =
        [("macOS 15.3", "aarch64"), ("Windows 11", "x86_64"), ("Debian 13", "x86_64")][place % 3];
    let age = 1000 * (3 + 47 * place as u64);
    let mut session = serde_json::json!({
        "id": format!("01a20d5e-0000-7000-8000-{place:012}"), "user": format!("{user}-id"),
        "email": format!("{user}@example.com"), "name": user, "groups": ["engineering"],
        "device_id": format!("device-{place}"),
        "device": {"hostname": format!("{user}-laptop-{place}"), "os": os, "arch": arch, "agent_version": "0.1.0"},
        "opened": NOW.0 - 90_000_000, "refreshed": NOW.0 - 8_000_000, "expires": NOW.0 + 2_000_000_000_u64,
        "state": "active", "ended": null, "lock": null, "requests_in_flight": place % 4,
        "used": {
            "requests": 17 * place, "tokens": {"input": 1234 * place, "output": 4321 * place}, "cost": 123_456 * place,
            "last": NOW.0 - age, "model": "us.anthropic.claude-sonnet-4-6",
            "client": "claude-cli/2.1.330 (external, cli)",
        },
    });
    if place == 3 {
        session["state"] = "locked".into();
        session["lock"] = serde_json::json!({
            "kind": "user", "id": "barbara-id", "from": NOW.0 - 60_000, "until": NOW.0 + 3_600_000,
            "reason": "lost laptop", "message": "call the help desk", "operator": 1000,
        });
    }
    serde_json::from_value(session).unwrap()
}

fn sessions(places: std::ops::Range<usize>) -> Answer {
    Answer::Sessions(Page { items: places.map(session).collect(), next: None })
}

fn ready(query: &Query) -> Answer {
    match query {
        Query::Requests(_) => running((0..12).flat_map(|place| std::iter::repeat_n(place, place % 4))),
        _ => sessions(0..12),
    }
}

fn empty(query: &Query) -> Answer {
    match query {
        Query::Requests(_) => running(0..0),
        _ => sessions(0..0),
    }
}

/// A request in each of these sessions.
fn running(places: impl Iterator<Item = usize>) -> Answer {
    let request = |place: usize| {
        let request = serde_json::json!({
            "id": "req_1", "session": session(place).id, "user": "ada-id", "email": null, "device_id": null,
            "model": "sandbox.slow", "surface": "messages", "started": NOW, "age_milliseconds": 0, "tokens": {},
            "user_agent": null, "client_session": null, "client_agent": null,
        });
        serde_json::from_value(request).unwrap()
    };
    Answer::Requests(Page { items: places.map(request).collect(), next: None })
}

fn play() -> Play {
    Play::open("sessions", SIZES[1], Daemon::Answers(ready))
}

#[test]
fn it_looks_as_it_did() {
    snapshots("sessions", ready, empty);
}

#[test]
fn popups_look_as_they_did() {
    let mut play = Play::open("sessions", SIZES[0], Daemon::Answers(ready));
    play.press(KeyCode::Enter);
    keep("sessions_detail", &play);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('l'));
    keep("sessions_lock", &play);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('?'));
    keep("sessions_help", &play);
}

#[test]
fn a_state_that_warns_has_the_colour_of_a_warning() {
    let play = play();
    let theme = Theme::new(ThemeName::Dark, false);
    let look = Look { theme: &theme, now: NOW, status: None, work: None };
    assert_eq!(play.style("locked").fg, look.style(Tone::Warn).fg);
    assert_eq!(play.style(" live").fg, look.style(Tone::Good).fg);
}

#[test]
fn without_colours_the_selection_is_reversed_and_no_colour_is_sent() {
    let mut play = play();
    play.model.theme = Theme::new(ThemeName::None, false);
    assert!(play.style("ada@example.com").add_modifier.contains(Modifier::REVERSED));
    let buffer = play.draw();
    let coloured = buffer.content().iter().filter(|cell| {
        let style = cell.style();
        let plain = Some(ratatui::style::Color::Reset);
        style.fg != plain || style.bg != plain
    });
    assert_eq!(coloured.count(), 0);
}

#[test]
fn in_ascii_nothing_else_is_drawn() {
    let mut play = play();
    play.model.theme = Theme::new(ThemeName::Dark, true);
    play.press(KeyCode::Char(' '));
    assert!(play.text().is_ascii(), "{}", play.text());
}

#[test]
fn the_filter_takes_text_patterns_and_their_inverse() {
    let mut play = play();
    play.write("/grace|edsger");
    play.press(KeyCode::Enter);
    let text = play.text();
    assert!(text.contains("grace@") && text.contains("edsger@") && !text.contains("ada@"), "{text}");
    assert!(text.contains("1/5 of 12 · /grace|edsger"), "{text}");
    play.press(KeyCode::Esc);
    assert!(play.text().contains("ada@"));
    play.write("/!ada");
    assert!(!play.text().contains("ada@"));
    play.write("xyz");
    play.press(KeyCode::Esc);
    assert!(play.text().contains("ada@"), "what held before comes back");
}

#[test]
fn what_is_marked_is_revoked_with_a_reason() {
    let mut play = play();
    play.press(KeyCode::Char(' '));
    play.press(KeyCode::Char(' '));
    play.press(KeyCode::Char('r'));
    let text = play.text();
    assert!(text.contains("Revoke 2 sessions"), "{text}");
    assert!(text.contains("ada@example.com on ada-laptop-0, grace@example.com on grace-laptop-1"), "{text}");
    assert!(text.contains("2 sessions and 1 request in flight end now"), "{text}");
    play.write("left the firm");
    for key in [KeyCode::Enter, KeyCode::Right, KeyCode::Enter] {
        play.press(key);
    }
    let subjects = vec![Subject::Session(session(0).id), Subject::Session(session(1).id)];
    let order = Order::Revoke { subjects, reason: "left the firm".to_owned() };
    assert_eq!(play.done.last(), Some(&Effect::Carry(order)));
}

#[test]
fn enter_after_the_reason_cancels() {
    let mut play = play();
    play.press(KeyCode::Char('r'));
    play.write("left the firm");
    play.press(KeyCode::Enter);
    play.press(KeyCode::Enter);
    assert!(play.text().contains("nothing was done"));
    assert!(!play.done.iter().any(|effect| matches!(effect, Effect::Carry(_))));
}

#[test]
fn revoking_a_user_reaches_all_its_sessions() {
    let mut play = play();
    play.press(KeyCode::Char('R'));
    let text = play.text();
    assert!(text.contains("Revoke 1 user"), "{text}");
    assert!(text.contains("every session of ada@example.com, on ada-laptop-0, "), "{text}");
    assert!(text.contains("3 sessions and 3 requests in flight end now"), "{text}");
}

#[test]
fn each_second_only_changes_are_asked_for_and_each_minute_everything() {
    let mut play = play();
    let sessions = |play: &Play| -> Vec<SessionQuery> {
        let asked = play.asked.iter();
        asked
            .filter_map(|query| if let Query::Sessions(query) = query { Some(query.clone()) } else { None })
            .collect()
    };
    assert_eq!(sessions(&play).iter().filter(|query| query.changed_since.is_none()).count(), 1);
    play.wait(5);
    assert_eq!(sessions(&play).len(), 6);
    assert!(sessions(&play).iter().skip(1).all(|query| query.changed_since.is_some()));
    play.wait(60);
    assert_eq!(sessions(&play).iter().filter(|query| query.changed_since.is_none()).count(), 2);
}

#[test]
fn a_lock_makes_everything_old() {
    let mut play = play();
    play.asked.clear();
    let lock = Event { event: "lock".to_owned(), at: NOW, ..Event::default() };
    play.tell(Msg::Happened(vec![lock]));
    play.wait(1);
    let is_whole = |query: &Query| matches!(query, Query::Sessions(query) if query.changed_since.is_none());
    assert!(play.asked.iter().any(is_whole), "{:?}", play.asked);
}

#[test]
fn a_large_company_is_loaded_page_by_page() {
    fn pages(query: &Query) -> Answer {
        let Query::Sessions(query) = query else { return running(0..0) };
        let skip = usize::try_from(query.skip.unwrap_or_default()).unwrap();
        let next = (skip < 2000).then_some(skip as u64 + 1000);
        let end = if next.is_some() { skip + 1000 } else { skip + 10 };
        Answer::Sessions(Page { items: (skip..end).map(session).collect(), next })
    }
    let play = Play::open("sessions", SIZES[0], Daemon::Answers(pages));
    assert!(play.text().contains("1/2010"), "{}", play.text());
}

#[test]
fn hostile_names_steer_no_terminal() {
    fn hostile(_: &Query) -> Answer {
        let mut one = session(0);
        one.email = Some("a\u{202e}moc\x1b[2J".to_owned());
        one.device.hostname = Some("\x1b]0;owned\x07".to_owned());
        Answer::Sessions(Page { items: vec![one], next: None })
    }
    let mut play = Play::open("sessions", SIZES[2], Daemon::Answers(hostile));
    for key in ['x', '\n', 'r'] {
        play.press(if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) });
        let text = play.text();
        assert!(!text.contains(['\x1b', '\u{202e}', '\x07']), "{text}");
        assert!(text.contains(r"\u{202e}moc\u{1b}[2J"), "{text}");
    }
}

#[test]
fn a_request_that_begins_is_counted_though_its_session_did_not_change() {
    fn one_more(query: &Query) -> Answer {
        match query {
            Query::Requests(_) => running([0, 0, 0].into_iter()),
            Query::Sessions(query) if query.changed_since.is_some() => sessions(0..0),
            _ => sessions(0..12),
        }
    }
    let mut play = play();
    play.daemon = Daemon::Answers(one_more);
    play.wait(1);
    play.press(KeyCode::Enter);
    assert!(play.text().contains("runs now          3 requests"), "{}", play.text());
}

#[test]
fn until_the_sessions_have_come_nobody_says_that_there_are_none() {
    let mut play = Play::open("sessions", SIZES[0], Daemon::Silent);
    let query = play.asked.iter().find(|query| matches!(query, Query::Requests(_))).unwrap().clone();
    let asker = Asker::Screen(play.model.current);
    play.tell(Msg::Answered { asker, query, result: Ok(running(0..0)) });
    assert!(play.text().contains("loading"), "{}", play.text());
}

#[test]
fn unlocking_a_session_ends_the_lock_that_holds_it() {
    let mut play = play();
    play.write("u");
    assert!(play.text().contains("it is not locked"), "{}", play.text());
    play.write("/locked");
    play.press(KeyCode::Enter);
    play.write("u");
    assert!(play.text().contains("Unlock 1 user"), "{}", play.text());
    play.write("found again");
    for key in [KeyCode::Enter, KeyCode::Tab, KeyCode::Enter] {
        play.press(key);
    }
    let subjects = vec![Subject::User(session(3).user)];
    assert_eq!(
        play.done.last(),
        Some(&Effect::Carry(Order::Unlock { subjects, reason: "found again".to_owned() }))
    );
}

use crossterm::event::KeyCode;
use serde_json::json;
use shared::api::admin::{Page, Raise, User};

use crate::{
    client::Subject,
    tui::{
        effect::{Answer, Effect, Order, Query},
        screen::sessions::tests::session,
        testing::{Daemon, NOW, Play, SIZES, keep, snapshots},
        theme::{Theme, ThemeName, Tone},
    },
};

const HOUR: u64 = 3_600_000;
const DOLLAR: u64 = 1_000_000;

/// A name, sessions that can be used, dollars spent today, this week and this month, and the caps of these.
type Line = (&'static str, u64, [u64; 3], [Option<u64>; 3]);

const LINES: [Line; 5] = [
    ("ada", 2, [3, 14, 61], [Some(10), None, Some(200)]),
    ("grace", 1, [9, 31, 120], [Some(10), None, Some(200)]),
    ("linus", 1, [4, 40, 201], [Some(10), None, Some(200)]),
    ("barbara", 0, [0, 0, 12], [None, None, None]),
    ("margaret.hamilton.of.apollo", 1, [1, 2, 3], [Some(10), None, Some(200)]),
];

fn user((name, active, spent, caps): Line) -> User {
    let spending: Vec<_> = ["day", "week", "month"]
        .into_iter()
        .zip(spent.into_iter().zip(caps))
        .map(|(period, (spent, cap))| {
            let cap = cap.map(|cap| cap * DOLLAR);
            json!({"period": period, "spent": spent * DOLLAR, "cap": cap, "resets": NOW.0 + 5 * HOUR})
        })
        .collect();
    let grant = json!({
        "id": "01a20d5e-0000-7000-8000-00000000000a", "user": format!("{name}-id"),
        "raise": {"spend": 20 * DOLLAR}, "from": NOW.0 - HOUR, "until": NOW.0 + 3 * HOUR,
        "reason": "release week", "operator": 1000,
    });
    let lock = json!({
        "kind": "user", "id": "linus-id", "from": NOW.0 - HOUR, "until": NOW.0 + HOUR,
        "reason": "lost laptop", "message": "call the help desk", "operator": 1000,
    });
    serde_json::from_value(json!({
        "id": format!("{name}-id"), "email": format!("{name}@example.com"), "name": null,
        "sessions": active + 3, "active_sessions": active, "devices": 2, "last_seen": NOW.0 - HOUR,
        "lock": (name == "linus").then_some(lock),
        "budget": {
            "policy": "default", "spending": spending,
            "grants": if name == "ada" { vec![grant] } else { Vec::new() },
        },
    }))
    .unwrap()
}

fn ready(query: &Query) -> Answer {
    match query {
        Query::Users(_) => Answer::Users(Page { items: LINES.map(user).to_vec(), next: None }),
        _ => Answer::Sessions(Page { items: (0..3).map(session).collect(), next: None }),
    }
}

fn empty(_: &Query) -> Answer {
    Answer::Users(Page { items: Vec::new(), next: None })
}

/// The users, with one of them selected.
fn on(name: &str) -> Play {
    let mut play = Play::open("users", SIZES[1], Daemon::Answers(ready));
    let rows = |play: &Play| {
        play.text().lines().filter(|line| line.contains("/$") || line.contains("barbara")).count()
    };
    assert_eq!(rows(&play), LINES.len());
    play.write(&format!("/{name}"));
    play.press(KeyCode::Enter);
    play
}

/// From the reason over Cancel to the other button.
fn confirm(play: &mut Play) {
    for key in [KeyCode::Tab, KeyCode::Tab, KeyCode::Enter] {
        play.press(key);
    }
}

#[test]
fn it_looks_as_it_did() {
    snapshots("users", ready, empty);
}

#[test]
fn who_is_near_a_cap_or_at_it_has_a_colour_and_a_figure() {
    let play = Play::open("users", SIZES[1], Daemon::Answers(ready));
    let theme = Theme::new(ThemeName::Dark, false);
    let is = |words: &str, tone: Tone| assert_eq!(play.style(words).fg, theme.style(tone).fg, "{words}");
    is("$9.00/$10", Tone::Warn);
    is("$201.00/$200", Tone::Bad);
    is("100% month", Tone::Bad);
    assert_eq!(play.style("$3.00/$10").fg, Some(ratatui::style::Color::Reset));
    is("locked", Tone::Warn);
    is("granted", Tone::Accent);
}

#[test]
fn a_grant_is_asked_for_and_ordered() {
    let mut play = on("grace");
    play.write("+");
    keep("users_grant", &play);
    play.write("release week");
    for _ in 0..5 {
        play.press(KeyCode::Tab);
    }
    play.press(KeyCode::Enter);
    let Some(Effect::Carry(Order::Grant { user, order })) = play.done.pop() else {
        panic!("{}", play.text())
    };
    assert_eq!((user.as_str(), order.reason.as_str()), ("grace-id", "release week"));
    assert_eq!((order.raise, order.duration_seconds), (Raise::Spend("20".parse().unwrap()), 86_400.0));
}

#[test]
fn a_grant_is_ended_by_its_id() {
    let mut play = on("ada");
    play.write("-");
    assert!(play.text().contains("$20.00 more for 3h00m (release week)"), "{}", play.text());
    play.write("shipped");
    confirm(&mut play);
    let Some(Effect::Carry(Order::EndGrant { grant, reason })) = play.done.pop() else {
        panic!("{}", play.text())
    };
    assert_eq!((grant.to_string().ends_with("0a"), reason.as_str()), (true, "shipped"));
}

#[test]
fn who_has_no_grant_has_none_to_end() {
    let mut play = on("grace");
    play.write("-");
    assert!(play.text().contains("nothing is granted to grace@example.com"), "{}", play.text());
}

#[test]
fn revoking_names_every_marked_user_and_reaches_all_of_them() {
    let mut play = Play::open("users", SIZES[1], Daemon::Answers(ready));
    play.write("  r");
    let text = play.text();
    assert!(text.contains("Revoke 2 users") && text.contains("end now"), "{text}");
    play.write("left");
    confirm(&mut play);
    let Some(Effect::Carry(Order::Revoke { subjects, .. })) = play.done.pop() else {
        panic!("{}", play.text())
    };
    assert!(subjects.iter().all(|subject| matches!(subject, Subject::User(_))), "{subjects:?}");
    assert_eq!(subjects.len(), 2);
}

#[test]
fn opening_a_user_asks_for_the_sessions() {
    let mut play = on("ada");
    play.asked.clear();
    play.press(KeyCode::Enter);
    let is_own = |query: &Query| matches!(query, Query::Sessions(query) if query.user.as_ref().is_some_and(|user| user.as_str() == "ada-id"));
    assert!(play.asked.iter().any(is_own), "{:?}", play.asked);
    keep("users_detail", &play);
}

#[test]
fn budgets_are_asked_for_every_few_seconds_only() {
    let mut play = Play::open("users", SIZES[1], Daemon::Answers(ready));
    play.asked.clear();
    play.wait(20);
    let loads = play.asked.iter().filter(|query| matches!(query, Query::Users(_))).count();
    assert_eq!(loads, 4);
}

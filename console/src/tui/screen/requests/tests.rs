use crossterm::event::KeyCode;
use shared::api::admin::{Page, Request};

use crate::tui::{
    effect::{Answer, Query},
    testing::{Daemon, NOW, Play, SIZES, snapshots},
};

/// Of a user: the Claude Code session, the subagent, the model, and for how many seconds it has run.
type Line = (&'static str, &'static str, Option<&'static str>, &'static str, u64);

const LINES: [Line; 5] = [
    ("ada", "0b6e71c2-11", None, "us.anthropic.claude-opus-4-8", 64),
    ("ada", "0b6e71c2-11", Some("a41c"), "us.anthropic.claude-haiku-4-5-20251001-v1:0", 12),
    ("ada", "0b6e71c2-11", Some("b977"), "us.anthropic.claude-haiku-4-5-20251001-v1:0", 7),
    ("ada", "77aa01de-22", None, "us.anthropic.claude-sonnet-4-6", 301),
    ("grace", "c01d2e3f-33", None, "us.anthropic.claude-sonnet-4-6", 2),
];

fn request(place: usize, (user, client, agent, model, age): Line) -> Request {
    let session = format!("01a20d5e-0000-7000-8000-0000{client:0<8}", client = &client[..8]);
    serde_json::from_value(serde_json::json!({
        "id": format!("req_{place}"), "session": session, "user": format!("{user}-id"),
        "email": format!("{user}@example.com"), "device_id": format!("{user}-laptop"), "model": model,
        "surface": "messages", "started": NOW.0 - age * 1000, "age_milliseconds": age * 1000,
        "tokens": {"input": 1200, "output": 40 * age, "cache_read": 54_000},
        "user_agent": "claude-cli/2.1.330 (external, cli)", "client_session": client, "client_agent": agent,
    }))
    .unwrap()
}

fn ready(_: &Query) -> Answer {
    let items = (0..).zip(LINES).map(|(place, line)| request(place, line)).collect();
    Answer::Requests(Page { items, next: None })
}

fn empty(_: &Query) -> Answer {
    Answer::Requests(Page { items: Vec::new(), next: None })
}

#[test]
fn it_looks_as_it_did() {
    snapshots("requests", ready, empty);
}

#[test]
fn a_parent_stays_while_a_child_fits_the_filter() {
    let mut play = Play::open("requests", SIZES[1], Daemon::Answers(ready));
    play.write("/a41c");
    let text = play.text();
    assert!(text.contains("ada@example.com (1 request)") && text.contains("subagent a41c"), "{text}");
    assert!(!text.contains("grace") && !text.contains("b977"), "{text}");
    play.press(KeyCode::Esc);
    assert!(play.text().contains("grace"));
}

#[test]
fn revoking_a_user_names_its_reach() {
    let mut play = Play::open("requests", SIZES[1], Daemon::Answers(ready));
    play.write("r");
    let text = play.text();
    assert!(text.contains("every session of ada@example.com; in use: 2"), "{text}");
    assert!(text.contains("4 requests in"), "{text}");
}

#[test]
fn a_request_that_takes_long_is_coloured() {
    let play = Play::open("requests", SIZES[1], Daemon::Answers(ready));
    assert_ne!(play.style("5m01s").fg, play.style("1m04s").fg);
}

use serde_json::json;
use shared::api::admin::{Page, Usage, User};

use crate::{
    client::UsageBy,
    tui::{
        effect::{Answer, Query},
        testing::{Daemon, NOW, Play, SIZES, keep, snapshots},
        theme::{Theme, ThemeName, Tone},
    },
};

fn sum(key: &str, (requests, estimated): (u64, u64), cents: u64) -> Usage {
    serde_json::from_value(json!({
        "key": key, "requests": requests, "estimated": estimated, "cost": cents * 10_000,
        "tokens": {"input": requests * 120, "output": requests * 300, "cache_read": requests * 2_000},
    }))
    .unwrap()
}

fn user(name: &str) -> User {
    serde_json::from_value(json!({
        "id": format!("{name}-id"), "email": format!("{name}@example.com"), "name": null, "sessions": 1,
        "active_sessions": 1, "devices": 1, "last_seen": NOW.0, "lock": null,
    }))
    .unwrap()
}

fn ready(query: &Query) -> Answer {
    let items = match query {
        Query::Users(_) => {
            return Answer::Users(Page { items: ["ada", "grace"].map(user).to_vec(), next: None });
        }
        Query::Sessions(_) => return Answer::Sessions(Page { items: Vec::new(), next: None }),
        Query::Usage(query) if query.by == UsageBy::Day => {
            vec![sum("2026-08-09", (40, 0), 900), sum("2026-08-08", (90, 0), 4_100)]
        }
        _ => {
            vec![sum("ada-id", (1_204, 0), 3_410), sum("grace-id", (96, 3), 1_220), sum("gone-id", (7, 0), 2)]
        }
    };
    Answer::Usage(Page { items, next: None })
}

fn empty(query: &Query) -> Answer {
    match query {
        Query::Users(_) => Answer::Users(Page { items: Vec::new(), next: None }),
        _ => Answer::Usage(Page { items: Vec::new(), next: None }),
    }
}

#[test]
fn it_looks_as_it_did() {
    snapshots("usage", ready, empty);
}

#[test]
fn what_is_estimated_is_marked_and_what_is_exact_is_not() {
    let play = Play::open("usage", SIZES[1], Daemon::Answers(ready));
    let theme = Theme::new(ThemeName::Dark, false);
    assert_eq!(play.style("~3%").fg, theme.style(Tone::Warn).fg);
    assert_eq!(play.text().matches('~').count(), 1);
    assert!(play.text().contains("0.2% estimated"), "{}", play.text());
}

#[test]
fn the_totals_are_exact() {
    let text = Play::open("usage", SIZES[1], Daemon::Answers(ready)).text();
    assert!(text.contains("total  $46.32  1307 requests  3.1M tokens"), "{text}");
}

#[test]
fn a_key_sums_by_something_else_and_another_takes_another_time() {
    let mut play = Play::open("usage", SIZES[1], Daemon::Answers(ready));
    let midnight = NOW.0 - 43_200_000;
    let mut seen = Vec::new();
    for keys in ["", "b", "b", "b", "t", "t", "t"] {
        play.write(keys);
        play.wait(1);
        let last = play.asked.iter().rev().find_map(|query| match query {
            Query::Usage(query) => Some((query.by, query.from)),
            _ => None,
        });
        seen.push(last.unwrap());
    }
    let by: Vec<UsageBy> = seen.iter().map(|(by, _)| *by).collect();
    assert_eq!(by[..4], [UsageBy::User, UsageBy::Model, UsageBy::Session, UsageBy::Day]);
    assert_eq!(seen[0].1.map(|from| from.0), Some(midnight));
    let days = |at: usize| seen[at].1.map(|from| (NOW.0 + 60_000 - from.0) / 86_400_000);
    assert_eq!((days(4), days(5), days(6)), (Some(7), Some(30), None));
    keep("usage_by_day", &play);
}

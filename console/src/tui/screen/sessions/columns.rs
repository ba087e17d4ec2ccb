//! What the table of sessions shows.

use shared::{
    api::admin::{Session, SessionState, SessionUse},
    time::Timestamp,
    usage::Money,
};

use crate::tui::{
    format,
    table::{Cell, Column},
    theme::{Look, Tone},
};

/// The place of the column by which the table is sorted at first.
pub const LAST: usize = 9;

pub const COLUMNS: &[Column<Session>] = &[
    Column::new("USER", (20, 36), |it, _| Cell::plain(user(it).to_owned()))
        .sorted(|a, b| user(a).cmp(user(b))),
    Column::new("DEVICE", (13, 30), |it, _| Cell::of(device(it))).sorted(|a, b| device(a).cmp(&device(b))),
    Column::new("OS", (10, 20), |it, _| Cell::plain(os(it))).sorted(|a, b| os(a).cmp(&os(b))).dispensable(5),
    Column::new("CLIENT", (7, 18), |it, _| Cell::of(client(it)))
        .sorted(|a, b| client(a).cmp(&client(b)))
        .dispensable(6),
    Column::new("MODEL", (17, 30), |it, _| Cell::of(model(it)))
        .sorted(|a, b| model(a).cmp(&model(b)))
        .dispensable(3),
    Column::new("RUNS", (4, 4), runs)
        .sorted(|a, b| a.requests_in_flight.cmp(&b.requests_in_flight))
        .right()
        .dispensable(2),
    Column::new("REQUESTS", (8, 8), |it, _| figure(it, |used| format::count(used.requests)))
        .sorted(|a, b| requests(a).cmp(&requests(b)))
        .right()
        .dispensable(7),
    Column::new("TOKENS", (6, 6), |it, _| figure(it, |used| format::count(used.tokens.total())))
        .sorted(|a, b| tokens(a).cmp(&tokens(b)))
        .right()
        .dispensable(1),
    Column::new("COST", (8, 8), |it, _| figure(it, |used| format::money(used.cost)))
        .sorted(|a, b| cost(a).cmp(&cost(b)))
        .right(),
    Column::new("SEEN", (4, 4), |it, look| Cell::plain(format::ago(seen(it), look.now)))
        .sorted(|a, b| seen(a).cmp(&seen(b)))
        .right(),
    Column::new("STATE", (7, 7), state).sorted(|a, b| rank(a).cmp(&rank(b))),
];

/// What the filter looks at.
pub fn text(session: &Session) -> String {
    let parts = [
        Some(user(session)),
        session.name.as_deref(),
        device(session),
        session.device.os.as_deref(),
        client(session),
        model(session),
        Some(state_word(session.state)),
    ];
    let mut text = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    text.push(' ');
    text.push_str(&session.id.to_string());
    text
}

pub fn user(session: &Session) -> &str {
    session.email.as_deref().or(session.name.as_deref()).unwrap_or(session.user.as_str())
}

pub fn device(session: &Session) -> Option<&str> {
    session.device.hostname.as_deref().or(session.device_id.as_ref().map(shared::id::DeviceId::as_str))
}

fn os(session: &Session) -> String {
    let (os, arch) = (session.device.os.as_deref(), session.device.arch.as_deref());
    match (os, arch) {
        (Some(os), Some(arch)) => format!("{os} {arch}"),
        (os, _) => os.unwrap_or("-").to_owned(),
    }
}

fn client(session: &Session) -> Option<&str> {
    session.used.as_ref()?.client.as_deref().map(format::client)
}

fn model(session: &Session) -> Option<&str> {
    session.used.as_ref()?.model.as_ref().map(|model| format::model(model.as_str()))
}

fn runs(session: &Session, _: &Look) -> Cell {
    match session.requests_in_flight {
        0 => Cell::none(),
        count => Cell::new(count.to_string(), Tone::Good),
    }
}

fn figure(session: &Session, figure: fn(&SessionUse) -> String) -> Cell {
    session.used.as_ref().map_or(Cell::none(), |used| Cell::plain(figure(used)))
}

fn requests(session: &Session) -> u64 {
    session.used.as_ref().map_or(0, |used| used.requests)
}

fn tokens(session: &Session) -> u64 {
    session.used.as_ref().map_or(0, |used| used.tokens.total())
}

fn cost(session: &Session) -> Money {
    session.used.as_ref().map_or(Money::ZERO, |used| used.cost)
}

/// The last sign of life: a sign-in, a refresh, or the end of a request.
pub fn seen(session: &Session) -> Timestamp {
    let used = session.used.as_ref().and_then(|used| used.last).unwrap_or_default();
    session.opened.max(session.refreshed).max(used)
}

fn state(session: &Session, _: &Look) -> Cell {
    Cell::new(state_word(session.state), state_tone(session.state))
}

pub fn state_word(state: SessionState) -> &'static str {
    match state {
        SessionState::Active => "active",
        SessionState::Locked => "locked",
        SessionState::Expired => "expired",
        SessionState::Ended => "ended",
    }
}

pub fn state_tone(state: SessionState) -> Tone {
    match state {
        SessionState::Active => Tone::Good,
        SessionState::Locked => Tone::Warn,
        SessionState::Expired => Tone::Dim,
        SessionState::Ended => Tone::Bad,
    }
}

fn rank(session: &Session) -> u8 {
    match session.state {
        SessionState::Locked => 0,
        SessionState::Active => 1,
        SessionState::Expired => 2,
        SessionState::Ended => 3,
    }
}

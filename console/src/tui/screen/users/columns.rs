//! What the table of users shows.

use shared::{
    api::admin::{Raise, Spending, User},
    time::Period,
    usage::Money,
};

use crate::tui::{
    format, graph,
    screen::names::name,
    table::{Cell, Column},
    theme::{Look, Tone},
};

/// The place of the column by which the table is sorted at first.
pub const TODAY: usize = 5;

const BAR: u64 = 5;
/// Thousandths of a cap from which it warns, and from which nothing is left.
const MUCH: u64 = 800;
const ALL: u64 = 1000;

pub const COLUMNS: &[Column<User>] = &[
    Column::new("USER", (18, 34), |it: &User, _| Cell::plain(name(it).to_owned()))
        .sorted(|a, b| name(a).cmp(name(b))),
    Column::new("POLICY", (8, 16), |it: &User, _| Cell::of(policy(it)))
        .sorted(|a, b| policy(a).cmp(&policy(b)))
        .dispensable(6),
    Column::new("SESSIONS", (8, 8), sessions)
        .sorted(|a, b| a.active_sessions.cmp(&b.active_sessions))
        .right(),
    Column::new("DEVICES", (7, 7), |it: &User, _| Cell::plain(format::count(it.devices)))
        .sorted(|a, b| a.devices.cmp(&b.devices))
        .right()
        .dispensable(5),
    Column::new("NEAREST CAP", (16, 16), nearest).sorted(|a, b| share(a).cmp(&share(b))).right(),
    Column::new("TODAY", (9, 16), |it: &User, _| spent(it, Period::Day))
        .sorted(|a, b| money(a, Period::Day).cmp(&money(b, Period::Day)))
        .right(),
    Column::new("WEEK", (9, 16), |it: &User, _| spent(it, Period::Week))
        .sorted(|a, b| money(a, Period::Week).cmp(&money(b, Period::Week)))
        .right()
        .dispensable(3),
    Column::new("MONTH", (9, 16), |it: &User, _| spent(it, Period::Month))
        .sorted(|a, b| money(a, Period::Month).cmp(&money(b, Period::Month)))
        .right()
        .dispensable(2),
    Column::new("SEEN", (5, 5), |it: &User, look| Cell::plain(format::ago(it.last_seen, look.now)))
        .sorted(|a, b| a.last_seen.cmp(&b.last_seen))
        .right(),
    Column::new("STATE", (7, 12), |it: &User, _| {
        let (word, tone) = state(it);
        Cell::new(word, tone)
    })
    .sorted(|a, b| state(a).0.cmp(state(b).0)),
];

/// What the filter looks at.
pub fn text(user: &User) -> String {
    let parts = [
        user.email.as_deref(),
        user.name.as_deref(),
        policy(user),
        Some(user.id.as_str()),
        Some(state(user).0),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn policy(user: &User) -> Option<&str> {
    user.budget.as_ref().map(|budget| budget.policy.as_str())
}

fn sessions(user: &User, _: &Look) -> Cell {
    let text = format!("{} of {}", format::count(user.active_sessions), format::count(user.sessions));
    Cell::new(text, if user.active_sessions > 0 { Tone::Plain } else { Tone::Dim })
}

pub fn state(user: &User) -> (&'static str, Tone) {
    let grants = user.budget.as_ref().map_or(0, |budget| budget.grants.len());
    match (&user.lock, grants) {
        (Some(_), _) => ("locked", Tone::Warn),
        (None, 0) if user.active_sessions == 0 => ("away", Tone::Dim),
        (None, 0) => ("active", Tone::Good),
        (None, _) => ("granted", Tone::Accent),
    }
}

fn spending(user: &User, period: Period) -> Option<&Spending> {
    user.budget.as_ref()?.spending.iter().find(|spending| spending.period == period)
}

fn money(user: &User, period: Period) -> Money {
    spending(user, period).map_or(Money::ZERO, |spending| spending.spent)
}

/// How much of its cap is spent, in thousandths. A cap of nothing is spent.
pub fn part(spending: &Spending) -> Option<u64> {
    let part = spending.spent.micros().saturating_mul(1000).checked_div(spending.cap?.micros());
    Some(part.unwrap_or(ALL))
}

pub fn tone(part: Option<u64>) -> Tone {
    match part {
        Some(ALL..) => Tone::Bad,
        Some(MUCH..) => Tone::Warn,
        _ => Tone::Plain,
    }
}

fn spent(user: &User, period: Period) -> Cell {
    let Some(spending) = spending(user, period) else { return Cell::none() };
    Cell::new(of_cap(spending), tone(part(spending)))
}

/// `$3.20/$10`, or what was spent if there is no cap.
pub fn of_cap(spending: &Spending) -> String {
    let spent = format::money(spending.spent);
    match spending.cap {
        Some(cap) if cap.micros() % 1_000_000 == 0 => format!("{spent}/{cap:.0}"),
        Some(cap) => format!("{spent}/{cap:.2}"),
        None => spent,
    }
}

fn share(user: &User) -> Option<u64> {
    user.budget.as_ref()?.spending.iter().filter_map(part).max()
}

fn nearest(user: &User, look: &Look) -> Cell {
    let spending = user.budget.as_ref().map_or(&[][..], |budget| budget.spending.as_slice());
    let nearest = spending.iter().filter_map(|it| Some((part(it)?, it.period))).max_by_key(|(part, _)| *part);
    let Some((part, period)) = nearest else { return Cell::none() };
    let text = format!("{} {:>3}% {:5}", graph::bar(part, BAR, look), (part / 10).min(999), word(period));
    Cell::new(text, tone(Some(part)))
}

pub fn word(period: Period) -> &'static str {
    match period {
        Period::Day => "day",
        Period::Week => "week",
        Period::Month => "month",
    }
}

/// `$20.00 more`, `50 requests a minute more`.
pub fn raise(raise: Raise) -> String {
    match raise {
        Raise::Spend(by) => format!("{by} more"),
        Raise::RequestsPerMinute(by) => format!("{by} requests a minute more"),
        Raise::TokensPerMinute(by) => format!("{by} tokens a minute more"),
        Raise::ConcurrentStreams(by) => format!("{by} streams at a time more"),
    }
}

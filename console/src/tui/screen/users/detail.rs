//! Everything about one user: budget, grants, sessions.

use shared::api::admin::{Budget, Session, Spending, User};

use super::{columns, confirm::of_grant};
use crate::tui::{
    format::{self, moment},
    graph,
    popup::Detail,
    screen::{
        names::name,
        sessions::columns::{device, seen, state_tone, state_word},
    },
    theme::{Look, Tone},
};

const BAR: u64 = 20;

pub fn detail(user: &User, sessions: Option<&[Session]>, look: &Look) -> Detail {
    let (word, tone) = columns::state(user);
    let detail = Detail::new(name(user))
        .toned("state", word, tone)
        .pair("id", user.id.as_str())
        .maybe("address", user.email.clone())
        .maybe("name", user.name.clone())
        .pair("seen", moment(user.last_seen, look.now))
        .pair("sessions", format!("{} of {} can be used", user.active_sessions, user.sessions))
        .pair("devices", user.devices.to_string());
    let detail = locked(detail, user);
    let detail = match &user.budget {
        Some(budget) => of_budget(detail, budget, look),
        None => detail.heading("Budget").toned(
            "",
            "the daemon does not tell: it is of an older version",
            Tone::Dim,
        ),
    };
    of_sessions(detail.heading("Sessions, the newest first"), sessions, look)
}

fn locked(detail: Detail, user: &User) -> Detail {
    let Some(lock) = &user.lock else { return detail };
    detail
        .heading("Lock")
        .toned("until", lock.until.to_string(), Tone::Warn)
        .pair("reason", lock.reason.clone())
        .maybe("message", lock.message.clone())
        .pair("by uid", lock.operator.to_string())
}

fn of_budget(detail: Detail, budget: &Budget, look: &Look) -> Detail {
    let detail = detail.heading("Budget").pair("policy", budget.policy.clone());
    let detail = budget.spending.iter().fold(detail, |detail, spending| {
        detail.toned(
            columns::word(spending.period),
            of_spending(spending, look),
            columns::tone(columns::part(spending)),
        )
    });
    budget.grants.iter().fold(detail, |detail, grant| {
        let words =
            format!("{}, until {}, by uid {}", of_grant(grant, look.now), grant.until, grant.operator);
        detail.toned("granted", words, Tone::Accent)
    })
}

fn of_spending(spending: &Spending, look: &Look) -> String {
    let resets = format::span(spending.resets.since(look.now));
    match columns::part(spending) {
        Some(part) => format!(
            "{} {:>3} %  {}, new in {resets}",
            graph::bar(part, BAR, look),
            part / 10,
            columns::of_cap(spending)
        ),
        None => format!("{}, without a cap", columns::of_cap(spending)),
    }
}

/// Most sessions are active: a colour on each of them would tell nothing.
fn quiet(tone: Tone) -> Tone {
    if tone == Tone::Good { Tone::Plain } else { tone }
}

fn of_sessions(detail: Detail, sessions: Option<&[Session]>, look: &Look) -> Detail {
    match sessions {
        None => detail.toned("", "loading", Tone::Dim),
        Some([]) => detail.toned("", "none", Tone::Dim),
        Some(sessions) => sessions.iter().fold(detail, |detail, session| {
            let used = session.used.as_ref();
            let cost = used.map(|used| format!(", {}", format::money(used.cost))).unwrap_or_default();
            let words = format!(
                "{}, seen {}{cost}, {}",
                device(session).unwrap_or("unknown device"),
                format::ago(seen(session), look.now),
                session.id
            );
            detail.toned(state_word(session.state), words, quiet(state_tone(session.state)))
        }),
    }
}

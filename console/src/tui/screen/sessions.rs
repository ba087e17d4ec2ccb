//! The sessions: who is signed in where, what it used, and what to do about it.

pub mod columns;
mod confirm;
mod detail;

use std::{collections::HashMap, time::Duration};

use shared::{
    api::admin::{Event, Page, Request, Session, SessionState},
    id::SessionId,
    time::Timestamp,
};

use super::{Heard, PAGE, Reaction, Screen};
use crate::{
    client::{RequestQuery, SessionQuery, Subject},
    tui::{
        action::Action,
        effect::{Answer, Query},
        popup::{Detail, Plan},
        table::{List, Row, Sort, Table},
        theme::Look,
    },
};

/// No more are loaded, so that years of ended sessions fit into memory.
const MOST: u64 = 20_000;
/// Everything is loaded again this often: locks that ran out and sessions that expired change no record.
const WHOLE_EVERY: Duration = Duration::from_mins(1);
/// Clocks and writes of the daemon may be this far apart.
const OVERLAP: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub struct Sessions {
    table: Table<Session>,
    shows_ended: bool,
    /// When the last whole load began.
    whole: Option<Timestamp>,
    /// What changed before this moment is known.
    known: Timestamp,
    /// The whole that is being loaded, page by page.
    loading: Option<Vec<Session>>,
    /// Whether the first page of it has come.
    has_page: bool,
    /// Whether there are more than are loaded.
    is_cut: bool,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            table: Table::new(Some(Sort { column: columns::LAST, is_descending: true })),
            shows_ended: false,
            whole: None,
            known: Timestamp::default(),
            loading: None,
            has_page: false,
            is_cut: false,
        }
    }
}

impl Row for Session {
    type Id = SessionId;

    fn id(&self) -> SessionId {
        self.id
    }

    fn text(&self) -> Option<String> {
        Some(columns::text(self))
    }

    fn columns() -> &'static [crate::tui::table::Column<Self>] {
        columns::COLUMNS
    }
}

impl Screen for Sessions {
    fn ask(&mut self, is_full: bool, now: Timestamp) -> Vec<Query> {
        let is_due = self.whole.is_none_or(|whole| now.since(whole) >= WHOLE_EVERY);
        if is_full || is_due {
            self.loading = Some(Vec::new());
            (self.whole, self.known) = (Some(now), now);
            return vec![self.page(0), running()];
        }
        let since =
            Timestamp(self.known.0.saturating_sub(u64::try_from(OVERLAP.as_millis()).unwrap_or_default()));
        self.known = now;
        let changed =
            SessionQuery { changed_since: Some(since), limit: Some(PAGE), ..SessionQuery::default() };
        vec![Query::Sessions(changed), running()]
    }

    fn take(&mut self, query: &Query, answer: Answer, _now: Timestamp) -> Vec<Query> {
        match (query, answer) {
            (Query::Sessions(query), Answer::Sessions(page)) if query.changed_since.is_some() => {
                self.table.update(page.items);
                let next = page.next.map(|skip| SessionQuery { skip: Some(skip), ..query.clone() });
                next.map(Query::Sessions).into_iter().collect()
            }
            (Query::Sessions(_), Answer::Sessions(page)) => self.take_page(page),
            (_, Answer::Requests(page)) => {
                self.count(&page.items);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn is_ready(&self) -> bool {
        self.has_page
    }

    fn hear(&mut self, event: &Event) -> Heard {
        match event.event.as_str() {
            "lock" | "unlock" => Heard::All,
            // They come by the hundred; what is asked each second tells them all.
            "request_started" | "request_ended" | "refresh" => Heard::Nothing,
            _ => Heard::Changes,
        }
    }

    fn act(&mut self, action: Action, _now: Timestamp) -> Option<Reaction> {
        let sessions = || self.table.chosen().iter().map(|session| Subject::Session(session.id)).collect();
        let plan = match action {
            Action::Revoke => Plan::Revoke(sessions()),
            Action::Lock => Plan::Lock(sessions()),
            Action::Unlock => Plan::Unlock(self.locked()),
            Action::RevokeUser => Plan::Revoke(self.user()),
            Action::LockUser => Plan::Lock(self.user()),
            Action::UnlockUser => Plan::Unlock(self.user()),
            Action::RevokeDevice => Plan::Revoke(self.device()),
            Action::ShowEnded => {
                self.shows_ended = !self.shows_ended;
                return Some(Reaction::Refresh);
            }
            _ => return None,
        };
        Some(self.confirm(&plan))
    }

    fn list(&self) -> Option<&dyn List> {
        Some(&self.table)
    }

    fn list_mut(&mut self) -> Option<&mut dyn List> {
        Some(&mut self.table)
    }

    fn detail(&self, look: &Look) -> Option<Detail> {
        self.table.selected().map(|session| detail::detail(session, look.now))
    }

    fn note(&self) -> Option<String> {
        let which = if self.shows_ended { "all" } else { "signed in" };
        Some(if self.is_cut { format!("{which}, the newest {MOST}") } else { which.to_owned() })
    }

    fn empty(&self) -> &'static str {
        if self.shows_ended {
            "nobody has signed in yet"
        } else {
            "nobody is signed in; `e` shows ended sessions"
        }
    }
}

/// A request that begins changes no record of its session.
fn running() -> Query {
    Query::Requests(RequestQuery { limit: Some(PAGE), ..RequestQuery::default() })
}

impl Sessions {
    fn page(&self, skip: u64) -> Query {
        let state = (!self.shows_ended).then_some(SessionState::Active);
        let limit = Some(PAGE);
        Query::Sessions(SessionQuery { state, skip: Some(skip), limit, ..SessionQuery::default() })
    }

    fn take_page(&mut self, page: Page<Session>) -> Vec<Query> {
        let Some(loading) = &mut self.loading else { return Vec::new() };
        self.has_page = true;
        if self.table.is_empty() {
            // The first rows can be read while the others are on their way.
            self.table.update(page.items.clone());
        }
        loading.extend(page.items);
        self.is_cut = page.next.is_some_and(|next| next >= MOST);
        if let Some(skip) = page.next.filter(|next| *next < MOST) {
            return vec![self.page(skip)];
        }
        let whole = self.loading.take().unwrap_or_default();
        self.table.replace(whole);
        Vec::new()
    }

    fn count(&mut self, requests: &[Request]) {
        if requests.len() >= PAGE as usize {
            // There are more: what the sessions themselves said is nearer to the truth.
            return;
        }
        let mut counts: HashMap<SessionId, usize> = HashMap::new();
        for request in requests {
            *counts.entry(request.session).or_default() += 1;
        }
        self.table.edit(|session| {
            let count = counts.get(&session.id).copied().unwrap_or_default();
            std::mem::replace(&mut session.requests_in_flight, count) != count
        });
    }
}

#[cfg(test)]
pub mod tests;

//! The users: who they are, what they spent of what they may, and what was granted to them.

mod columns;
mod confirm;
mod detail;

use std::time::Duration;

use shared::{
    api::admin::{Event, Session, User},
    id::UserId,
    time::Timestamp,
};

use super::{Heard, PAGE, Reaction, Screen};
use crate::{
    client::{HolderQuery, SessionQuery},
    tui::{
        action::Action,
        effect::{Answer, Query},
        popup::Detail,
        table::{Column, List, Row, Sort, Table},
        theme::Look,
    },
};

/// Budgets of all users cost the daemon more than what other screens ask for.
const EVERY: Duration = Duration::from_secs(5);
/// Sessions that are listed of one user.
const MOST_SESSIONS: u32 = 50;

#[derive(Debug)]
pub struct Users {
    table: Table<User>,
    /// When the last load began.
    asked: Option<Timestamp>,
    loading: Vec<User>,
    /// The user whose details were opened last, with the newest sessions.
    opened: Option<UserId>,
    sessions: Option<Vec<Session>>,
}

impl Default for Users {
    fn default() -> Self {
        Self {
            table: Table::new(Some(Sort { column: columns::TODAY, is_descending: true })),
            asked: None,
            loading: Vec::new(),
            opened: None,
            sessions: None,
        }
    }
}

impl Row for User {
    type Id = UserId;

    fn id(&self) -> UserId {
        self.id.clone()
    }

    fn text(&self) -> Option<String> {
        Some(columns::text(self))
    }

    fn columns() -> &'static [Column<Self>] {
        columns::COLUMNS
    }
}

impl Screen for Users {
    fn ask(&mut self, is_full: bool, now: Timestamp) -> Vec<Query> {
        if !is_full && self.asked.is_some_and(|asked| now.since(asked) < EVERY) {
            return Vec::new();
        }
        self.asked = Some(now);
        self.loading.clear();
        let mut queries = vec![page(0)];
        queries.extend(self.opened.as_ref().map(of));
        queries
    }

    fn take(&mut self, query: &Query, answer: Answer, _now: Timestamp) -> Vec<Query> {
        match (query, answer) {
            (Query::Users(_), Answer::Users(found)) => {
                self.loading.extend(found.items);
                if let Some(skip) = found.next {
                    return vec![page(skip)];
                }
                self.table.replace(std::mem::take(&mut self.loading));
            }
            (Query::Sessions(query), Answer::Sessions(found)) if query.user == self.opened => {
                self.sessions = Some(found.items);
            }
            _ => {}
        }
        Vec::new()
    }

    fn hear(&mut self, event: &Event) -> Heard {
        match event.event.as_str() {
            "lock" | "unlock" | "grant" | "grant_end" | "revocation" | "reload" => Heard::All,
            _ => Heard::Nothing,
        }
    }

    fn act(&mut self, action: Action, now: Timestamp) -> Option<Reaction> {
        match action {
            Action::Open => self.open(),
            Action::Grant => Some(self.confirm_grant(now)),
            Action::EndGrant => Some(self.confirm_end(now)),
            Action::RevokeUser | Action::LockUser | Action::UnlockUser => Some(self.confirm(action)),
            _ => None,
        }
    }

    fn list(&self) -> Option<&dyn List> {
        Some(&self.table)
    }

    fn list_mut(&mut self) -> Option<&mut dyn List> {
        Some(&mut self.table)
    }

    fn detail(&self, look: &Look) -> Option<Detail> {
        let user = self.table.selected()?;
        let sessions = self.sessions.as_deref().filter(|_| self.opened.as_ref() == Some(&user.id));
        Some(detail::detail(user, sessions, look))
    }

    fn empty(&self) -> &'static str {
        "nobody has signed in yet"
    }
}

impl Users {
    fn open(&mut self) -> Option<Reaction> {
        let user = self.table.selected()?.id.clone();
        if self.opened.as_ref() != Some(&user) {
            self.sessions = None;
        }
        let queries = vec![of(&user)];
        self.opened = Some(user);
        Some(Reaction::Open(queries))
    }
}

fn page(skip: u64) -> Query {
    Query::Users(HolderQuery { skip: Some(skip), limit: Some(PAGE), ..HolderQuery::default() })
}

/// The newest sessions of a user.
fn of(user: &UserId) -> Query {
    let (user, limit) = (Some(user.clone()), Some(MOST_SESSIONS));
    Query::Sessions(SessionQuery { user, limit, ..SessionQuery::default() })
}

#[cfg(test)]
mod tests;

//! The audit trail, the newest record first: follows it, looks back, verifies that nothing was taken from it.

mod columns;
mod detail;

use ratatui::layout::Rect;
use shared::{
    api::admin::{AuditEntry, Event, Page, Verification},
    time::Timestamp,
};

use self::columns::Record;
use super::{Heard, PAGE, Reaction, Screen, names::Names};
use crate::{
    client::AuditQuery,
    tui::{
        action::Action,
        effect::{Answer, Failure, Query},
        popup::Detail,
        table::{List, Motion, Sort, Table},
        theme::Look,
    },
};

/// Records that are kept in memory; the oldest leave.
const MOST: usize = 20_000;

#[derive(Debug)]
pub struct Audit {
    table: Table<Record>,
    names: Names,
    /// Only records of this event.
    event: Option<String>,
    is_read: bool,
    newest: Option<u64>,
    /// The oldest record, if there may be older ones.
    oldest: Option<u64>,
    /// The newest record stays selected while nobody moves away from it.
    is_followed: bool,
    check: Check,
    /// What the popup tells: what came of the verification, else the selected record.
    shows_check: bool,
}

/// The verification of the whole trail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Check {
    #[default]
    Never,
    Running {
        since: Timestamp,
    },
    Done {
        at: Timestamp,
        found: Verification,
    },
    Failed(Failure),
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            table: Table::new(Some(Sort { column: columns::SEQUENCE, is_descending: true })),
            names: Names::default(),
            event: None,
            is_read: false,
            newest: None,
            oldest: None,
            is_followed: true,
            check: Check::Never,
            shows_check: false,
        }
    }
}

impl Screen for Audit {
    fn ask(&mut self, is_full: bool, _now: Timestamp) -> Vec<Query> {
        match self.newest.filter(|_| !is_full) {
            Some(newest) => vec![self.query(None, Some(newest))],
            None => vec![self.query(None, None), Names::ask()],
        }
    }

    fn take(&mut self, query: &Query, answer: Answer, now: Timestamp) -> Vec<Query> {
        match (query, answer) {
            (Query::Audit(query), Answer::Audit(page)) if query.event == self.event => {
                self.is_read = true;
                let next = page.next.filter(|_| query.after.is_some());
                self.add(query, page);
                next.map(|after| self.query(None, Some(after))).into_iter().collect()
            }
            (Query::Users(_), Answer::Users(page)) => {
                let next = self.names.take(page);
                let named = self.table.rows().map(|record| Record::new(record.entry.clone(), &self.names));
                let named = named.collect();
                self.table.update(named);
                next.into_iter().collect()
            }
            (Query::Verify, Answer::Verify(found)) => {
                self.check = Check::Done { at: now, found: *found };
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn is_ready(&self) -> bool {
        self.is_read
    }

    fn miss(&mut self, query: &Query, failure: &Failure) {
        if *query == Query::Verify {
            self.check = Check::Failed(failure.clone());
        }
    }

    fn hear(&mut self, event: &Event) -> Heard {
        if event.event.starts_with("request_") { Heard::Nothing } else { Heard::Changes }
    }

    fn act(&mut self, action: Action, now: Timestamp) -> Option<Reaction> {
        match action {
            Action::Open => {
                self.shows_check = false;
                None
            }
            Action::OneEvent => Some(self.narrow()),
            Action::Older => Some(self.look_back()),
            Action::Verify => Some(self.verify(now)),
            _ => None,
        }
    }

    fn list(&self) -> Option<&dyn List> {
        Some(&self.table)
    }

    fn list_mut(&mut self) -> Option<&mut dyn List> {
        Some(&mut self.table)
    }

    fn settle(&mut self, area: Rect) {
        self.table.settle(area);
        if self.is_followed {
            self.table.go(Motion::First);
            self.is_followed = false;
        }
    }

    fn detail(&self, look: &Look) -> Option<Detail> {
        if self.shows_check {
            return Some(detail::of_check(&self.check, look));
        }
        self.table.selected().map(|record| detail::of_record(record, look.now))
    }

    fn note(&self) -> Option<String> {
        let event = self.event.as_deref().unwrap_or("all events");
        let is_first = self.table.standing().position <= 1;
        Some(format!("{event}, {}", if is_first { "following" } else { "`g` follows" }))
    }

    fn empty(&self) -> &'static str {
        "nothing was recorded yet"
    }
}

impl Audit {
    fn query(&self, before: Option<u64>, after: Option<u64>) -> Query {
        let (event, limit) = (self.event.clone(), Some(PAGE));
        Query::Audit(AuditQuery { event, before, after, limit, ..AuditQuery::default() })
    }

    fn add(&mut self, query: &AuditQuery, page: Page<AuditEntry>) {
        let records: Vec<Record> =
            page.items.into_iter().map(|entry| Record::new(entry, &self.names)).collect();
        if query.after.is_some() && records.is_empty() {
            return;
        }
        self.is_followed = query.before.is_none() && self.table.standing().position <= 1;
        if query.before.is_none() && query.after.is_none() {
            self.table.replace(records);
        } else {
            self.table.update(records);
        }
        let has_forgotten = self.forget_oldest();
        let sequences = || self.table.rows().map(|record| record.entry.sequence);
        self.newest = sequences().max();
        if query.after.is_none() || has_forgotten {
            self.oldest = sequences().min().filter(|_| page.next.is_some() || has_forgotten);
        }
    }

    /// Says whether there was something to forget.
    fn forget_oldest(&mut self) -> bool {
        let count = self.table.standing().all;
        if count <= MOST + MOST / 10 {
            return false;
        }
        let mut kept: Vec<Record> = self.table.rows().cloned().collect();
        kept.sort_by_key(|record| std::cmp::Reverse(record.entry.sequence));
        kept.truncate(MOST);
        self.table.replace(kept);
        true
    }

    fn narrow(&mut self) -> Reaction {
        self.event = match (&self.event, self.table.selected()) {
            (None, Some(record)) => Some(record.entry.event.clone()),
            (None, None) => return Reaction::Say("there is no record to take the event of".to_owned()),
            (Some(_), _) => None,
        };
        Reaction::Refresh
    }

    fn look_back(&self) -> Reaction {
        match self.oldest {
            Some(oldest) => Reaction::Ask(vec![self.query(Some(oldest), None)]),
            None => Reaction::Say("there are no older records".to_owned()),
        }
    }

    fn verify(&mut self, now: Timestamp) -> Reaction {
        self.shows_check = true;
        if matches!(self.check, Check::Running { .. }) {
            return Reaction::Open(Vec::new());
        }
        self.check = Check::Running { since: now };
        Reaction::Open(vec![Query::Verify])
    }
}

#[cfg(test)]
mod tests;

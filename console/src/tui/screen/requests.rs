//! What runs this second: users, the Claude Code sessions of each, and in each the main conversation and its subagents.

mod columns;
mod confirm;
mod tree;

use ratatui::layout::Rect;
use shared::{
    api::admin::{Event, Request},
    time::Timestamp,
};

use self::tree::{Kind, Node};
use super::{Heard, Reaction, Screen};
use crate::{
    client::RequestQuery,
    tui::{
        action::Action,
        effect::{Answer, Query},
        format::{count, many},
        popup::{Detail, Plan},
        table::{List, Table},
        theme::Look,
    },
};

/// The daemon gives no more at once.
const MOST: u32 = 1000;

#[derive(Debug)]
pub struct Requests {
    running: Vec<Request>,
    table: Table<Node>,
    /// The filter that the tree was made with.
    filter: String,
}

impl Default for Requests {
    fn default() -> Self {
        Self { running: Vec::new(), table: Table::new(None), filter: String::new() }
    }
}

impl Screen for Requests {
    fn ask(&mut self, _is_full: bool, _now: Timestamp) -> Vec<Query> {
        vec![Query::Requests(RequestQuery { limit: Some(MOST), ..RequestQuery::default() })]
    }

    fn take(&mut self, _query: &Query, answer: Answer, _now: Timestamp) -> Vec<Query> {
        if let Answer::Requests(page) = answer {
            self.running = page.items;
            self.grow();
        }
        Vec::new()
    }

    fn hear(&mut self, event: &Event) -> Heard {
        match event.event.as_str() {
            "request_started" | "request_ended" | "revocation" | "lock" => Heard::Changes,
            _ => Heard::Nothing,
        }
    }

    fn act(&mut self, action: Action, _now: Timestamp) -> Option<Reaction> {
        let plan = match action {
            Action::Revoke => Plan::Revoke(self.subjects()),
            Action::Lock => Plan::Lock(self.subjects()),
            Action::RevokeUser => Plan::Revoke(self.user()),
            Action::LockUser => Plan::Lock(self.user()),
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

    fn settle(&mut self, area: Rect) {
        // A parent stays while one of its children fits the filter, so the tree is made of what fits.
        if self.table.filter().text() != self.filter {
            self.grow();
        }
        self.table.settle(area);
    }

    fn detail(&self, look: &Look) -> Option<Detail> {
        self.table.selected().map(|node| columns::detail(node, look.now))
    }

    fn note(&self) -> Option<String> {
        let users = self.table.rows().filter(|node| node.kind() == Kind::User).count() as u64;
        let out: u64 = self.running.iter().map(|request| request.tokens.output).sum();
        let all = if self.running.len() < MOST as usize { "" } else { "the oldest " };
        let requests = format!("{all}{}", many(self.running.len() as u64, "request"));
        Some(format!("{requests} of {}, {} tokens out", many(users, "user"), count(out)))
    }

    fn empty(&self) -> &'static str {
        "nothing runs this second"
    }
}

impl Requests {
    fn grow(&mut self) {
        let filter = self.table.filter();
        self.filter = filter.text().to_owned();
        let fitting = self.running.iter().filter(|request| filter.shows(&tree::text(request)));
        let nodes = tree::grow(fitting);
        self.table.replace(nodes);
    }
}

#[cfg(test)]
mod tests;

//! What was used: by user, by model, by session, by day; of today, of a week, of a month, of all time.

mod columns;
mod line;

use std::{collections::HashMap, time::Duration};

use ratatui::{buffer::Buffer, layout::Rect};
use shared::{
    api::admin::Session,
    time::{Period, Timestamp},
};

use self::line::{Line, Total};
use super::{PAGE, Reaction, Screen, names::Names};
use crate::{
    client::{SessionQuery, SessionSort, UsageBy, UsageQuery},
    tui::{
        action::Action,
        effect::{Answer, Query},
        popup::Detail,
        table::{List, Sort, Table},
        theme::Look,
        view::paint,
    },
};

/// Sums over months cost the daemon more than what other screens ask for.
const EVERY: Duration = Duration::from_secs(5);
const DAY: u64 = 86_400_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    Today,
    Days(u64),
    All,
}

#[derive(Debug)]
pub struct UsageSums {
    table: Table<Line>,
    by: UsageBy,
    range: Range,
    total: Total,
    names: Names,
    /// What sessions are called, by their ids.
    sessions: HashMap<String, String>,
    asked: Option<Timestamp>,
    is_summed: bool,
}

impl Default for UsageSums {
    fn default() -> Self {
        Self {
            table: Table::new(Some(order(UsageBy::User))),
            by: UsageBy::User,
            range: Range::Today,
            total: Total::default(),
            names: Names::default(),
            sessions: HashMap::new(),
            asked: None,
            is_summed: false,
        }
    }
}

impl Screen for UsageSums {
    fn ask(&mut self, is_full: bool, now: Timestamp) -> Vec<Query> {
        if !is_full && self.asked.is_some_and(|asked| now.since(asked) < EVERY) {
            return Vec::new();
        }
        self.asked = Some(now);
        let sums =
            Query::Usage(UsageQuery { by: self.by, from: self.from(now), to: None, limit: Some(PAGE) });
        match self.by {
            UsageBy::User if is_full => vec![sums, Names::ask()],
            UsageBy::Session if is_full => vec![sums, recent_sessions()],
            _ => vec![sums],
        }
    }

    fn take(&mut self, query: &Query, answer: Answer, _now: Timestamp) -> Vec<Query> {
        match (query, answer) {
            (Query::Usage(query), Answer::Usage(page)) if query.by == self.by => {
                self.is_summed = true;
                self.total = Total::of(&page.items);
                let lines = page.items.into_iter().map(|usage| Line::new(usage, self.total)).collect();
                self.table.replace(lines);
                self.name();
                Vec::new()
            }
            (Query::Users(_), Answer::Users(page)) => {
                let next = self.names.take(page);
                self.name();
                next.into_iter().collect()
            }
            (Query::Sessions(_), Answer::Sessions(page)) => {
                self.sessions.extend(page.items.iter().map(|it| (it.id.to_string(), called(it))));
                self.name();
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn is_ready(&self) -> bool {
        self.is_summed
    }

    fn act(&mut self, action: Action, _now: Timestamp) -> Option<Reaction> {
        match action {
            Action::SumBy => {
                self.by = next_by(self.by);
                self.table = Table::new(Some(order(self.by)));
                self.total = Total::default();
            }
            Action::TimeRange => self.range = self.range.next(),
            _ => return None,
        }
        Some(Reaction::Refresh)
    }

    fn list(&self) -> Option<&dyn List> {
        Some(&self.table)
    }

    fn list_mut(&mut self) -> Option<&mut dyn List> {
        Some(&mut self.table)
    }

    fn settle(&mut self, area: Rect) {
        self.table.settle(above(area));
    }

    fn detail(&self, _look: &Look) -> Option<Detail> {
        self.table.selected().map(|line| line.detail(self.by.as_str()))
    }

    fn note(&self) -> Option<String> {
        Some(format!("by {}, {}", self.by.as_str(), self.range.words()))
    }

    fn empty(&self) -> &'static str {
        "nothing was used in this time; `t` takes another, `b` sums by something else"
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look) {
        self.table.draw(above(area), buffer, look);
        let last = Rect { y: area.bottom().saturating_sub(1), height: 1.min(area.height), ..area };
        paint::line(buffer, last, &self.total.words(), look);
    }
}

/// What the totals leave.
fn above(area: Rect) -> Rect {
    Rect { height: area.height.saturating_sub(1), ..area }
}

impl UsageSums {
    /// Gives the rows the names that are known by now.
    fn name(&mut self) {
        let named = self.table.rows().map(|line| {
            let name = match self.by {
                UsageBy::User => self.names.call(&shared::id::UserId::new(line.key())).to_owned(),
                UsageBy::Session => {
                    self.sessions.get(line.key()).cloned().unwrap_or_else(|| line.key().to_owned())
                }
                UsageBy::Model | UsageBy::Day => line.key().to_owned(),
            };
            line.clone().called(name)
        });
        let named = named.collect();
        self.table.update(named);
    }

    fn from(&self, now: Timestamp) -> Option<Timestamp> {
        match self.range {
            Range::Today => Some(Period::Day.around(now).start),
            Range::Days(days) => Some(Timestamp(now.0.saturating_sub(days * DAY))),
            Range::All => None,
        }
    }
}

impl Range {
    fn next(self) -> Self {
        match self {
            Self::Today => Self::Days(7),
            Self::Days(7) => Self::Days(30),
            Self::Days(_) => Self::All,
            Self::All => Self::Today,
        }
    }

    fn words(self) -> String {
        match self {
            Self::Today => "today (UTC)".to_owned(),
            Self::Days(days) => format!("the last {days} days"),
            Self::All => "all time".to_owned(),
        }
    }
}

fn next_by(by: UsageBy) -> UsageBy {
    match by {
        UsageBy::User => UsageBy::Model,
        UsageBy::Model => UsageBy::Session,
        UsageBy::Session => UsageBy::Day,
        UsageBy::Day => UsageBy::User,
    }
}

/// The dearest first; of days, the last.
fn order(by: UsageBy) -> Sort {
    let column = if by == UsageBy::Day { columns::NAME } else { columns::COST };
    Sort { column, is_descending: true }
}

fn recent_sessions() -> Query {
    let (sort, limit) = (Some(SessionSort::Used), Some(PAGE));
    Query::Sessions(SessionQuery { sort, limit, ..SessionQuery::default() })
}

fn called(session: &Session) -> String {
    let (user, device) = (super::sessions::columns::user(session), super::sessions::columns::device(session));
    let device = device.map(|device| format!(" on {device}")).unwrap_or_default();
    format!("{user}{device}, {}", session.id)
}

#[cfg(test)]
mod tests;

//! One sum, and the sum of all.

use shared::{
    api::admin::Usage,
    usage::{Money, Tokens},
};

use super::columns;
use crate::tui::{
    format::{self, many},
    popup::Detail,
    table::{Column, Row},
    theme::Tone,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub usage: Usage,
    pub name: String,
    /// Of the cost of all, in thousandths.
    pub share: u64,
}

impl Line {
    pub fn new(usage: Usage, total: Total) -> Self {
        let share = usage.cost.micros().saturating_mul(1000).checked_div(total.cost.micros());
        Self { name: usage.key.clone(), share: share.unwrap_or_default(), usage }
    }

    pub fn key(&self) -> &str {
        &self.usage.key
    }

    pub fn called(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// Requests whose counts are estimated, in thousandths.
    pub fn estimated(&self) -> u64 {
        self.usage.estimated.saturating_mul(1000).checked_div(self.usage.requests).unwrap_or_default()
    }

    pub fn detail(&self, by: &'static str) -> Detail {
        let Usage { key, requests, estimated, tokens, cost } = &self.usage;
        Detail::new(self.name.clone())
            .pair(by, key.clone())
            .pair("requests", requests.to_string())
            .pair("estimated", many(*estimated, "request"))
            .heading("Tokens")
            .pair("input", tokens.input.to_string())
            .pair("output", tokens.output.to_string())
            .pair("read from cache", tokens.cache_read.to_string())
            .pair("written to cache", tokens.cache_write.to_string())
            .pair("for an hour", tokens.cache_write_hour.to_string())
            .heading("Money")
            .pair("cost", cost.to_string())
            .pair("share", columns::percent(self.share))
    }
}

impl Row for Line {
    type Id = String;

    fn id(&self) -> String {
        self.usage.key.clone()
    }

    fn text(&self) -> Option<String> {
        Some(format!("{} {}", self.name, self.usage.key))
    }

    fn columns() -> &'static [Column<Self>] {
        columns::COLUMNS
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    requests: u64,
    estimated: u64,
    tokens: Tokens,
    cost: Money,
}

impl Total {
    pub fn of(all: &[Usage]) -> Self {
        Self {
            requests: all.iter().map(|usage| usage.requests).sum(),
            estimated: all.iter().map(|usage| usage.estimated).sum(),
            tokens: all.iter().map(|usage| usage.tokens).sum(),
            cost: all.iter().map(|usage| usage.cost).sum(),
        }
    }

    pub fn words(&self) -> Vec<(String, Tone)> {
        let part = |share: u64, all: u64| share.saturating_mul(1000).checked_div(all).unwrap_or_default();
        let estimated = part(self.estimated, self.requests);
        let mut words = vec![
            ("  total  ".to_owned(), Tone::Dim),
            (self.cost_in_cents(), Tone::Strong),
            (format!("  {}", many(self.requests, "request")), Tone::Plain),
            (format!("  {} tokens", format::count(self.tokens.total())), Tone::Plain),
            (format!("  {} cached", columns::percent(columns::cached(self.tokens))), Tone::Plain),
        ];
        if self.estimated > 0 {
            words.push((format!("  {} estimated", columns::percent(estimated)), Tone::Warn));
        }
        words
    }

    fn cost_in_cents(&self) -> String {
        format::money(self.cost)
    }
}

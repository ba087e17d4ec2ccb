//! What the table of sums shows.

use shared::usage::Tokens;

use super::line::Line;
use crate::tui::{
    format, graph,
    table::{Cell, Column},
    theme::{Look, Tone},
};

/// Places of columns by which the table is sorted at first.
pub const NAME: usize = 0;
pub const COST: usize = 6;

const BAR: u64 = 10;

pub const COLUMNS: &[Column<Line>] = &[
    Column::new("NAME", (19, 72), |it: &Line, _| Cell::plain(it.name.clone()))
        .sorted(|a, b| a.name.cmp(&b.name)),
    Column::new("REQUESTS", (8, 9), |it: &Line, _| Cell::plain(format::count(it.usage.requests)))
        .sorted(|a, b| a.usage.requests.cmp(&b.usage.requests))
        .right(),
    Column::new("INPUT", (7, 9), |it: &Line, _| Cell::plain(format::count(it.usage.tokens.prompt())))
        .sorted(|a, b| a.usage.tokens.prompt().cmp(&b.usage.tokens.prompt()))
        .right()
        .dispensable(3),
    Column::new("CACHED", (7, 9), |it: &Line, _| Cell::plain(percent(cached(it.usage.tokens))))
        .sorted(|a, b| cached(a.usage.tokens).cmp(&cached(b.usage.tokens)))
        .right()
        .dispensable(2),
    Column::new("OUTPUT", (7, 9), |it: &Line, _| Cell::plain(format::count(it.usage.tokens.output)))
        .sorted(|a, b| a.usage.tokens.output.cmp(&b.usage.tokens.output))
        .right()
        .dispensable(4),
    Column::new("TOKENS", (7, 9), |it: &Line, _| Cell::plain(format::count(it.usage.tokens.total())))
        .sorted(|a, b| a.usage.tokens.total().cmp(&b.usage.tokens.total()))
        .right(),
    Column::new("COST", (9, 12), |it: &Line, _| Cell::new(format::money(it.usage.cost), Tone::Strong))
        .sorted(|a, b| a.usage.cost.cmp(&b.usage.cost))
        .right(),
    Column::new("SHARE", (16, 16), share).sorted(|a, b| a.share.cmp(&b.share)).right(),
    Column::new("EST.", (6, 6), estimated).sorted(|a, b| a.estimated().cmp(&b.estimated())).right(),
];

fn share(line: &Line, look: &Look) -> Cell {
    Cell::new(format!("{}{:>6}", graph::bar(line.share, BAR, look), percent(line.share)), Tone::Graph)
}

/// What is exact needs no sign.
fn estimated(line: &Line, _: &Look) -> Cell {
    match line.estimated() {
        0 => Cell::none(),
        share => Cell::new(format!("~{}", percent(share)), Tone::Warn),
    }
}

/// What of the prompts came from the cache, in thousandths.
pub fn cached(tokens: Tokens) -> u64 {
    tokens.cache_read.saturating_mul(1000).checked_div(tokens.prompt()).unwrap_or_default()
}

/// Thousandths: `0%`, `0.4%`, `34%`.
pub fn percent(thousandths: u64) -> String {
    match thousandths {
        1..10 => format!("0.{thousandths}%"),
        _ => format!("{}%", thousandths / 10),
    }
}

//! What the tree of requests shows of each line.

use std::time::Duration;

use shared::time::Timestamp;

use super::tree::{self, Kind, Node};
use crate::tui::{
    format::{self, many},
    popup::Detail,
    table::{Cell, Column},
    theme::{Look, Tone},
};

/// A request that takes longer is worth a look.
const LONG: Duration = Duration::from_mins(5);

pub const COLUMNS: &[Column<Node>] = &[
    Column::new("WHO", (34, 60), who),
    Column::new("MODEL", (12, 30), |it, _| of_request(it, |request| format::model(request.model.as_str())))
        .dispensable(2),
    Column::new("VIA", (8, 12), |it, _| of_request(it, |request| request.surface.as_str())).dispensable(4),
    Column::new("CLIENT", (8, 16), |it, _| {
        of_request(it, |request| request.user_agent.as_deref().map_or("-", format::client))
    })
    .dispensable(3),
    Column::new("PROMPT", (6, 6), |it, _| figure(it, it.tokens().prompt())).right().dispensable(1),
    Column::new("OUTPUT", (6, 6), |it, _| figure(it, it.tokens().output)).right(),
    Column::new("AGE", (6, 6), age).right(),
];

fn who(node: &Node, look: &Look) -> Cell {
    let [more, last, beside] = look.theme.symbols.branch;
    let branch = if node.is_last { last } else { more };
    let label = node.label();
    match node.kind() {
        Kind::User => {
            Cell::new(format!("{label} ({})", many(node.requests.len() as u64, "request")), Tone::Strong)
        }
        Kind::Session => Cell::plain(format!("{branch}{label}")),
        Kind::Request if node.is_parent_last => Cell::plain(format!("   {branch}{label}")),
        Kind::Request => Cell::plain(format!("{beside}{branch}{label}")),
    }
}

fn of_request(node: &Node, of: impl Fn(&shared::api::admin::Request) -> &str) -> Cell {
    match (node.kind(), node.requests.first()) {
        (Kind::Request, Some(request)) => Cell::plain(of(request).to_owned()),
        _ => Cell::plain(""),
    }
}

/// Sums are paler than what they are made of.
fn figure(node: &Node, figure: u64) -> Cell {
    let tone = if node.kind() == Kind::Request { Tone::Plain } else { Tone::Dim };
    Cell::new(format::count(figure), tone)
}

fn age(node: &Node, look: &Look) -> Cell {
    let age = look.now.since(node.started());
    let tone = match node.kind() {
        Kind::Request if age >= LONG => Tone::Warn,
        Kind::Request => Tone::Plain,
        Kind::User | Kind::Session => Tone::Dim,
    };
    Cell::new(format::span(age), tone)
}

pub fn detail(node: &Node, now: Timestamp) -> Detail {
    let detail = Detail::new(node.label());
    let Some(request) = node.requests.first() else { return detail };
    let age = format!("{}, {} ago", node.started(), format::span(now.since(node.started())));
    let detail = detail
        .pair("user", tree::user(request))
        .pair("user id", request.user.as_str())
        .pair("requests", node.requests.len().to_string())
        .pair("tokens so far", node.tokens().to_string())
        .pair("since", age);
    if node.kind() == Kind::User {
        return detail;
    }
    let detail = detail
        .pair("session", request.session.to_string())
        .maybe("device", request.device_id.as_ref().map(|id| id.as_str().to_owned()))
        .maybe("Claude Code", request.client_session.clone())
        .maybe("user agent", request.user_agent.clone());
    if node.kind() == Kind::Session {
        return detail;
    }
    detail
        .pair("request", request.id.as_str())
        .pair("model", request.model.as_str())
        .pair("surface", request.surface.clone())
        .maybe("subagent", request.client_agent.clone())
}

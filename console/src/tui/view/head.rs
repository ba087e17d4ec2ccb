//! The two lines above a screen: how the daemon is and how old that is, and the tabs.

use std::time::Duration;

use ratatui::buffer::Buffer;
use shared::api::admin::{HealthState, Status};

use super::{
    areas::{self, Areas},
    paint,
};
use crate::tui::{
    effect::Failure,
    format::{self, many},
    model::{LinkState, Model},
    theme::Tone,
};

/// Answers come each second; what is older than this is called old.
const OLD: Duration = Duration::from_secs(3);

type Piece = (String, Tone);

pub fn draw(model: &Model, areas: &Areas, buffer: &mut Buffer) {
    let look = model.look();
    let right = standing(model);
    let room = areas.head.width.saturating_sub(paint::line_width(&right) + 2);
    paint::line_right(buffer, areas.head, &right, &look);
    let mut left = vec![("Sallyport".to_owned(), Tone::Accent)];
    let work = model.work.as_ref().map(|work| (work.summary(), Tone::Accent));
    for piece in work.into_iter().chain(model.status.iter().flat_map(summary)) {
        let separator = (format!(" {} ", look.theme.symbols.separator), Tone::Dim);
        let longer = [left.as_slice(), &[separator, piece]].concat();
        if paint::line_width(&longer) > room {
            break;
        }
        left = longer;
    }
    paint::line(buffer, areas.head, &left, &look);
    tabs(model, areas, buffer);
}

fn tabs(model: &Model, areas: &Areas, buffer: &mut Buffer) {
    let look = model.look();
    for tab in areas::tabs() {
        let tone = if tab.place == model.current { Tone::Selected } else { Tone::Dim };
        let at = (areas.tabs.x + tab.span.start, areas.tabs.y);
        paint::put(buffer, at, tab.span.end - tab.span.start, &tab.text, (look.style(tone), &look));
    }
}

/// What the daemon says of itself, the most important first.
fn summary(status: &Status) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if !status.ready {
        pieces.push(("not ready".to_owned(), Tone::Bad));
    }
    for part in &status.health {
        match part.state {
            HealthState::Down => pieces.push((format!("{} down", part.part), Tone::Bad)),
            HealthState::Degraded => pieces.push((format!("{} degraded", part.part), Tone::Warn)),
            HealthState::Ok | HealthState::Unknown => {}
        }
    }
    pieces.push((many(status.requests_in_flight as u64, "request"), Tone::Plain));
    pieces.push((format!("{} in use", many(status.sessions_in_use as u64, "session")), Tone::Plain));
    pieces.push((format!("up {}", format::span(Duration::from_secs(status.uptime_seconds))), Tone::Dim));
    pieces.push((status.version.clone(), Tone::Dim));
    pieces
}

/// Who asks, and whether what is shown is current.
fn standing(model: &Model) -> Vec<Piece> {
    let dot = model.theme.symbols.dot;
    let age = model.link.heard.map(|heard| model.now.since(heard));
    let (text, tone) = match (&model.link.state, age) {
        (LinkState::Connecting, _) | (_, None) if !is_down(model) => ("connecting".to_owned(), Tone::Dim),
        (LinkState::Down { failure, .. }, None) => (away(failure).to_owned(), Tone::Bad),
        (LinkState::Down { failure, .. }, Some(age)) => {
            (format!("{}, {} old", away(failure), format::span(age)), Tone::Bad)
        }
        (_, Some(age)) if age > OLD => (format!("no answer for {}", format::span(age)), Tone::Warn),
        _ => ("live".to_owned(), Tone::Good),
    };
    let mut pieces = Vec::new();
    if let Some(role) = role(model) {
        pieces.push((format!("{role}  "), Tone::Dim));
    }
    pieces.push((format!("{dot} {text}"), tone));
    pieces
}

/// A daemon that refuses, or that is not understood, is there.
fn away(failure: &Failure) -> &'static str {
    if failure.is_unreachable { "not reachable" } else { "not usable" }
}

fn is_down(model: &Model) -> bool {
    matches!(model.link.state, LinkState::Down { .. })
}

fn role(model: &Model) -> Option<&str> {
    if model.is_read_only {
        return Some("read-only");
    }
    model.status.as_ref().and_then(|status| status.role.as_deref())
}

//! The screen in its frame, or why there is nothing in it.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{areas, paint};
use crate::tui::{
    effect::Failure,
    model::{LinkState, Model, Slot},
    screen,
    table::List,
    theme::Tone,
};

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let look = model.look();
    let Some(slot) = model.slot() else { return };
    let inside = paint::framed(buffer, area, &title(model, slot), &look);
    if !slot.is_loaded {
        return paint::sentences(buffer, inside, &unloaded(model, slot), &look);
    }
    let panel = slot.screen.panel(&look);
    let main = areas::above(inside, panel.len());
    let below = Rect { y: main.bottom(), height: inside.height - main.height, ..inside };
    paint::lines(buffer, below, &panel, 0, &look);
    match slot.screen.list().and_then(|list| nothing_in(list, slot)) {
        Some(words) => paint::sentences(buffer, main, &words, &look),
        None => slot.screen.draw(main, buffer, &look),
    }
}

fn title(model: &Model, slot: &Slot) -> Vec<(String, Tone)> {
    let name = screen::ALL.get(model.current).map_or("", |entry| entry.title);
    let mut parts = vec![(name.to_owned(), Tone::Accent)];
    if slot.is_loaded {
        parts.extend(slot.screen.note().map(|note| (note, Tone::Dim)));
        parts.extend(slot.screen.list().into_iter().flat_map(standing));
    }
    let separator = format!(" {} ", model.theme.symbols.separator);
    let mut pieces = vec![(" ".to_owned(), Tone::Plain)];
    for (turn, part) in parts.into_iter().enumerate() {
        if turn > 0 {
            pieces.push((separator.clone(), Tone::Border));
        }
        pieces.push(part);
    }
    pieces.push((" ".to_owned(), Tone::Plain));
    pieces
}

fn standing(list: &dyn List) -> Vec<(String, Tone)> {
    let standing = list.standing();
    let filter = list.filter().text();
    let of = if filter.is_empty() { String::new() } else { format!(" of {}", standing.all) };
    let mut parts = vec![(format!("{}/{}{of}", standing.position, standing.shown), Tone::Strong)];
    if standing.marked > 0 {
        parts.push((format!("{} marked", standing.marked), Tone::Marked));
    }
    if !filter.is_empty() {
        parts.push((format!("/{filter}"), Tone::Warn));
    }
    parts
}

fn unloaded(model: &Model, slot: &Slot) -> Vec<(String, Tone)> {
    let of_link = match &model.link.state {
        LinkState::Down { failure, .. } if slot.screen.needs_daemon() => Some(failure),
        LinkState::Down { .. } | LinkState::Connecting | LinkState::Up => None,
    };
    match of_link.or(slot.failure.as_ref()) {
        Some(failure) => explained(failure),
        None => vec![("loading".to_owned(), Tone::Dim)],
    }
}

/// A failure, and what to do about it.
fn explained(failure: &Failure) -> Vec<(String, Tone)> {
    let mut words = vec![(failure.message.clone(), Tone::Bad)];
    words.extend(failure.hint.as_ref().map(|hint| (format!("hint: {hint}"), Tone::Plain)));
    words.push(("it is tried again by itself".to_owned(), Tone::Dim));
    words
}

fn nothing_in(list: &dyn List, slot: &Slot) -> Option<Vec<(String, Tone)>> {
    let standing = list.standing();
    if standing.shown > 0 {
        return None;
    }
    let filter = list.filter().text();
    if filter.is_empty() {
        return Some(vec![(slot.screen.empty().to_owned(), Tone::Dim)]);
    }
    let words = format!("none of {} fits the filter `{filter}`", standing.all);
    Some(vec![(words, Tone::Plain), ("Esc takes the filter away".to_owned(), Tone::Dim)])
}

//! The two lines below a screen: what is being typed or what just happened, and the keys that matter here.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::paint;
use crate::tui::{
    action::Action,
    format,
    keys::{self, Binding, Context, Mode},
    model::{LinkState, Model},
    prompt::{Prompt, Purpose, fitting},
    theme::Tone,
    update::candidates,
};

/// Draws the message line; says where the cursor is if something is typed there.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let look = model.look();
    if let Some(prompt) = &model.prompt {
        return Some(typing(model, prompt, area, buffer));
    }
    let (text, tone) = message(model)?;
    paint::put(buffer, (area.x, area.y), area.width, &text, (look.style(tone), &look));
    None
}

fn message(model: &Model) -> Option<(String, Tone)> {
    if let Some(notice) = &model.notice {
        return Some((notice.text.clone(), notice.tone));
    }
    let slot = model.slot().filter(|slot| slot.is_loaded)?;
    let failure = match &model.link.state {
        LinkState::Down { failure, .. } if slot.screen.needs_daemon() => failure,
        LinkState::Down { .. } | LinkState::Connecting | LinkState::Up => slot.failure.as_ref()?,
    };
    let hint = failure.hint.as_ref().map(|hint| format!("; hint: {hint}")).unwrap_or_default();
    Some((format!("{}{hint}", failure.message), Tone::Bad))
}

fn typing(model: &Model, prompt: &Prompt, area: Rect, buffer: &mut Buffer) -> Position {
    let look = model.look();
    let before = format!("{}{}", prompt.sign(), prompt.input.before());
    // The end of a long line is what is being typed.
    let room = usize::from(area.width.saturating_sub(1));
    let excess = format::width(&before).saturating_sub(room);
    let before: String = before.chars().skip(excess).collect();
    let ghost = ghost(model, prompt).unwrap_or_default();
    let pieces =
        [(before.clone(), Tone::Strong), (prompt.input.after().to_owned(), Tone::Strong), (ghost, Tone::Dim)];
    paint::line(buffer, area, &pieces, &look);
    let shift = u16::try_from(format::width(&before)).unwrap_or(area.width);
    Position::new(area.x + shift.min(area.width.saturating_sub(1)), area.y)
}

/// What `Tab` would add, and what else begins so.
fn ghost(model: &Model, prompt: &Prompt) -> Option<String> {
    if !matches!(prompt.purpose, Purpose::Command { .. }) || !prompt.input.after().is_empty() {
        return None;
    }
    let (stem, candidates) = (prompt.input.text(), candidates(model));
    let fitting: Vec<&str> = fitting(&candidates, &stem).filter(|it| *it != stem).collect();
    let (first, others) = fitting.split_first()?;
    let rest = first.get(stem.len()..).unwrap_or_default();
    Some(if others.is_empty() { rest.to_owned() } else { format!("{rest}   {}", others.join(" ")) })
}

pub fn hints(model: &Model, area: Rect, buffer: &mut Buffer) {
    let look = model.look();
    let mut pieces = Vec::new();
    for (key, words) in wanted(model) {
        let gap = if pieces.is_empty() { "" } else { "  " };
        let longer = [(format!("{gap}{key}"), Tone::Accent), (format!(" {words}"), Tone::Dim)];
        let both = [pieces.as_slice(), longer.as_slice()].concat();
        if paint::line_width(&both) > area.width {
            break;
        }
        pieces = both;
    }
    paint::line(buffer, area, &pieces, &look);
}

/// The first key of each binding that is worth a place, with the action's name.
fn wanted(model: &Model) -> Vec<(String, &'static str)> {
    let mode = model.mode();
    let is_filter = model.prompt.as_ref().is_some_and(|prompt| prompt.sign() == '/');
    let named = keys::bindings(mode, model.screen_name()).filter_map(|binding| {
        let words = short(binding.action, mode, binding.context)?;
        if is_filter && binding.action == Action::Complete {
            return None;
        }
        Some((rank(binding), binding.keys.first()?.to_string(), words))
    });
    let mut wanted: Vec<(u8, String, &'static str)> = named.collect();
    wanted.sort_by_key(|(rank, ..)| *rank);
    wanted.into_iter().map(|(_, key, words)| (key, words)).collect()
}

/// The way to all the others comes first, then what a screen is for, then what every screen has.
fn rank(binding: &Binding) -> u8 {
    let is_capital = |key: &String| key.len() == 1 && key.chars().all(char::is_uppercase);
    match binding.context {
        _ if binding.action == Action::Help => 0,
        Context::Screen(_)
            if binding.keys.first().map(ToString::to_string).as_ref().is_some_and(is_capital) =>
        {
            3
        }
        Context::Screen(_) => 1,
        _ => 2,
    }
}

fn short(action: Action, mode: Mode, context: Context) -> Option<&'static str> {
    Some(match action {
        Action::Open => "open",
        Action::Mark => "mark",
        Action::Filter => "filter",
        Action::Command => "command",
        Action::SortNext => "sort",
        Action::Help => "help",
        Action::Accept if mode == Mode::Form => "go on",
        Action::Accept => "take it",
        Action::Complete => "complete",
        Action::NextField => "next",
        Action::Back if matches!(mode, Mode::Form | Mode::Prompt) => "cancel",
        Action::Back if mode != Mode::Main => "close",
        Action::Down if matches!(mode, Mode::Help | Mode::Detail) => "scroll",
        Action::Quit if context != Context::Always => "quit",
        action if matches!(context, Context::Screen(_)) => action.name()?,
        _ => return None,
    })
}

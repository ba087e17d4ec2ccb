//! The one place where the model changes: a message comes in, effects go out. Pure, so that a test can play any day.

mod act;
mod answer;
mod command;
mod job;
mod mouse;
mod tick;
mod typed;

use ratatui::layout::Size;
use shared::api::admin::Event;

pub use self::{answer::sentence, command::candidates};

use super::{
    effect::Effect,
    model::{LinkState, Model},
    msg::Msg,
    popup::Popup,
    screen::Heard,
    view,
};

/// An event leads to a question this much later, so that a storm of events leads to few questions.
const SOON: std::time::Duration = std::time::Duration::from_millis(300);

pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let effects = dispatch(model, msg);
    if model.is_changed {
        let area = model.main_part();
        if let Some(slot) = model.slot_mut() {
            slot.screen.settle(area);
        }
        keep_scroll(model);
    }
    effects
}

fn dispatch(model: &mut Model, msg: Msg) -> Vec<Effect> {
    // Time and events alone do not make a frame due; they say so themselves.
    model.is_changed |= !matches!(msg, Msg::Tick | Msg::Happened(_));
    match msg {
        Msg::Tick => return tick::tick(model),
        Msg::Key(key) => return typed::key(model, key),
        Msg::Paste(text) => return typed::paste(model, &text),
        Msg::Mouse(event) => return mouse::mouse(model, event),
        Msg::Answered { asker, query, result } => return answer::answered(model, asker, &query, result),
        Msg::Carried { order, outcome } => return answer::carried(model, &order, outcome),
        Msg::Resize { width, height } => model.size = Size::new(width, height),
        Msg::Worked(shown) => job::worked(model, shown),
        Msg::Finished { job, result } => job::finished(model, &job, &result),
        Msg::Following => model.link.is_open = true,
        Msg::Happened(events) => happened(model, &events),
        Msg::Unfollowed(failure) => unfollowed(model, failure.is_some()),
        Msg::Stop => model.is_over = true,
    }
    Vec::new()
}

fn happened(model: &mut Model, events: &[Event]) {
    let Some(slot) = model.slot_mut() else { return };
    let heard = events.iter().map(|event| slot.screen.hear(event)).max_by_key(|heard| rank(*heard));
    hear(model, heard.unwrap_or(Heard::Nothing));
}

/// What happened between the end of a stream and the next one was missed.
fn unfollowed(model: &mut Model, has_failed: bool) {
    let link = &mut model.link;
    let was_open = std::mem::take(&mut link.is_open);
    link.is_following = false;
    link.follow_due = model.now + tick::pause(if has_failed { tick::SELDOM } else { 0 });
    if was_open {
        hear(model, Heard::All);
    }
}

/// A popup scrolls as far as it has lines.
fn keep_scroll(model: &mut Model) {
    let most = view::most_scroll(model);
    if let Some(Popup::Help { scroll } | Popup::Detail { scroll }) = model.popups.last_mut() {
        *scroll = (*scroll).min(most);
    }
}

fn rank(heard: Heard) -> u8 {
    match heard {
        Heard::Nothing => 0,
        Heard::Changes => 1,
        Heard::All => 2,
    }
}

fn hear(model: &mut Model, heard: Heard) {
    let soon = model.now + SOON;
    let Some(slot) = model.slot_mut() else { return };
    slot.wants_all |= heard == Heard::All;
    if heard != Heard::Nothing {
        slot.due = slot.due.min(soon);
    }
}

fn is_up(model: &Model) -> bool {
    model.link.state == LinkState::Up
}

#[cfg(test)]
mod tests;

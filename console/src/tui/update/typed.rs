//! Keys: the table says what they do; what it does not name is typed into what has the cursor.

use crossterm::event::{KeyEvent, KeyEventKind};

use super::{act, command};
use crate::tui::{
    effect::Effect,
    input::Input,
    keys::{self, Chord},
    model::Model,
    popup::Popup,
    prompt::{Prompt, Purpose},
    table::Filter,
};

pub fn key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    let Some(chord) = Chord::of(key) else { return Vec::new() };
    if let Some(action) = keys::action(chord, model.mode(), model.screen_name()) {
        return act::act(model, action);
    }
    if let Some(prompt) = &mut model.prompt {
        prompt.input.key(key);
        prompt.forget_tried();
        narrow(model);
    } else if let Some(Popup::Form(form)) = model.popups.last_mut() {
        form.key(key);
    }
    Vec::new()
}

pub fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    if let Some(prompt) = &mut model.prompt {
        prompt.input.paste(text);
        prompt.forget_tried();
        narrow(model);
    } else if let Some(Popup::Form(form)) = model.popups.last_mut() {
        form.paste(text);
    }
    Vec::new()
}

/// The table follows what is typed after `/`.
fn narrow(model: &mut Model) {
    let Some(Prompt { purpose: Purpose::Filter { .. }, input, .. }) = &model.prompt else { return };
    let filter = Filter::new(&input.text());
    set_filter(model, filter);
}

pub fn set_filter(model: &mut Model, filter: Filter) {
    if let Some(list) = model.slot_mut().and_then(|slot| slot.screen.list_mut()) {
        list.set_filter(filter);
    }
}

/// `Enter` after `/` or `:`.
pub fn accept(model: &mut Model) -> Vec<Effect> {
    let Some(prompt) = model.prompt.take() else { return Vec::new() };
    match prompt.purpose {
        Purpose::Filter { .. } => Vec::new(),
        Purpose::Command { .. } => command::run(model, prompt.input.text().trim()),
    }
}

/// `Esc` after `/` or `:`.
pub fn cancel(model: &mut Model) {
    let Some(prompt) = model.prompt.take() else { return };
    if let Purpose::Filter { before } = prompt.purpose {
        set_filter(model, Filter::new(&before));
    }
}

/// What was typed after `:` before, or after that.
pub fn recall(model: &mut Model, is_back: bool) {
    let Some(prompt) = &mut model.prompt else { return };
    if !matches!(prompt.purpose, Purpose::Command { .. }) {
        return;
    }
    let recalled = if is_back { prompt.recalled + 1 } else { prompt.recalled.saturating_sub(1) };
    let typed = model.commands.iter().rev().nth(recalled.saturating_sub(1)).cloned();
    let text = if recalled == 0 { Some(String::new()) } else { typed };
    if let Some(text) = text {
        (prompt.recalled, prompt.input) = (recalled, Input::new(text));
    }
    prompt.forget_tried();
}

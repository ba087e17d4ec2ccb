//! What is typed after `:`: the name of a screen, with a filter if one follows, or the name of an action.

use super::{act, typed};
use crate::tui::{
    action::Action,
    effect::Effect,
    keys::{self, Mode},
    model::Model,
    screen,
    table::Filter,
    theme::Tone,
};

/// Commands that are remembered.
const MOST_COMMANDS: usize = 50;
/// Actions that need no key, since they are about the whole daemon.
const EVERYWHERE: [Action; 1] = [Action::Reload];

/// Everything that may be typed here.
pub fn candidates(model: &Model) -> Vec<&'static str> {
    let mut names: Vec<&str> = screen::ALL.iter().map(|entry| entry.name).collect();
    names.extend(actions(model).filter_map(Action::name));
    names
}

fn actions(model: &Model) -> impl Iterator<Item = Action> {
    let bound = keys::bindings(Mode::Main, model.screen_name()).map(|binding| binding.action);
    let mut actions: Vec<Action> = bound.chain(EVERYWHERE).collect();
    let mut seen = std::collections::HashSet::new();
    actions.retain(|action| seen.insert(*action));
    actions.into_iter()
}

pub fn run(model: &mut Model, text: &str) -> Vec<Effect> {
    if text.is_empty() {
        return Vec::new();
    }
    remember(model, text);
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    if let Some(place) = screen::ALL.iter().position(|entry| entry.name == word) {
        let effects = act::show(model, place);
        if !rest.trim().is_empty() {
            typed::set_filter(model, Filter::new(rest.trim()));
        }
        return effects;
    }
    let named =
        actions(model).find(|action| action.name() == Some(word) || (word == "q" && *action == Action::Quit));
    if let Some(action) = named {
        return act::act(model, action);
    }
    let known = candidates(model).join(", ");
    model.tell(format!("there is no command `{word}` here; hint: {known}"), Tone::Warn);
    Vec::new()
}

fn remember(model: &mut Model, text: &str) {
    model.commands.retain(|known| known != text);
    model.commands.push(text.to_owned());
    let excess = model.commands.len().saturating_sub(MOST_COMMANDS);
    model.commands.drain(..excess);
}

//! Does what a key or a command asked for.

use super::{command, job, typed};
use crate::tui::{
    action::Action,
    effect::{Asker, Effect, Query},
    keys::Mode,
    model::Model,
    popup::{Form, Ordered, Plan, Popup, Pressed},
    prompt::Prompt,
    screen::{self, Reaction},
    table::{Filter, List, Motion},
    theme::Tone,
};

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if action.changes()
        && let Some(why) = model.refusal(action)
    {
        model.tell(why, Tone::Warn);
        return Vec::new();
    }
    if action.is_job() && job::is_busy(model) {
        return Vec::new();
    }
    match action {
        Action::Quit => job::quit(model),
        Action::StopWork => job::confirm_stop(model),
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::Help => model.popups.push(Popup::Help { scroll: 0 }),
        Action::Command => model.prompt = Some(Prompt::command()),
        Action::Back => back(model),
        Action::Accept => return accept(model),
        Action::NextScreen | Action::PreviousScreen => {
            return next_screen(model, action == Action::NextScreen);
        }
        Action::Show(place) => return show(model, place),
        Action::Refresh => refresh(model),
        Action::Reload => confirm_reload(model),
        Action::Complete | Action::NextField | Action::PreviousField => field(model, action),
        _ => return on_screen(model, action),
    }
    Vec::new()
}

fn on_screen(model: &mut Model, action: Action) -> Vec<Effect> {
    if let Some(motion) = motion(action) {
        go(model, motion);
        return Vec::new();
    }
    let now = model.now;
    let Some(slot) = model.slot_mut() else { return Vec::new() };
    if action == Action::Open || action.command().is_some() {
        slot.screen.list_mut().into_iter().for_each(List::hold);
    }
    if let Some(reaction) = slot.screen.act(action, now) {
        return react(model, reaction);
    }
    let Some(list) = slot.screen.list_mut() else { return Vec::new() };
    match action {
        Action::Mark => list.mark(),
        Action::MarkAll => list.mark_all(),
        Action::SortNext | Action::SortPrevious => list.sort_by_next(action == Action::SortNext),
        Action::SortReverse => list.reverse(),
        Action::Filter => model.prompt = Some(Prompt::filter(list.filter().text())),
        Action::Open if list.standing().shown > 0 => model.popups.push(Popup::Detail { scroll: 0 }),
        _ => {}
    }
    Vec::new()
}

fn motion(action: Action) -> Option<Motion> {
    Some(match action {
        Action::Up => Motion::Up,
        Action::Down => Motion::Down,
        Action::PageUp => Motion::PageUp,
        Action::PageDown => Motion::PageDown,
        Action::First => Motion::First,
        Action::Last => Motion::Last,
        _ => return None,
    })
}

/// Moves whatever can move: the prompt's memory, the popup's text, the table's selection.
pub fn go(model: &mut Model, motion: Motion) {
    if model.prompt.is_some() {
        return typed::recall(model, motion == Motion::Up);
    }
    let page = usize::from(model.size.height / 2);
    match model.popups.last_mut() {
        Some(Popup::Help { scroll } | Popup::Detail { scroll }) => {
            *scroll = match motion {
                Motion::Up => scroll.saturating_sub(1),
                Motion::Down => *scroll + 1,
                Motion::PageUp => scroll.saturating_sub(page),
                Motion::PageDown => *scroll + page,
                Motion::Wheel(lines) => scroll.saturating_add_signed(lines),
                Motion::First => 0,
                Motion::Last => usize::MAX,
            };
        }
        Some(Popup::Form(_)) => {}
        None => {
            if let Some(list) = model.slot_mut().and_then(|slot| slot.screen.list_mut()) {
                list.go(motion);
            }
        }
    }
}

fn react(model: &mut Model, reaction: Reaction) -> Vec<Effect> {
    match reaction {
        Reaction::Confirm(form) => model.popups.push(Popup::Form(form)),
        Reaction::Say(text) => model.tell(text, Tone::Warn),
        Reaction::Ask(queries) => return ask(model, queries),
        Reaction::Start(job) => return job::start(model, job),
        Reaction::Open(queries) => {
            if !matches!(model.popups.last(), Some(Popup::Detail { .. })) {
                model.popups.push(Popup::Detail { scroll: 0 });
            }
            return ask(model, queries);
        }
        Reaction::Refresh => refresh(model),
        Reaction::Go { screen, filter } => {
            let Some(place) = screen::ALL.iter().position(|entry| entry.name == screen) else {
                return Vec::new();
            };
            let effects = show(model, place);
            typed::set_filter(model, Filter::new(&filter));
            return effects;
        }
    }
    Vec::new()
}

fn ask(model: &mut Model, queries: Vec<Query>) -> Vec<Effect> {
    let asker = Asker::Screen(model.current);
    if let Some(slot) = model.slot_mut() {
        slot.waiting += queries.len();
    }
    queries.into_iter().map(|query| Effect::Ask { asker, query }).collect()
}

/// One step back: what is open, then the filter, then the marks, then the screen before.
fn back(model: &mut Model) {
    if model.prompt.is_some() {
        return typed::cancel(model);
    }
    if model.popups.pop().is_some() {
        return;
    }
    if let Some(list) = model.slot_mut().and_then(|slot| slot.screen.list_mut()) {
        if !list.filter().text().is_empty() {
            return list.set_filter(Filter::default());
        }
        if list.unmark() {
            return;
        }
    }
    match model.before.pop() {
        Some(place) => enter(model, place),
        None => model.tell("`q` quits", Tone::Dim),
    }
}

fn accept(model: &mut Model) -> Vec<Effect> {
    if model.mode() == Mode::Prompt {
        return typed::accept(model);
    }
    let Some(Popup::Form(form)) = model.popups.last_mut() else { return Vec::new() };
    let pressed = form.accept();
    press(model, pressed)
}

pub fn press(model: &mut Model, pressed: Pressed) -> Vec<Effect> {
    match pressed {
        Pressed::Stay => Vec::new(),
        Pressed::Cancel => {
            model.popups.pop();
            model.tell("nothing was done", Tone::Dim);
            Vec::new()
        }
        Pressed::Go(ordered) => go_on(model, ordered),
    }
}

/// Does what a form ordered.
fn go_on(model: &mut Model, ordered: Ordered) -> Vec<Effect> {
    let form = model.popups.pop();
    model.popups.clear();
    match ordered {
        Ordered::Job(job) => job::start(model, job),
        Ordered::StopWork => job::stop(model),
        Ordered::Quit => {
            model.is_over = true;
            Vec::new()
        }
        Ordered::Order(order) => {
            if let Some(Popup::Form(form)) = form {
                let verb = form.plan.verb().to_lowercase();
                model.tell(format!("asked the daemon to {verb}: waiting for its answer"), Tone::Dim);
            }
            vec![Effect::Carry(order)]
        }
    }
}

fn field(model: &mut Model, action: Action) {
    if action == Action::Complete {
        let candidates = command::candidates(model);
        if let Some(prompt) = &mut model.prompt {
            prompt.complete(&candidates);
        }
    } else if let Some(Popup::Form(form)) = model.popups.last_mut() {
        form.step(action == Action::NextField);
    }
}

fn confirm_reload(model: &mut Model) {
    let reach = vec![
        "the daemon reads its configuration again".to_owned(),
        "what can't be used while it runs waits for its restart".to_owned(),
    ];
    model.popups.push(Popup::Form(Box::new(Form::new(Plan::Reload, "Reload the configuration", reach))));
}

fn next_screen(model: &mut Model, is_forward: bool) -> Vec<Effect> {
    let count = model.slots.len().max(1);
    let next = if is_forward { model.current + 1 } else { model.current + count - 1 };
    show(model, next % count)
}

pub fn show(model: &mut Model, place: usize) -> Vec<Effect> {
    if place < model.slots.len() && place != model.current {
        model.before.retain(|known| *known != place);
        model.before.push(model.current);
        enter(model, place);
    }
    model.popups.clear();
    super::tick::tick(model)
}

fn enter(model: &mut Model, place: usize) {
    model.current = place;
    refresh(model);
}

fn refresh(model: &mut Model) {
    let now = model.now;
    if let Some(slot) = model.slot_mut() {
        (slot.wants_all, slot.due) = (true, now);
    }
}

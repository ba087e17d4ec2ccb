//! The mouse: the wheel moves, a click selects, a click on what is selected opens it. Every one of them has a key.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::act;
use crate::tui::{
    action::Action,
    effect::Effect,
    model::Model,
    popup::Popup,
    table::{Click, Motion},
    view::{areas, form},
};

/// Rows for one notch of the wheel.
const NOTCH: isize = 3;

pub fn mouse(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    let at = Position::new(event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollDown => act::go(model, Motion::Wheel(NOTCH)),
        MouseEventKind::ScrollUp => act::go(model, Motion::Wheel(-NOTCH)),
        MouseEventKind::Down(MouseButton::Left) => return click(model, at),
        // Moving alone changes nothing.
        _ => {}
    }
    Vec::new()
}

fn click(model: &mut Model, at: Position) -> Vec<Effect> {
    let (areas, inside) = (areas::split(Rect::from(model.size)), model.inside());
    if let Some(Popup::Form(form)) = model.popups.last_mut() {
        if let Some((field, mark)) = form::hit_mark(form, inside, at) {
            form.mark(field, mark);
        }
        let pressed = form::hit(form, inside, at).map(|button| form.press(button));
        return pressed.map_or(Vec::new(), |pressed| act::press(model, pressed));
    }
    if areas.tabs.contains(at) {
        let hit = areas::tabs().into_iter().find(|tab| tab.span.contains(&(at.x - areas.tabs.x)));
        return hit.map_or(Vec::new(), |tab| act::show(model, tab.place));
    }
    if !model.popups.is_empty() {
        return Vec::new();
    }
    let rows = model.main_part();
    let Some(list) = model.slot_mut().and_then(|slot| slot.screen.list_mut()) else { return Vec::new() };
    if !rows.contains(at) {
        return Vec::new();
    }
    match list.click(rows.width, at.x - rows.x, at.y - rows.y) {
        Click::Row { was_selected: true } => act::act(model, Action::Open),
        _ => Vec::new(),
    }
}
